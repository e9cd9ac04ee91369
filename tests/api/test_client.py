from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from labs.fake_gateway import NOW

from modemgw.api.server import ListenError, bind, is_private, serve
from modemgw.client import NEVER, ApiError, Client, Conflict, Retry, Unreachable
from modemgw.config import HttpSection
from modemgw.gateway import BatchPlan
from modemgw.store.records import MessageStatus

SOON = Retry(first_s=0.01, longest_s=0.01)


@pytest.fixture
async def url(gateway):
    async with serve(
        gateway, bind(HttpSection(listen="127.0.0.1:0")), HttpSection(max_body_bytes=1 << 20)
    ) as u:
        yield u


@pytest.fixture
async def client(url):
    async with Client(url, "key-admin") as client:
        yield client


async def test_a_message_is_sent_and_shown(client, gateway):
    message = await client.send("+447700900001", "Hi", type="otp", message_class=0)
    assert message.status == "queued"
    assert gateway.sending.sent[0][0].type == "otp"
    assert gateway.sending.sent[0][0].message_class == 0
    assert await client.message(message.id) == message


async def test_octets_are_sent_as_they_are(client, gateway):
    await client.send("+447700900001", data=b"\x00\xff", ports={"destination": 1, "source": 2})
    assert (gateway.sending.sent[0][0].data, gateway.sending.sent[0][0].ports) == (
        b"\x00\xff",
        (1, 2),
    )


async def test_an_error_carries_the_problem(client):
    with pytest.raises(ApiError, match="this is no number") as raised:
        await client.send("nobody", "Hi")
    assert raised.value.status == 422
    assert raised.value.fields == {"to": "this is no number"}


@pytest.mark.parametrize(
    "name", ["../keys", "a/b", "x?limit=1", "x#y", "50%", "callback:http://h:1"]
)
async def test_a_name_leads_to_nothing_but_what_it_names(client, name):
    for ask in (client.message, client.modem, client.webhook):
        with pytest.raises(ApiError) as raised:
            await ask(name)
        assert raised.value.status == 404
        assert name in str(raised.value), "it was looked for, by this name"


async def test_an_error_page_of_a_proxy_is_an_error_too():
    async def teapot(_request):
        return web.Response(status=502, text="<h1>Bad Gateway</h1>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/v1/modems", teapot)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with Client(url, "k", retry=NEVER) as client:
            with pytest.raises(ApiError, match="HTTP 502"):
                await client.modems()
    finally:
        await runner.cleanup()


async def test_no_gateway_is_said_in_a_sentence(tmp_path):
    async with Client("http://127.0.0.1:1", "k", retry=NEVER) as client:
        with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:1"):
            await client.modems()
    async with Client(f"unix:{tmp_path}/none.sock", "k", retry=NEVER) as client:
        with pytest.raises(Unreachable, match=r"none\.sock"):
            await client.modems()


async def test_lists_go_over_all_pages(client):
    for n in range(5):
        await client.send("+447700900001", str(n))
    assert [m.text async for m in client.messages(limit=2)] == ["4", "3", "2", "1", "0"]


async def test_received_messages_are_listed(client, gateway):
    assert [i.text async for i in client.inbounds(from_="+447700900111")] == ["STOP"]
    assert gateway.inbounds.queries[0].from_ == "+447700900111"
    assert (await client.inbound("in1"))["from"] == "+447700900111"


async def test_batches_previews_and_modems_work(client, gateway):
    batch = await client.send_batch(to=["+447700900001", "x"], text="same")
    assert (batch["accepted"], batch["rejected"][0]["index"]) == (1, 1)
    batch = await client.send_batch([{"to": "+447700900001", "text": "a"}])
    assert batch["accepted"] == 1
    assert (await client.batch("b1"))["counts"] == {"queued": 2, "delivered": 1}
    assert (await client.preview("+447700900001", "x"))["parts"] == 1
    assert [m.id for m in await client.modems()] == ["m1"]
    assert (await client.modem("m1"))["state"] == "ready"
    await client.control_modem("m1", "pause")
    assert (await client.ussd("m1", "*100#"))["text"] == "Balance: 3.50"
    assert gateway.modems.calls == [("pause", "m1"), ("ussd", "m1", "*100#", 30.0)]
    gateway.health.ready = False
    assert (await client.readiness()).detail == "no modem can send"


async def test_batches_are_named_paced_added_to_and_controlled(client, gateway):
    to = ["+447700900001", "x"]
    options = {"name": "offers", "rate_per_minute": 60, "more": True}
    first = await client.send_batch(to=to, text="same", type="promotional", **options)
    assert (first.id, first.accepted) == ("b1", 1)
    assert gateway.sending.plans[-1] == BatchPlan("offers", None, 60, True)
    more = await client.add_to_batch("b1", [{"to": "+447700900001", "text": "a"}], more=True)
    assert more.accepted == 1
    seen = await client.preview_batch(to=to, text="same")
    assert (seen.accepted, seen.parts, seen.rejected[0].index) == (1, 1, 1)
    assert [batch.name async for batch in client.batches(state="running")] == ["offers"]
    assert gateway.batches.queries[0].state == "running"
    assert [m.text async for m in client.batch_messages("b1", status="queued")] == ["a", "same"]
    assert (await client.pause_batch("b1")).state == "paused"
    assert (await client.resume_batch("b1")).state == "running"
    changed = await client.change_batch("b1", rate_per_minute=None, name="more offers")
    assert (changed.rate_per_minute, changed.name) == (None, "more offers")
    assert changed.progress.percent == 33.3
    gateway.batches.batch = replace(gateway.batches.batch, ended_at=NOW)
    on_the_way: list[str] = []
    ended = await client.wait_for_batch("b1", on_change=lambda b: on_the_way.append(b.state))
    assert (ended.state, on_the_way) == ("done", ["done"])
    assert (await client.cancel_batch("b1")).state == "canceled"
    with pytest.raises(Conflict):
        await client.pause_batch("b1")


async def test_canceling_is_told(client):
    message = await client.send("+447700900001", "x")
    assert (await client.cancel(message.id))["status"] == "canceled"


async def test_waiting_ends_with_the_event_that_makes_the_message_final(client, gateway):
    message = await client.send("+447700900001", "x")
    seen: list[Any] = []

    async def network():
        for status in (MessageStatus.SENT, MessageStatus.DELIVERED):
            while not gateway.events.followers or len(seen) < 1 + (
                status is MessageStatus.DELIVERED
            ):
                await asyncio.sleep(0.001)
            current = gateway.messages.by_id[message.id]
            gateway.messages.by_id[message.id] = current._replace(status=status)
            gateway.events.happen(f"message.{status}", id=message.id)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(network())
        final = await client.wait(message.id, on_change=lambda m: seen.append(m.status))
    assert final.status == "delivered"
    assert seen == ["queued", "sent", "delivered"]


async def test_waiting_without_a_receipt_ends_with_sent(client, gateway):
    message = await client.send("+447700900001", "x", receipt=False)
    current = gateway.messages.by_id[message.id]
    gateway.messages.by_id[message.id] = current._replace(status=MessageStatus.SENT)
    assert (await client.wait(message.id))["status"] == "sent"


async def test_events_go_on_after_a_lost_connection(gateway):
    bound = bind(HttpSection(listen="127.0.0.1:0"))
    port = bound.getsockname()[1]
    gateway.events.happen("modem.ready", modem="m1")
    async with Client(f"http://127.0.0.1:{port}", "key-admin", retry=SOON) as client:
        events = client.events(after=0)
        async with serve(gateway, bound, HttpSection(max_body_bytes=1024)):
            assert (await anext(events))["id"] == 1
        gateway.events.happen("modem.lost", modem="m1")
        again = bind(HttpSection(listen=f"127.0.0.1:{port}"))
        async with serve(gateway, again, HttpSection(max_body_bytes=1024)):
            event = await asyncio.wait_for(anext(events), 5)
            assert (event.id, event.type) == (2, "modem.lost")
            await events.aclose()


async def test_events_wait_for_a_place(gateway):
    gateway.events.happen("modem.ready", modem="m1")
    http = HttpSection(listen="127.0.0.1:0", max_streams=1)
    async with (
        serve(gateway, bind(http), http) as url,
        Client(url, "key-admin", retry=SOON) as client,
        Client(url, "key-read") as other,
    ):
        taken, waiting = other.events(after=0), client.events(after=0)
        await anext(taken)
        first = asyncio.create_task(anext(waiting))
        await asyncio.sleep(0.1)
        assert not first.done()
        with pytest.raises(ApiError, match="event streams"):
            await anext(client.events())
        await taken.aclose()
        while not first.done():
            gateway.events.happen("modem.ready", modem="m1")
            await asyncio.sleep(0.01)
        assert first.result()["id"] == 1
        await waiting.aclose()


async def test_a_unix_socket_serves_and_is_taken_away(gateway, tmp_path):
    path = tmp_path / "http.sock"
    http = HttpSection(listen=f"unix:{path}")
    async with serve(gateway, bind(http), HttpSection(max_body_bytes=1024)) as url:
        assert url == f"unix:{path}"
        async with Client(url, "key-admin") as client:
            assert (await client.modem("m1"))["id"] == "m1"
        with pytest.raises(ListenError, match="running already"):
            bind(http)
    assert not path.exists()


async def test_the_socket_of_a_killed_server_is_replaced(tmp_path):
    http = HttpSection(listen=f"unix:{tmp_path}/http.sock")
    bind(http).close()
    assert (tmp_path / "http.sock").exists()
    bind(http).close()


async def test_an_address_that_cannot_be_used_is_said_in_one_line(tmp_path):
    taken = bind(HttpSection(listen="127.0.0.1:0"))
    port = taken.getsockname()[1]
    (tmp_path / "file").touch()
    try:
        for listen, why in (
            (f"127.0.0.1:{port}", "in use"),
            ("203.0.113.1:8080", "no such address"),
            ("no.such.host.invalid:8080", "no address"),
            (f"unix:{tmp_path}/none/http.sock", "directory does not exist"),
            (f"unix:{tmp_path}/file", "no socket"),
        ):
            with pytest.raises(ListenError, match=why) as raised:
                bind(HttpSection(listen=listen))
            assert "\n" not in str(raised.value)
    finally:
        taken.close()


async def test_what_other_machines_can_reach_is_known(tmp_path):
    for listen, private in (
        ("127.0.0.1:0", True),
        ("localhost:0", True),
        ("0.0.0.0:0", False),
        (f"unix:{tmp_path}/http.sock", True),
    ):
        with bind(HttpSection(listen=listen)) as bound:
            assert is_private(bound) is private
