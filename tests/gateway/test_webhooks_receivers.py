"""Receivers that misbehave, and what becomes of what they are to be told."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from labs.clock import FakeClock
from labs.receiver import (
    Answer,
    answers,
    breaks_off,
    floods,
    hangs,
    hangs_up,
    late,
    no_http,
    receiver,
)
from labs.telling import inbound, message, telling
from labs.waiting import until

from modemgw.clock import SystemClock
from modemgw.config import WebhooksSection, parse
from modemgw.gateway import (
    Conflict,
    DeliveryQuery,
    Idempotency,
    IdempotencyConflict,
    NotFound,
    Rejected,
    Replay,
)
from modemgw.gateway.deliveries import endpoint
from modemgw.store import DeliveryState

# --- one try, and what is written down of it


@pytest.mark.parametrize(
    ("bad", "code", "status", "said"),
    [
        (answers(500, b"no \xe2\x82\xac today"), "failed", 500, "no € today"),
        (answers(404, b"who?"), "refused", 404, "who?"),
        (answers(302, b"", Location="http://127.0.0.1:9/"), "refused", 302, ""),
        (answers(503, b"x" * 5000), "failed", 503, "x" * 1024),
        (answers(500, b"\xff\xfe"), "failed", 500, "��"),
        (hangs_up, "no-connection", None, None),
        (breaks_off, "no-answer", None, None),
        (no_http, "failed", None, None),
        (hangs, "no-answer", None, None),
        (late(0.4, answers(200)), "no-answer", None, None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_what_is_not_taken_is_tried_again_and_the_log_says_why(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bad: Answer,
    code: str,
    status: int | None,
    said: str | None,
) -> None:
    monkeypatch.setattr(endpoint, "TIMEOUT_S", 0.3)
    async with receiver(bad) as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url)).view
        await one.happen("modem.ready", modem="m1")
        (delivery,) = await one.until(webhook.id, ("pending", 1))
        (outcome,) = delivery.outcomes
        assert outcome.code == code
        assert outcome.took_ms is not None
        answer = outcome.answer
        assert (status, said) == (None, None) if answer is None else True
        assert answer is None or (answer.http_status, answer.text) == (status, said)
        await one.later(60)
        (delivery,) = await one.until(webhook.id, ("delivered", 2))
        assert [o.code for o in delivery.outcomes] == [code, "taken"]


async def test_nobody_there_is_tried_again(tmp_path: Path) -> None:
    async with receiver() as gone:
        pass
    async with telling(tmp_path) as one:
        webhook = (await one.create(gone.url)).view
        await one.happen("modem.ready", modem="m1")
        (delivery,) = await one.until(webhook.id, ("pending", 1))
        assert delivery.outcomes[0].code == "no-connection"
        view = await one.webhooks.one(webhook.id)
        assert view.problem is not None
        assert "no connection to 127.0.0.1" in view.problem
        assert (view.pending, view.dead) == (1, 0)


async def test_redirects_are_not_followed(tmp_path: Path) -> None:
    async with receiver() as elsewhere, receiver() as there, telling(tmp_path) as one:
        there.usual = answers(307, Location=elsewhere.url)
        webhook = (await one.create(there.url)).view
        await one.happen("modem.ready", modem="m1")
        await one.until(webhook.id, ("pending", 1))
        assert elsewhere.got == []


async def test_of_a_flood_only_the_beginning_is_read(tmp_path: Path) -> None:
    async with receiver(floods) as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url)).view
        await one.happen("modem.ready", modem="m1")
        (delivery,) = await one.until(webhook.id, ("delivered", 1))
        answer = delivery.outcomes[0].answer
        assert answer is not None
        assert answer.text == "x" * 1024
        await until(lambda: there.at_once == 0)


async def test_a_connection_is_used_again(tmp_path: Path) -> None:
    async with receiver(usual=answers(200, b"fine")) as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url)).view
        for count in range(1, 6):
            await one.happen("modem.ready", modem="m1")
            await one.until(webhook.id, *[("delivered", 1)] * count)
        assert there.connections == 1


async def test_what_a_receiver_says_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bad = answers(500, b"+447700900123 owes me money")
    async with receiver(bad) as there, telling(tmp_path) as one:
        webhook = (await one.create(f"{there.url}/token-4711")).view
        await one.accept(message("msg_1"))
        await one.until(webhook.id, ("pending", 1))
    assert f"webhook {webhook.id} did not take dlv_1" in caplog.text
    for secret in ("owes me", "4711", "+4477", "whsec", "hello"):
        assert secret not in caplog.text


# --- who wants to be left alone


async def test_who_says_retry_after_is_left_alone_so_long_with_everything(tmp_path: Path) -> None:
    clock = FakeClock()
    async with receiver(answers(429, Retry_After="120")) as there, telling(tmp_path, clock) as one:
        webhook = (await one.create(there.url)).view
        await one.accept(message("msg_1"))
        await one.until(webhook.id, ("pending", 1))
        await one.accept(message("msg_2"))
        await one.later(119)
        await asyncio.sleep(0.05)
        assert len(there.got) == 1
        await one.later(1.5)
        await one.until(webhook.id, ("delivered", 2), ("delivered", 1))


async def test_who_fails_again_and_again_is_not_asked_in_a_hurry(tmp_path: Path) -> None:
    clock = FakeClock()
    async with receiver(usual=answers(500)) as there, telling(tmp_path, clock) as one:
        await one.create(there.url)
        await one.accept(*(message(f"msg_{i}") for i in range(100)))
        await there.until(endpoint.WEBHOOK_AT_ONCE)
        await asyncio.sleep(0.2)
        assert len(there.got) <= 2 * endpoint.WEBHOOK_AT_ONCE
        before = len(there.got)
        await one.later(0.3)
        await there.until(before + 1)
        await asyncio.sleep(0.1)
        assert len(there.got) <= before + endpoint.WEBHOOK_AT_ONCE


async def test_who_says_it_is_gone_is_disabled(tmp_path: Path) -> None:
    async with receiver(answers(410)) as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url, ["message.*"])).view
        async with receiver() as witness:
            await one.create(witness.url, ["webhook.disabled"])
            await one.accept(message("msg_1"))
            (request,) = await witness.until(1)
            reason = "it answered HTTP 410"
            assert request.document["data"] == {"webhook": webhook.id, "reason": reason}
        (dead,) = await one.until(webhook.id, ("dead", 1))
        assert dead.outcomes[0].code == "gone"
        view = await one.webhooks.one(webhook.id)
        assert (view.enabled, view.disabled_reason) == (False, reason)
        await one.accept(message("msg_2"))
        await asyncio.sleep(0.05)
        assert len(await one.deliveries(webhook.id)) == 1
        view = await one.webhooks.change(webhook.id, {"enabled": True})
        assert (view.enabled, view.disabled_reason) == (True, None)
        await one.accept(message("msg_3"))
        await one.until(webhook.id, ("dead", 1), ("delivered", 1))


# --- one beside another


async def test_who_hangs_has_his_places_and_no_others(tmp_path: Path) -> None:
    async with receiver(usual=hangs) as sick, receiver() as well, telling(tmp_path) as one:
        await one.create(sick.url, ["message.*"])
        await one.create(well.url, ["inbound.received"])
        await one.accept(*(message(f"msg_{i}") for i in range(50)))
        await sick.until(endpoint.WEBHOOK_AT_ONCE)
        await one.receive(*(inbound(f"in_{i}", f"+44{i}") for i in range(50)))
        await well.until(50)
        assert sick.most_at_once == endpoint.WEBHOOK_AT_ONCE
        assert well.most_at_once <= endpoint.WEBHOOK_AT_ONCE


async def test_nobody_asks_the_store_for_events_that_are_for_nobody(tmp_path: Path) -> None:
    """Without webhooks and callbacks nothing is added to what is accepted and sent."""
    async with telling(tmp_path) as one:
        await one.happen("modem.ready", modem="m1")
        await until(lambda: one.queue._read == 1)
        await asyncio.sleep(0.1)
        assert not one.queue._wake.is_set()
        statements: list[str] = []
        one.store._writer._db.set_trace_callback(statements.append)  # type: ignore[attr-defined]
        await one.accept(*(message(f"msg_{i}") for i in range(10)))
        for i in range(10):
            await one.move(f"msg_{i}", "queued", "sent")
        assert not one.queue._wake.is_set()
        touched = [s for s in statements if re.search("deliver|webhook|cursors|callback_url IS", s)]
        assert touched == []
        assert len(statements) >= 20, "they are counted at all"


async def test_with_callbacks_a_group_of_events_costs_one_look(tmp_path: Path) -> None:
    async with receiver() as there, telling(tmp_path) as one:
        await one.key("shop")
        await one.accept(message("msg_1", callback_url=there.url))
        await there.until(1)
        await one.until(f"callback:{there.url.removesuffix('/hook')}", ("delivered", 1))
        statements: list[str] = []
        one.store._writer._db.set_trace_callback(statements.append)  # type: ignore[attr-defined]
        await one.accept(*(message(f"other_{i}") for i in range(100)))
        await until(lambda: one.queue._read == 101)
        looks = [s for s in statements if "+callback_url IS NOT NULL" in s]
        assert 1 <= len(looks) <= 6, "each unit is rehearsed, and there may be a turn more"


# --- changed, disabled, deleted


async def test_a_disabled_webhook_is_told_nothing_and_later_what_was_pending(
    tmp_path: Path,
) -> None:
    async with receiver(answers(500)) as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url)).view
        await one.happen("modem.ready", modem="m1")
        await one.until(webhook.id, ("pending", 1))
        await one.webhooks.change(webhook.id, {"enabled": False})
        await one.happen("modem.lost", modem="m1")
        await one.later(60)
        await asyncio.sleep(0.05)
        await one.until(webhook.id, ("pending", 1))
        await one.webhooks.change(webhook.id, {"enabled": True})
        await one.until(webhook.id, ("delivered", 2))
        assert there.told() == ["modem.ready", "modem.ready"]


async def test_a_disabled_webhook_stays_so_over_a_restart(tmp_path: Path) -> None:
    async with receiver() as there:
        async with telling(tmp_path) as one:
            webhook = (await one.create(there.url, enabled=False)).view
            await one.happen("modem.lost", modem="m1")
        async with telling(tmp_path) as one:
            await one.happen("modem.ready", modem="m1")
            await one.webhooks.change(webhook.id, {"enabled": True})
            await one.happen("modem.recovering", modem="m1")
            await there.until(1)
            assert there.told() == ["modem.recovering"]


async def test_what_is_pending_for_a_deleted_webhook_is_dead(tmp_path: Path) -> None:
    async with receiver(answers(500)) as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url)).view
        await one.happen("modem.ready", modem="m1")
        await one.until(webhook.id, ("pending", 1))
        await one.webhooks.delete(webhook.id)
        (dead,) = await one.until(webhook.id, ("dead", 1))
        assert dead.outcomes[-1].code == "no-subscriber"
        for call in (
            one.webhooks.one(webhook.id),
            one.webhooks.delete(webhook.id),
            one.webhooks.rotate(webhook.id),
            one.webhooks.test(webhook.id),
            one.webhooks.change(webhook.id, {}),
            one.webhooks.replay(webhook.id, Replay()),
            one.webhooks.deliveries(DeliveryQuery(webhook.id)),
        ):
            with pytest.raises(NotFound):
                await call
        assert await one.webhooks.all() == []
        await one.happen("modem.ready", modem="m1")
        await asyncio.sleep(0.05)
        assert len(there.got) == 1


async def test_a_changed_address_gets_what_is_pending(tmp_path: Path) -> None:
    async with receiver(answers(500)) as old, receiver() as new, telling(tmp_path) as one:
        webhook = (await one.create(old.url)).view
        await one.happen("modem.ready", modem="m1")
        await one.until(webhook.id, ("pending", 1))
        view = await one.webhooks.change(webhook.id, {"url": new.url, "description": "moved"})
        assert (view.url, view.description, view.events) == (new.url, "moved", ("*",))
        await one.later(60)
        await one.until(webhook.id, ("delivered", 2))
        assert len(new.got) == 1


async def test_what_is_wrong_with_a_webhook_is_told_all_at_once(tmp_path: Path) -> None:
    async with telling(tmp_path) as one:
        with pytest.raises(Rejected) as refused:
            await one.create("http://169.254.169.254/", ["message.*", "message.recieved", "x"])
        fields = [problem.field for problem in refused.value.problems]
        assert fields == ["url", "events[1]", "events[2]"]
        with pytest.raises(Rejected, match="events"):
            await one.create("http://127.0.0.1/", [])
        made = await one.create("http://127.0.0.1/")
        with pytest.raises(Rejected):
            await one.webhooks.change(made.view.id, {"url": "ftp://x/"})


async def test_a_callback_to_where_nobody_may_post_is_never_posted(tmp_path: Path) -> None:
    section = WebhooksSection(only=("192.0.2.1",))
    async with receiver() as there, telling(tmp_path, section=section) as one:
        await one.key("shop")
        await one.accept(message("msg_1", callback_url=there.url))
        id = f"callback:{there.url.removesuffix('/hook')}"
        (delivery,) = await one.until(id, ("pending", 1))
        assert "is not among those that [webhooks] only lists" in (
            delivery.outcomes[0].problem or ""
        )
        assert there.connections == 0


async def test_the_same_request_makes_one_webhook(tmp_path: Path) -> None:
    async with telling(tmp_path) as one:

        def asked(fingerprint: str) -> Idempotency:
            return Idempotency("key-1", fingerprint, lambda made: made.view.id.encode())

        url = "http://127.0.0.1/"
        made = await one.create(url, key="shop", idempotency=asked("f"))
        again = await one.webhooks.create(url=url, events=["*"], key="shop", idempotency=asked("f"))
        assert again == made.view.id.encode()
        with pytest.raises(IdempotencyConflict):
            await one.webhooks.create(url=url, events=["*"], key="shop", idempotency=asked("g"))
        assert len(await one.webhooks.all()) == 1
        assert list(one.queue.roster.endpoints) == [made.view.id]


# --- tried out, and told once more


async def test_a_test_is_sent_to_one_webhook_and_says_what_it_answered(tmp_path: Path) -> None:
    async with (
        receiver(usual=answers(200, b"hello")) as there,
        receiver() as other,
        telling(tmp_path, SystemClock()) as one,
    ):
        made = await one.create(there.url, ["message.sent"])
        await one.create(other.url)
        delivery = await one.webhooks.test(made.view.id)
        assert (delivery.state, delivery.event) == (DeliveryState.DELIVERED, "webhook.test")
        answer = delivery.outcomes[0].answer
        assert answer is not None
        assert (answer.http_status, answer.text) == (200, "hello")
        assert there.got[0].document["type"] == "webhook.test"
        assert there.got[0].document["data"] == {"webhook": made.view.id}
        await asyncio.sleep(0.05)
        assert other.got == []


async def test_a_test_that_fails_is_not_tried_again(tmp_path: Path) -> None:
    async with receiver(usual=answers(500)) as there, telling(tmp_path) as one:
        made = await one.create(there.url)
        delivery = await one.webhooks.test(made.view.id)
        assert (delivery.state, delivery.tries) == (DeliveryState.DEAD, 1)
        await one.later(60)
        await asyncio.sleep(0.05)
        assert len(there.got) == 1


async def test_a_disabled_webhook_is_not_tested(tmp_path: Path) -> None:
    async with telling(tmp_path) as one:
        made = await one.create("http://127.0.0.1/", enabled=False)
        with pytest.raises(Conflict, match="enable it first"):
            await one.webhooks.test(made.view.id)


async def test_deliveries_are_made_once_more_by_id_state_and_time(tmp_path: Path) -> None:
    async with receiver() as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url, ["message.*"])).view
        other = (await one.create(there.url, ["modem.*"])).view
        await one.accept(message("msg_1"), message("msg_2"))
        first, _ = await one.until(webhook.id, ("delivered", 1), ("delivered", 1))
        page = await one.webhooks.deliveries(DeliveryQuery(webhook.id, DeliveryState.DELIVERED))
        assert len(page.items) == 2
        assert await one.webhooks.replay(webhook.id, Replay([first.id])) == 1
        await there.until(3)
        assert there.got[2].id == first.id
        await one.until(webhook.id, ("delivered", 1), ("delivered", 1))
        assert await one.webhooks.replay(webhook.id, Replay(state="dead")) == 0
        assert await one.webhooks.replay(webhook.id, Replay(state="delivered")) == 2
        await there.until(5)
        with pytest.raises(Rejected, match="has no delivery"):
            await one.webhooks.replay(other.id, Replay([first.id]))


async def test_what_is_replayed_has_a_day_again(tmp_path: Path) -> None:
    clock = FakeClock()
    async with receiver(usual=answers(500)) as there, telling(tmp_path, clock) as one:
        webhook = (await one.create(there.url)).view
        await one.happen("modem.ready", modem="m1")
        await one.until(webhook.id, ("pending", 1))
        for tries in (2, 3):
            await one.later(25 * 3600)
            await one.until(webhook.id, ("pending" if tries < 3 else "dead", tries))
        await one.webhooks.replay(webhook.id, Replay())
        await one.until(webhook.id, ("pending", 1))


# --- where may be posted to


async def test_another_configuration_says_where_may_be_posted_to(tmp_path: Path) -> None:
    async with receiver(answers(500)) as there, telling(tmp_path) as one:
        webhook = (await one.create(there.url)).view
        await one.happen("modem.ready", modem="m1")
        await one.until(webhook.id, ("pending", 1))
        await one.queue.follow(parse({"webhooks": {"only": ["192.0.2.1"]}}))
        await one.later(60)
        (delivery,) = await one.until(webhook.id, ("pending", 2))
        assert delivery.outcomes[-1].code == "refused"
        await one.queue.follow(parse({}))
        await one.later(60)
        await one.until(webhook.id, ("delivered", 3))


async def test_a_server_that_is_not_trusted_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def untrusted(*args: Any, **options: Any) -> None:
        key = ConnectionKey("hooks.example", 443, True, True, None, None, None)
        why = ssl.SSLCertVerificationError("self-signed certificate")
        raise aiohttp.ClientConnectorCertificateError(key, why)

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", untrusted)
    async with telling(tmp_path) as one:
        webhook = (await one.create("https://hooks.example/")).view
        await one.happen("modem.ready", modem="m1")
        (delivery,) = await one.until(webhook.id, ("pending", 1))
        assert delivery.outcomes[0].problem is not None
        assert delivery.outcomes[0].problem.startswith(
            "hooks.example has no certificate that is trusted here: "
        )
