from __future__ import annotations

import asyncio
import json

ADMIN = {"Authorization": "Bearer key-admin"}


async def read_events(answer, count):
    """The first `count` events of a stream, as (id, type, data)."""
    events, current = [], {}
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
    gateway.happen("message.queued", message="old")
    async with http.get("/v1/events", headers=ADMIN) as answer:
        assert answer.content_type == "text/event-stream"
        assert (await answer.content.readline()).startswith(b"retry: ")
        while not gateway.followers:
            await asyncio.sleep(0)
        gateway.happen("message.sent", message="msg1")
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
        gateway.happen("message.sent", message=f"msg{n}")
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
    gateway.happen("inbound.received", text="private")
    gateway.happen("message.sent", message="msg1")
    headers = {"Authorization": "Bearer key-read"}
    async with http.get("/v1/events?after=0", headers=headers) as answer:
        assert [e[1] for e in await read_events(answer, 1)] == ["message.sent"]
    gateway.happen("inbound.received", text="private")
    headers = {"Authorization": "Bearer key-inbound"}
    async with http.get("/v1/events?after=0", headers=headers) as answer:
        assert [e[0] for e in await read_events(answer, 2)] == ["1", "3"]


async def test_a_last_event_id_that_is_no_number_is_a_422(http):
    answer = await http.get("/v1/events", headers=ADMIN | {"Last-Event-ID": "x"})
    assert answer.status == 422
    assert (await http.get("/v1/events?after=-1", headers=ADMIN)).status == 422


async def test_a_stream_ends_when_the_server_does_and_leaves_nothing_behind(http, gateway):
    async with http.get("/v1/events", headers=ADMIN) as answer:
        while not gateway.followers:
            await asyncio.sleep(0)
        await http.app.shutdown()
        async with asyncio.timeout(5):
            await answer.content.read()
    assert gateway.followers == 0


async def test_a_stream_that_the_client_leaves_is_given_up(http, gateway):
    async with http.get("/v1/events", headers=ADMIN):
        while not gateway.followers:
            await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while gateway.followers:
            gateway.happen("modem.ready", modem="m1")
            await asyncio.sleep(0.01)
