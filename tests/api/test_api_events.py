from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from modemgw.api import render
from modemgw.api.app import create_app
from modemgw.api.server import bind, serve
from modemgw.config import HttpSection, parse
from modemgw.gateway import Gateway
from modemgw.store.sqlite import FILE_NAME, create_key

ADMIN = {"Authorization": "Bearer key-admin"}


async def read_events(answer, count):
    """The first `count` events of a stream, as (id, type, data)."""
    events: list[tuple[str, str, Any]] = []
    current: dict[str, Any] = {}
    while len(events) < count:
        line = (await asyncio.wait_for(answer.content.readline(), 5)).decode().rstrip("\n")
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            current[name] = value
        elif "data" in current:
            events.append((current["id"], current["event"], json.loads(current["data"])))
            current = {}
    return events


async def test_events_that_happen_are_streamed(http, gateway):
    gateway.events.happen("message.queued", message="old")
    async with http.get("/v1/events", headers=ADMIN) as answer:
        assert answer.content_type == "text/event-stream"
        assert (await answer.content.readline()).startswith(b"retry: ")
        while not gateway.events.followers:
            await asyncio.sleep(0)
        gateway.events.happen("message.sent", message="msg1")
        assert await read_events(answer, 1) == [
            (
                "2",
                "message.sent",
                {
                    "id": 2,
                    "type": "message.sent",
                    "at": "2026-11-22T10:00:00.125Z",
                    "data": {"message": "msg1"},
                },
            )
        ]


async def test_a_stream_resumes_after_the_last_event_id(http, gateway):
    for n in range(4):
        gateway.events.happen("message.sent", message=f"msg{n}")
    headers = ADMIN | {"Last-Event-ID": "2"}
    async with http.get("/v1/events?after=0", headers=headers) as answer:
        assert [event[0] for event in await read_events(answer, 2)] == ["3", "4"]
    async with http.get("/v1/events?after=1", headers=ADMIN) as answer:
        assert [event[0] for event in await read_events(answer, 3)] == ["2", "3", "4"]


async def test_a_quiet_stream_shows_that_it_lives(http):
    async with http.get("/v1/events", headers=ADMIN) as answer:
        async with asyncio.timeout(5):
            while not (await answer.content.readline()).startswith(b":"):
                pass


async def test_received_messages_are_only_shown_to_keys_that_may_see_them(http, gateway):
    gateway.events.happen("inbound.received", text="private")
    gateway.events.happen("message.sent", message="msg1")
    headers = {"Authorization": "Bearer key-read"}
    async with http.get("/v1/events?after=0", headers=headers) as answer:
        assert [e[1] for e in await read_events(answer, 1)] == ["message.sent"]
    gateway.events.happen("inbound.received", text="private")
    headers = {"Authorization": "Bearer key-inbound"}
    async with http.get("/v1/events?after=0", headers=headers) as answer:
        assert [e[0] for e in await read_events(answer, 2)] == ["1", "3"]


async def test_a_last_event_id_that_is_no_number_is_a_422(http):
    answer = await http.get("/v1/events", headers=ADMIN | {"Last-Event-ID": "x"})
    assert answer.status == 422
    assert (await http.get("/v1/events?after=-1", headers=ADMIN)).status == 422


async def test_a_stream_ends_when_the_server_does_and_leaves_nothing_behind(http, gateway):
    async with http.get("/v1/events", headers=ADMIN) as answer:
        while not gateway.events.followers:
            await asyncio.sleep(0)
        await http.app.shutdown()
        async with asyncio.timeout(5):
            await answer.content.read()
    assert gateway.events.followers == 0


async def test_a_stream_that_the_client_leaves_is_given_up(http, gateway):
    async with http.get("/v1/events", headers=ADMIN):
        while not gateway.events.followers:
            await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while gateway.events.followers:
            gateway.events.happen("modem.ready", modem="m1")
            await asyncio.sleep(0.01)


async def started(gateway, count=1):
    async with asyncio.timeout(5):
        while gateway.events.followers < count:
            await asyncio.sleep(0.001)


async def test_a_stream_ends_at_once_when_its_key_is_revoked(http, gateway):
    for busy in (False, True):
        gateway.access.revoked.clear()
        async with http.get("/v1/events", headers=ADMIN) as answer:
            await started(gateway)
            gateway.access.revoke("key-admin")
            async with asyncio.timeout(5):
                while not answer.content.at_eof():
                    if busy:
                        gateway.events.happen("inbound.received", text="private")
                    await answer.content.readline()
    assert (await http.get("/v1/events", headers=ADMIN)).status == 401


async def test_what_happens_after_a_revocation_is_not_told(http, gateway):
    async with http.get("/v1/events", headers=ADMIN) as answer:
        await started(gateway)
        gateway.access.revoke("key-admin")
        gateway.events.happen("inbound.received", text="private")
        async with asyncio.timeout(5):
            assert b"private" not in await answer.content.read()
    assert gateway.access.watched == []


@pytest.mark.parametrize("digits", [20, 5_000])
async def test_a_number_that_no_event_has_is_a_422(http, digits):
    for path, headers in (
        ("/v1/events", {"Last-Event-ID": "9" * digits}),
        (f"/v1/events?after={'9' * digits}", {}),
    ):
        answer = await http.get(path, headers=ADMIN | headers)
        assert answer.status == 422


async def test_there_are_so_many_streams_and_no_more(gateway):
    limits = HttpSection(max_streams=3, max_streams_per_key=2)
    async with TestClient(TestServer(create_app(gateway, limits))) as http:
        opened = []
        for key, status in (
            ("key-read", 200),
            ("key-read", 200),
            ("key-read", 429),
            ("key-admin", 200),
            ("key-inbound", 429),
        ):
            answer = await http.get("/v1/events", headers={"Authorization": f"Bearer {key}"})
            assert answer.status == status
            if status == 200:
                opened.append(answer)
            else:
                problem = await answer.json()
                assert problem["type"] == "urn:modemgw:problem:too-many-streams"
                assert answer.headers["Retry-After"]
        await started(gateway, 3)
        opened[0].close()
        async with asyncio.timeout(5):
            while (await http.get("/healthz")).status == 200:
                gateway.events.happen("message.sent", message="msg1")
                answer = await http.get(
                    "/v1/events", headers={"Authorization": "Bearer key-inbound"}
                )
                if answer.status == 200:
                    break
        answer.close()
        for answer in opened:
            answer.close()


async def test_an_event_is_rendered_once_for_all_streams(http, gateway, monkeypatch):
    rendered = []
    real = render.event
    monkeypatch.setattr(render, "event", lambda e: rendered.append(e.id) or real(e))
    answers = [await http.get("/v1/events?after=0", headers=ADMIN) for _ in range(20)]
    for n in range(5):
        gateway.events.happen("message.sent", message=f"msg{n}")
    for answer in answers:
        assert [e[0] for e in await read_events(answer, 5)] == list("12345")
        answer.close()
    assert sorted(rendered) == [1, 2, 3, 4, 5]


async def test_streams_that_nobody_reads_are_dropped(gateway, monkeypatch):
    """The system keeps little for them, and a group of events is all that is kept here."""
    monkeypatch.setattr("modemgw.api.connections.MIN_RATE", 1 << 30)
    http = HttpSection(listen="127.0.0.1:0", send_timeout=0.2)
    bound = bind(http)
    address = bound.getsockname()
    ask = b"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-read\r\n\r\n"
    async with serve(gateway, bound, http):
        deaf = []
        for _ in range(20):
            line = socket.socket()
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.connect(address)
            line.sendall(ask)
            deaf.append(line)
        await started(gateway, 20)
        async with asyncio.timeout(20):
            while gateway.events.followers:
                for _ in range(100):
                    gateway.events.happen("message.sent", message="m" * 1000)
                await asyncio.sleep(0.01)
        for line in deaf:
            line.close()


# --- filters


async def shown(http, query, count, key="admin"):
    async with http.get(
        f"/v1/events?after=0&{query}", headers={"Authorization": f"Bearer key-{key}"}
    ) as answer:
        assert answer.status == 200, await answer.text()
        return [(id, type) for id, type, _ in await read_events(answer, count)]


def much_happens(gateway):
    gateway.events.happen("message.sent", id="msg1", reference="order 7")
    gateway.events.happen("message.delivered", id="msg1", reference="order 7")
    gateway.events.happen("message.delivered", id="msg2")
    gateway.events.happen("inbound.received", id="in1", reference="order 7")
    gateway.events.happen("modem.ready", modem="m1")
    gateway.events.happen("messages.other")
    gateway.events.happen("message.failed", id="msg3", reference="order 8")
    gateway.events.happen("alert.raised", reference="order 7")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("types=message.*,alert.*", "12378"),
        ("types=message.delivered,alert.raised", "238"),
        ("types=message.delivered,%20inbound.received,alert.*", "2348"),
        ("types=*", "12345678"),
        ("reference=order%207", "1248"),
        ("reference=order%207&types=message.*,alert.*", "128"),
        ("types=alert.*", "8"),
    ],
)
async def test_a_stream_shows_what_it_is_asked_for(http, gateway, query, ids):
    much_happens(gateway)
    assert "".join(id for id, _ in await shown(http, query, len(ids))) == ids


async def test_a_filter_opens_nothing_that_the_key_may_not_see(http, gateway):
    much_happens(gateway)
    assert await shown(http, "types=inbound.*,alert.*", 1, "read") == [("8", "alert.raised")]


@pytest.mark.parametrize(
    "types",
    [
        "",
        "message",
        "message.",
        "*.sent",
        "message.*x",
        "Message.Sent",
        "message.sent,,",
        "message..sent",
        "mesage.sent",
    ],
)
async def test_what_is_no_list_of_types_is_a_422_that_says_what_is_right(http, types):
    answer = await http.get("/v1/events", params={"types": types}, headers=ADMIN)
    assert answer.status == 422
    (error,) = (await answer.json())["errors"]
    assert error["field"] == "types"
    assert "message.queued" in error["detail"] or types == ""


async def place_told(answer):
    """The next id that comes without an event."""
    data, place = False, None
    while True:
        line = (await asyncio.wait_for(answer.content.readline(), 5)).decode().rstrip("\n")
        if line.startswith("id: "):
            place = int(line[4:])
        elif line.startswith("data: "):
            data = True
        elif not line:
            if place is not None and not data:
                return place
            data, place = False, None


async def test_a_stream_begins_with_its_place(http, gateway):
    """Who loses the connection before the first event goes on from there."""
    for _ in range(3):
        gateway.events.happen("modem.ready", modem="m1")
    for query, place in (("", 3), ("?after=1", 1), ("?after=99", 3)):
        async with http.get(f"/v1/events{query}", headers=ADMIN) as answer:
            assert await place_told(answer) == place


async def test_what_a_stream_does_not_show_moves_its_place_all_the_same(http, gateway):
    """At the next sign of life where little happens …"""
    async with http.get("/v1/events?types=message.*", headers=ADMIN) as answer:
        assert await place_told(answer) == 0
        await started(gateway)
        for _ in range(3):
            gateway.events.happen("modem.ready", modem="m1")
        assert await place_told(answer) == 3
        gateway.events.happen("message.sent", id="msg1")
        assert [e[0] for e in await read_events(answer, 1)] == ["4"]


async def test_a_long_way_through_what_is_not_shown_is_told_on_the_way(gateway):
    """… and by the number of events where much does."""
    for _ in range(1200):
        gateway.events.happen("modem.ready", modem="m1")
    async with TestClient(TestServer(create_app(gateway, heartbeat_s=60))) as http:
        path = "/v1/events?types=message.*&after=0"
        async with http.get(path, headers=ADMIN) as answer:
            assert await place_told(answer) == 0
            assert await place_told(answer) == 1200
        gateway.events.happen("message.sent", id="msg1")
        async with http.get(path, headers=ADMIN | {"Last-Event-ID": "1200"}) as answer:
            assert [e[0] for e in await read_events(answer, 1)] == ["1201"]


async def test_who_may_see_nothing_is_moved_on_as_well(http, gateway):
    headers = {"Authorization": "Bearer key-inbound"}
    async with http.get("/v1/events", headers=headers) as answer:
        assert await place_told(answer) == 0
        await started(gateway)
        gateway.events.happen("message.sent", id="msg1")
        assert await place_told(answer) == 1


async def test_a_filtered_stream_shows_that_it_lives(http, gateway):
    """Also while things happen that it does not show."""
    async with http.get("/v1/events?types=message.*", headers=ADMIN) as answer:
        async with asyncio.timeout(5):
            while not (await answer.content.readline()).startswith(b":"):
                gateway.events.happen("modem.ready", modem="m1")


async def test_the_real_gateway_tells_the_reference_and_goes_on_over_a_restart(tmp_path):
    config = parse(
        {
            "gateway": {"data_dir": tmp_path, "drain_timeout": 1},
            "modem": [{"id": "m1", "device": str(tmp_path / "none")}],
        }
    )
    token = create_key(tmp_path / FILE_NAME, "app", ["admin"])
    headers = {"Authorization": f"Bearer {token}"}
    path = "/v1/events?types=message.*&reference=order-7"

    async def posted(http, to, **more):
        answer = await http.post("/v1/messages", json={"to": to, "text": "x"} | more)
        return (await answer.json())["id"]

    async with (
        Gateway.open(config) as gateway,
        TestClient(TestServer(create_app(gateway)), headers=headers) as http,
        http.get(path) as answer,
    ):
        await posted(http, "+447700900123")
        wanted = await posted(http, "+447700900123", reference="order-7")
        await http.delete(f"/v1/messages/{wanted}")
        events = await read_events(answer, 2)
        assert [(e[1], e[2]["data"]["id"]) for e in events] == [
            ("message.queued", wanted),
            ("message.canceled", wanted),
        ]
        body = {"to": ["+447700900124", "+447700900125"], "text": "x", "reference": "order-7"}
        await http.post("/v1/batches", json=body)
        (first, _) = await read_events(answer, 2)
    async with (
        Gateway.open(config) as gateway,
        TestClient(TestServer(create_app(gateway)), headers=headers) as http,
        http.get(path, headers={"Last-Event-ID": first[0]}) as answer,
    ):
        (second,) = await read_events(answer, 1)
        assert second[2]["data"]["reference"] == "order-7"
        assert int(second[0]) > int(first[0])
