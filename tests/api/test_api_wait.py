"""`Prefer: wait=N`: answered when the fate is known; and nobody waits because others do."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from aiohttp.test_utils import TestClient, TestServer
from labs.waiting import until

from modemgw.api import waiting
from modemgw.api.app import create_app
from modemgw.api.server import bind, serve
from modemgw.api.waiting import WAITS
from modemgw.config import HttpSection, parse
from modemgw.gateway import Gateway, Unavailable
from modemgw.store.records import MessageStatus, NewMessage
from modemgw.store.sqlite import FILE_NAME, create_key

S = MessageStatus
ADMIN = {"Authorization": "Bearer key-admin"}
BODY = {"to": "+447700900123", "text": "hello"}
SOON_S = 5.0


def asking(wait: str, key: str = "admin") -> dict[str, str]:
    return {"Authorization": f"Bearer key-{key}", "Prefer": wait}


def becomes(gateway, identifier, status, event=None, **data):
    """The message gets this status, and an event tells so."""
    messages = gateway.messages.by_id
    messages[identifier] = messages[identifier]._replace(status=status)
    gateway.events.happen(event or f"message.{status}", id=identifier, **data)


async def queued(http, **more) -> str:
    answer = await http.post("/v1/messages", json=BODY | more, headers=ADMIN)
    return (await answer.json())["id"]


async def waits(http, count=1):
    await until(lambda: len(http.app[WAITS]) == count, SOON_S)


async def test_a_post_is_answered_when_the_fate_is_known(http, gateway):
    asked = asyncio.create_task(http.post("/v1/messages", json=BODY, headers=asking("wait=50")))
    await until(lambda: gateway.events.watched)
    becomes(gateway, "msg1", S.SENT)
    await asyncio.sleep(0.02)
    assert not asked.done(), "sent is not the end of a message with a receipt"
    becomes(gateway, "msg1", S.DELIVERED)
    answer = await asyncio.wait_for(asked, SOON_S)
    assert answer.status == 202
    assert answer.headers["Preference-Applied"] == "wait=50"
    assert answer.headers["Location"] == "/v1/messages/msg1"
    assert (await answer.json())["status"] == "delivered"
    assert (len(http.app[WAITS]), gateway.events.watched, gateway.access.watched) == (0, [], [])


@pytest.mark.parametrize(
    "status", [S.DELIVERED, S.UNDELIVERED, S.FAILED, S.EXPIRED, S.CANCELED, S.UNKNOWN]
)
async def test_a_get_is_answered_with_each_final_status(http, gateway, status):
    identifier = await queued(http)
    asked = asyncio.create_task(
        http.get(f"/v1/messages/{identifier}", headers=asking("wait=50", "read"))
    )
    await until(lambda: gateway.events.watched)
    becomes(gateway, identifier, status)
    answer = await asyncio.wait_for(asked, SOON_S)
    assert (answer.status, (await answer.json())["status"]) == (200, status)
    again = await asyncio.wait_for(
        http.get(f"/v1/messages/{identifier}", headers=asking("wait=50")), SOON_S
    )
    assert (await again.json())["status"] == status, "what is final is told at once"


async def test_sent_is_the_end_without_a_receipt(http, gateway):
    identifier = await queued(http, receipt=False)
    asked = asyncio.create_task(http.get(f"/v1/messages/{identifier}", headers=asking("wait=50")))
    await until(lambda: gateway.events.watched)
    becomes(gateway, identifier, S.SENT)
    assert (await (await asyncio.wait_for(asked, SOON_S)).json())["status"] == "sent"


async def test_the_end_of_the_wait_for_a_receipt_is_the_end_of_this_wait(http, gateway):
    identifier = await queued(http)
    asked = asyncio.create_task(http.get(f"/v1/messages/{identifier}", headers=asking("wait=50")))
    await until(lambda: gateway.events.watched)
    becomes(gateway, identifier, S.SENT, final=True)
    assert (await (await asyncio.wait_for(asked, SOON_S)).json())["status"] == "sent"


async def test_after_so_many_seconds_it_is_told_as_it_is(http, gateway):
    identifier = await queued(http)
    begin = monotonic()
    answer = await http.get(f"/v1/messages/{identifier}", headers=asking("wait=1"))
    assert 0.9 < monotonic() - begin < SOON_S
    assert (await answer.json())["status"] == "queued"
    assert answer.headers["Preference-Applied"] == "wait=1"
    begin = monotonic()
    answer = await http.get(f"/v1/messages/{identifier}", headers=asking("wait=0"))
    assert answer.headers["Preference-Applied"] == "wait=0"
    assert monotonic() - begin < 0.9


async def test_it_does_not_look_while_nothing_happens(http, gateway, monkeypatch):
    identifier = await queued(http)
    looks = 0
    real = gateway.messages.get

    async def get(id):
        nonlocal looks
        looks += 1
        return await real(id)

    monkeypatch.setattr(gateway.messages, "get", get)
    asked = asyncio.create_task(http.get(f"/v1/messages/{identifier}", headers=asking("wait=1")))
    await waits(http)
    for n in range(50):
        gateway.events.happen("message.sent", id=f"msg{n + 100}")
    await asked
    assert looks == 2, "at the beginning and at the end"


@pytest.mark.parametrize(
    ("preferences", "wait_s"),
    [
        (["wait=10"], 10),
        (["respond-async, wait=7"], 7),
        (["respond-async", "WAIT = 7 ; x=y"], 7),
        (['wait="9"'], 9),
        (['foo="a, wait=3", wait=5'], 5),
        (['foo; bar="x,\\"y", wait=5'], 5),
        (["wait=5, wait=9"], 5),
        (["wait=61"], 60),
        (["wait=" + "9" * 900], 60),
        (["wait=007"], 7),
        (["wait"], None),
        (["wait="], None),
        (["wait=soon, wait=9"], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (['wait="'], None),
        (['foo="wait=9'], None),
        (["waiter=9"], None),
        (["return=minimal"], None),
        (['"' + '\\"' * 3000], None),
        ([], None),
    ],
)
async def test_a_preference_is_read_as_rfc_7240_has_it(
    http, gateway, monkeypatch, preferences, wait_s
):
    """What is malformed is ignored; too much is taken as the most there is."""
    identifier = await queued(http)
    asked = []

    async def settled(request, id, wait_s):
        asked.append(wait_s)
        return await gateway.messages.get(id)

    monkeypatch.setattr(waiting, "_settled", settled)
    headers = [*ADMIN.items(), *(("Prefer", preference) for preference in preferences)]
    answer = await http.get(f"/v1/messages/{identifier}", headers=headers)
    assert answer.status == 200
    applied = None if wait_s is None else f"wait={wait_s}"
    assert answer.headers.get("Preference-Applied") == applied
    assert asked == ([] if wait_s is None else [wait_s])


async def test_other_endpoints_do_not_heed_it(http):
    answer = await http.get("/v1/messages", headers=asking("wait=50"))
    assert "Preference-Applied" not in answer.headers


async def test_who_does_not_wait_watches_nothing(http, gateway, monkeypatch):
    monkeypatch.setattr(gateway.events, "watch", None)
    identifier = await queued(http)
    answer = await http.get(f"/v1/messages/{identifier}", headers=ADMIN)
    assert answer.status == 200


async def test_a_message_that_is_not_there_is_not_waited_for(http):
    answer = await asyncio.wait_for(
        http.get("/v1/messages/none", headers=asking("wait=50")), SOON_S
    )
    assert answer.status == 404


async def test_a_replay_is_the_first_answer_at_once(http, gateway):
    headers = asking("wait=50") | {"Idempotency-Key": "order-7"}
    first = asyncio.create_task(http.post("/v1/messages", json=BODY, headers=headers))
    await until(lambda: gateway.events.watched)
    replay = await asyncio.wait_for(http.post("/v1/messages", json=BODY, headers=headers), SOON_S)
    assert replay.headers["Idempotency-Replayed"] == "true"
    assert "Preference-Applied" not in replay.headers
    assert (await replay.json())["status"] == "queued"
    becomes(gateway, "msg1", S.DELIVERED)
    assert (await (await first).json())["status"] == "delivered"
    later = await http.post("/v1/messages", json=BODY, headers=headers)
    assert await later.json() == await replay.json(), "as it was accepted, byte for byte"
    assert len(gateway.sending.sent) == 1


async def test_what_was_accepted_is_told_though_it_cannot_be_looked_up(http, gateway, monkeypatch):
    """An error would have the client send it again."""

    async def get(id):
        raise Unavailable("the disk is full")

    monkeypatch.setattr(gateway.messages, "get", get)
    answer = await http.post("/v1/messages", json=BODY, headers=asking("wait=50"))
    assert (answer.status, (await answer.json())["status"]) == (202, "queued")


# --- a wait ends, and keeps nobody out


async def test_a_revoked_key_learns_nothing_more(http, gateway):
    identifier = await queued(http)
    get = asyncio.create_task(http.get(f"/v1/messages/{identifier}", headers=asking("wait=50")))
    post = asyncio.create_task(http.post("/v1/messages", json=BODY, headers=asking("wait=50")))
    await waits(http, 2)
    await until(lambda: len(gateway.access.watched) == 2)
    gateway.access.revoke("key-admin")
    becomes(gateway, identifier, S.DELIVERED)
    becomes(gateway, "msg2", S.DELIVERED)
    answer = await asyncio.wait_for(get, SOON_S)
    assert answer.status == 401
    answer = await asyncio.wait_for(post, SOON_S)
    assert (answer.status, (await answer.json())["status"]) == (202, "queued")


async def test_all_who_wait_are_answered_when_the_server_ends(http, gateway):
    identifier = await queued(http)
    asked = [
        asyncio.create_task(http.get(f"/v1/messages/{identifier}", headers=asking("wait=50")))
        for _ in range(10)
    ]
    await waits(http, 10)
    await until(lambda: len(gateway.events.watched) == 10)
    await http.app.shutdown()
    for answer in await asyncio.wait_for(asyncio.gather(*asked), SOON_S):
        assert (answer.status, (await answer.json())["status"]) == (200, "queued")
    assert gateway.events.watched == []


async def test_so_many_wait_and_who_comes_then_is_answered_at_once(gateway):
    limits = HttpSection(max_waits=3, max_waits_per_key=2)
    async with TestClient(TestServer(create_app(gateway, limits))) as http:
        identifier = await queued(http)
        path = f"/v1/messages/{identifier}"
        asked = [asyncio.create_task(http.get(path, headers=asking("wait=50"))) for _ in range(2)]
        await waits(http, 2)
        answer = await asyncio.wait_for(http.get(path, headers=asking("wait=50")), SOON_S)
        assert (answer.status, "Preference-Applied" in answer.headers) == (200, False)
        asked.append(asyncio.create_task(http.get(path, headers=asking("wait=50", "read"))))
        await waits(http, 3)
        answer = await asyncio.wait_for(
            http.post("/v1/messages", json=BODY, headers=asking("wait=50", "send")), SOON_S
        )
        assert (answer.status, "Preference-Applied" in answer.headers) == (202, False)
        await until(lambda: len(gateway.events.watched) == 3)
        becomes(gateway, identifier, S.DELIVERED)
        for answer in await asyncio.wait_for(asyncio.gather(*asked), SOON_S):
            assert (await answer.json())["status"] == "delivered"


@asynccontextmanager
async def waiting_clients(gateway, count, limits):
    """Clients that wait for msg1 on a real server, and its address."""
    bound = bind(limits)
    address = bound.getsockname()
    lines = []
    async with serve(gateway, bound, limits):
        for _ in range(count):
            line = socket.socket()
            line.connect(address)
            line.sendall(
                b"GET /v1/messages/msg1 HTTP/1.1\r\nHost: x\r\n"
                b"Authorization: Bearer key-read\r\nPrefer: wait=60\r\n\r\n"
            )
            lines.append(line)
        await until(lambda: len(gateway.events.watched) == min(count, limits.max_waits))
        yield lines, address


async def test_a_client_that_leaves_gives_its_place_up(gateway):
    limits = HttpSection(listen="127.0.0.1:0", max_waits=20, max_waits_per_key=20)
    await gateway.sending.send(new_message(), key="key-send")
    async with waiting_clients(gateway, 20, limits) as (lines, _):
        for line in lines[:15]:
            line.close()
        await until(lambda: len(gateway.events.watched) == 5, SOON_S)
        for line in lines:
            line.close()


async def test_a_server_that_ends_answers_those_who_wait_before_it_goes(gateway):
    limits = HttpSection(listen="127.0.0.1:0")
    await gateway.sending.send(new_message(), key="key-send")
    async with waiting_clients(gateway, 3, limits) as (lines, _):
        begin = monotonic()
    assert monotonic() - begin < SOON_S
    for line in lines:
        line.settimeout(SOON_S)
        answer = await asyncio.to_thread(line.recv, 1 << 16)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"Preference-Applied: wait=60" in answer
        line.close()


async def test_those_who_wait_leave_room_for_others(gateway):
    """Of 8 connections two may wait, whatever is configured."""
    limits = HttpSection(listen="127.0.0.1:0", max_connections=8, max_waits_per_key=100)
    await gateway.sending.send(new_message(), key="key-send")
    bound = bind(limits)
    host, port = bound.getsockname()
    async with serve(gateway, bound, limits):
        asked = []
        for _ in range(30):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(
                b"GET /v1/messages/msg1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                b"Authorization: Bearer key-read\r\nPrefer: wait=60\r\n\r\n"
            )
            asked.append((reader, writer))
            if len(asked) > 2:
                async with asyncio.timeout(SOON_S):
                    assert (await reader.read()).startswith(b"HTTP/1.1 200")
        assert len(gateway.events.watched) == 2
        becomes(gateway, "msg1", S.DELIVERED)
        for reader, writer in asked:
            async with asyncio.timeout(SOON_S):
                await reader.read()
            writer.close()


def new_message() -> NewMessage:
    return NewMessage(to="+447700900123", text="hello")


# --- the real gateway


async def test_a_change_in_the_real_gateway_ends_the_wait(tmp_path):
    config = parse(
        {
            "gateway": {"data_dir": tmp_path, "drain_timeout": 1},
            "modem": [{"id": "m1", "device": str(tmp_path / "none")}],
        }
    )
    token = create_key(tmp_path / FILE_NAME, "app", ["admin"])
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        Gateway.open(config) as gateway,
        TestClient(TestServer(create_app(gateway)), headers=headers) as http,
    ):
        posted = asyncio.create_task(
            http.post("/v1/messages", json=BODY, headers={"Prefer": "wait=60"})
        )
        await waits(http)
        answer = await http.get("/v1/messages")
        (message,) = (await answer.json())["items"]
        got = asyncio.create_task(
            http.get(f"/v1/messages/{message['id']}", headers={"Prefer": "wait=60"})
        )
        await waits(http, 2)
        assert (await http.delete(f"/v1/messages/{message['id']}")).status == 200
        for asked, status in ((posted, 202), (got, 200)):
            answer = await asyncio.wait_for(asked, SOON_S)
            assert (answer.status, (await answer.json())["status"]) == (status, "canceled")
