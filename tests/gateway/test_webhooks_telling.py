"""What webhooks are told, by whom it is signed, and in which order."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from labs.clock import START, FakeClock
from labs.receiver import answers, hangs, receiver
from labs.telling import inbound, message, telling
from labs.waiting import until
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from modemgw.api import render
from modemgw.clock import SystemClock
from modemgw.gateway import NotFound, Replay
from modemgw.gateway.outgoing import life
from modemgw.store import AttemptKey, DeliveryQuery
from modemgw.store.records import AttemptState

# --- what is told


async def test_the_message_is_told_as_get_answers_it(tmp_path: Path) -> None:
    async with receiver() as there, telling(tmp_path) as one:
        await one.create(there.url, ["message.*"])
        await one.accept(message("msg_1", reference="order 7"))
        (request,) = await there.until(1)
        shown = await one.store.read(lambda view: view.messages.get("msg_1", life.part_status))
        assert shown is not None
        told = request.document
        assert list(told) == ["type", "timestamp", "data"]
        assert told["type"] == "message.queued"
        assert told["timestamp"] == "2026-09-21T14:13:20.000Z"
        assert told["data"] == render.message(shown) | {"updated_at": told["timestamp"]}
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("modemgw/")


async def test_a_received_message_is_told_as_get_answers_it(tmp_path: Path) -> None:
    async with receiver() as there, telling(tmp_path) as one:
        await one.create(there.url, ["inbound.received"])
        await one.receive(inbound("in_1", text="Grüße"))
        (request,) = await there.until(1)
        assert request.document["data"] == render.inbound(inbound("in_1", text="Grüße"))


async def test_other_events_are_told_as_they_are(tmp_path: Path) -> None:
    async with receiver() as there, telling(tmp_path) as one:
        await one.create(there.url, ["modem.lost"])
        await one.happen("modem.lost", modem="m1", reason="gone")
        (request,) = await there.until(1)
        assert request.document["data"] == {"modem": "m1", "reason": "gone"}


async def test_each_event_tells_of_the_message_as_it_was_then(tmp_path: Path) -> None:
    """The receiver was away while the message went all its way."""
    clock = FakeClock()
    async with receiver() as there, telling(tmp_path, clock) as one:
        webhook = (await one.create(there.url, ["message.*"])).view
        there.usual = answers(500)
        await one.accept(message("msg_1"))
        await one.until(webhook.id, ("pending", 1))
        n = await one.store.read(lambda view: view.messages.number_of("msg_1"))
        assert n is not None
        key = AttemptKey(n, 1, 1)
        clock.now += 1
        await one.store.write(
            lambda tx: tx.attempts.begin(
                key, modem="m1", sim="s1", to="+447700900123", started_at=START + 1,
                duplicate_risk=False, receipt_asked=True,
            )
        )  # fmt: skip
        await one.store.write(
            lambda tx: tx.attempts.finish(
                key, AttemptState.ACCEPTED, reference=7, ended_at=START + 1
            )
        )
        await one.move("msg_1", "queued", "sent")
        clock.now += 1
        refused = {"code": "tp-st-46", "detail": "no", "permanent": True}
        await one.move("msg_1", "sent", "undelivered", error=refused)
        there.usual = answers(204)
        await one.later(60)
        await there.until(4)
        assert there.told() == ["message.queued"] * 2 + ["message.sent", "message.undelivered"]
        assert [r.document["data"]["status"] for r in there.got[1:]] == [
            "queued",
            "sent",
            "undelivered",
        ]
        parts = [r.document["data"]["parts"][0] for r in there.got[1:]]
        assert [(p["status"], p["reference"]) for p in parts] == [
            ("queued", None),
            ("sent", 7),
            ("sent", 7),
        ]
        assert [r.document["data"]["error"] for r in there.got[1:]] == [None, None, refused]
        assert there.got[0].body == there.got[1].body, "each try says the same"


async def test_only_events_that_were_asked_for_are_told(tmp_path: Path) -> None:
    async with receiver() as some, receiver() as all_, telling(tmp_path) as one:
        await one.create(some.url, ["message.sent", "inbound.received"])
        await one.create(all_.url)
        await one.accept(message("msg_1"))
        await one.move("msg_1", "queued", "sent")
        await one.receive(inbound("in_1"))
        await one.happen("modem.ready", modem="m1")
        await all_.until(4)
        await some.until(2)
        assert sorted(some.told()) == ["inbound.received", "message.sent"]
        assert len(all_.got) == 4


async def test_what_happened_before_a_webhook_was_there_it_is_not_told(tmp_path: Path) -> None:
    async with receiver() as there:
        async with telling(tmp_path) as one:
            await one.happen("modem.ready", modem="m1")
            await one.happen("modem.ready", modem="m2")
            await one.create(there.url)
        async with telling(tmp_path) as one:
            await one.happen("modem.lost", modem="m1")
            await there.until(1)
            await asyncio.sleep(0.05)
            assert there.told() == ["modem.lost"]


async def test_a_message_that_is_no_longer_kept_is_told_to_nobody(tmp_path: Path) -> None:
    async with receiver(answers(500)) as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url)).view
        await one.accept(message("msg_1"))
        await one.until(webhook.id, ("pending", 1))
        await one.move("msg_1", "queued", "failed")
        await one.store.write(lambda tx: tx.retention.delete_messages(0, 9e9, 100))
        await one.later(60)
        dead, _ = await one.until(webhook.id, ("dead", 2), ("dead", 1))
        assert dead.outcomes[-1].code == "lost"


# --- by whom


async def test_the_specifications_own_library_verifies_what_is_told(tmp_path: Path) -> None:
    async with receiver() as there, telling(tmp_path, SystemClock()) as one:
        made = await one.create(there.url)
        await one.happen("modem.ready", modem="m1")
        (request,) = await there.until(1)
        told = Verifier(made.secret).verify(request.body, request.headers)
        assert told["type"] == "modem.ready"
        with pytest.raises(WebhookVerificationError):
            Verifier("whsec_bm90IGl0").verify(request.body, request.headers)
        with pytest.raises(WebhookVerificationError):
            Verifier(made.secret).verify(request.body + b" ", request.headers)


async def test_an_old_secret_signs_beside_the_new_one_for_a_day(tmp_path: Path) -> None:
    clock = SystemClock()
    async with receiver() as there, telling(tmp_path, clock) as one:
        made = await one.create(there.url)
        newer = await one.webhooks.rotate(made.view.id)
        newest = await one.webhooks.rotate(made.view.id)
        await one.happen("modem.ready", modem="m1")
        (request,) = await there.until(1)
        assert len(request.headers["webhook-signature"].split(" ")) == 3
        for secret in (made.secret, newer, newest):
            Verifier(secret).verify(request.body, request.headers)


async def test_after_a_day_the_new_secret_signs_alone(tmp_path: Path) -> None:
    clock = FakeClock()
    async with receiver() as there, telling(tmp_path, clock) as one:
        made = await one.create(there.url)
        await one.webhooks.rotate(made.view.id)
        clock.now += 24 * 3600 - 1
        await one.happen("modem.ready", modem="m1")
        await there.until(1)
        clock.now += 2
        await one.happen("modem.ready", modem="m1")
        await there.until(2)
        counts = [len(r.headers["webhook-signature"].split(" ")) for r in there.got]
        assert counts == [2, 1]
        await one.webhooks.rotate(made.view.id)
        webhook = await one.store.read(lambda view: view.webhooks.get(made.view.id))
        assert webhook is not None
        assert len(webhook.secrets) == 2, "what signs no more is not kept"


async def test_each_try_has_the_same_id_and_its_own_time(tmp_path: Path) -> None:
    clock = FakeClock()
    async with receiver(answers(500)) as there, telling(tmp_path, clock) as one:
        webhook = (await one.create(there.url)).view
        await one.happen("modem.ready", modem="m1")
        await one.until(webhook.id, ("pending", 1))
        await one.later(60)
        await there.until(2)
        (delivery,) = await one.until(webhook.id, ("delivered", 2))
        assert {r.id for r in there.got} == {delivery.id}
        times = [int(r.headers["webhook-timestamp"]) for r in there.got]
        assert times == [int(START), int(START) + 60]


# --- in which order


async def test_what_becomes_of_one_message_is_told_in_order(tmp_path: Path) -> None:
    clock = FakeClock()
    async with receiver() as there, telling(tmp_path, clock) as one:
        webhook = (await one.create(there.url)).view
        there.script = [answers(500), answers(500)]
        await one.accept(message("msg_1"))
        await one.move("msg_1", "queued", "sent")
        await one.move("msg_1", "sent", "delivered")
        for tries in (1, 2):
            await one.until(webhook.id, ("pending", tries), ("pending", 0), ("pending", 0))
            await one.later(60)
        await one.until(webhook.id, ("delivered", 3), ("delivered", 1), ("delivered", 1))
        assert there.told()[2:] == ["message.queued", "message.sent", "message.delivered"]


async def test_one_message_does_not_wait_for_another(tmp_path: Path) -> None:
    async with receiver(hangs) as there, telling(tmp_path) as one:
        await one.create(there.url)
        await one.accept(message("msg_1"))
        await there.until(1)
        await one.move("msg_1", "queued", "sent")
        await one.accept(message("msg_2"))
        await one.move("msg_2", "queued", "sent")
        await there.until(3)
        await asyncio.sleep(0.05)
        assert there.told("id") == [("msg_1",), ("msg_2",), ("msg_2",)]


async def test_what_one_sender_sends_is_told_in_order(tmp_path: Path) -> None:
    async with receiver(hangs) as there, telling(tmp_path) as one:
        await one.create(there.url)
        await one.receive(inbound("in_1", "+441"))
        await there.until(1)
        await one.receive(inbound("in_2", "+441"), inbound("in_3", "+442"))
        await there.until(2)
        await asyncio.sleep(0.05)
        assert there.told("id") == [("in_1",), ("in_3",)]


# --- who is called back


async def test_a_message_has_what_becomes_of_it_told_to_the_address_it_names(
    tmp_path: Path,
) -> None:
    async with receiver() as there, telling(tmp_path, SystemClock()) as one:
        secret = await one.key("shop")
        await one.accept(message("msg_1", callback_url=f"{there.url}?order=7"), message("msg_2"))
        await one.move("msg_1", "queued", "sent")
        await one.move("msg_2", "queued", "sent")
        await there.until(2)
        await asyncio.sleep(0.05)
        assert there.told() == ["message.queued", "message.sent"]
        assert there.told("id", "status") == [("msg_1", "queued"), ("msg_1", "sent")]
        assert {r.path for r in there.got} == {"/hook?order=7"}
        for request in there.got:
            Verifier(secret).verify(request.body, request.headers)


async def test_after_a_restart_messages_are_still_called_back_about(tmp_path: Path) -> None:
    async with receiver() as there:
        async with telling(tmp_path) as one:
            await one.key("shop")
            await one.accept(message("msg_1", callback_url=there.url))
            await there.until(1)
        async with telling(tmp_path) as one:
            await one.move("msg_1", "queued", "sent")
            await there.until(2)
            assert there.told() == ["message.queued", "message.sent"]


async def test_a_host_that_hangs_keeps_no_other_from_being_called_back(tmp_path: Path) -> None:
    async with (
        receiver(usual=hangs) as sick,
        receiver() as well,
        telling(tmp_path) as one,
    ):
        await one.key("shop")
        await one.accept(*(message(f"a{i}", callback_url=sick.url) for i in range(20)))
        await sick.until(4)
        await one.accept(*(message(f"b{i}", callback_url=well.url) for i in range(20)))
        await well.until(20)
        assert len(sick.got) == 4


async def test_hosts_with_nothing_to_do_are_forgotten_when_there_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.gateway.deliveries.roster.CALLBACKS_KEPT", 2)
    async with AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(receiver()) for _ in range(6)]
        one = await stack.enter_async_context(telling(tmp_path))
        await one.key("shop")
        for host in hosts * 2:
            await one.accept(message(uuid.uuid4().hex, callback_url=host.url))
        for host in hosts:
            await host.until(2)
        await until(lambda: len(one.queue.roster.callbacks) <= 2)


async def test_a_key_without_a_secret_calls_nobody_back(tmp_path: Path) -> None:
    async with receiver() as there, telling(tmp_path) as one:
        await one.accept(message("msg_1", callback_url=there.url))
        id = f"callback:{there.url.removesuffix('/hook')}"
        (dead,) = await one.until(id, ("dead", 1))
        assert dead.outcomes[0].code == "no-secret"
        assert there.got == []


async def test_what_was_posted_to_callbacks_is_shown_and_made_once_more(tmp_path: Path) -> None:
    async with receiver() as there, telling(tmp_path) as one:
        await one.key("shop")
        await one.accept(message("msg_1", callback_url=there.url))
        id = f"callback:{there.url.removesuffix('/hook')}"
        (told,) = await one.until(id, ("delivered", 1))
        page = await one.webhooks.deliveries(DeliveryQuery(id))
        assert [d.id for d in page.items] == [told.id]
        assert page.items[0].outcomes[0].answer is not None
        assert await one.webhooks.replay(id, Replay(deliveries=[told.id])) == 1
        await there.until(2)
        with pytest.raises(NotFound, match=r"elsewhere\.example"):
            await one.webhooks.deliveries(DeliveryQuery("callback:https://elsewhere.example"))
