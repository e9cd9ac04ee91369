"""Clients that are slow, many, or never go: each has an end, and honest ones are served."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from modemgw.api import connections
from modemgw.api.server import bind, serve
from modemgw.config import HttpSection
from modemgw.store.records import NewMessage

KEY = b"Authorization: Bearer key-admin\r\n"
POST = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + KEY
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b'{"to": "+447700900001", "text": "x"}'
LIMITS: dict[str, Any] = {
    "listen": "127.0.0.1:0",
    "header_timeout": 0.2,
    "body_timeout": 0.2,
    "idle_timeout": 0.3,
    "send_timeout": 0.3,
}


@pytest.fixture(autouse=True)
def _short_goodbyes(monkeypatch):
    monkeypatch.setattr(connections, "LINGER_S", 0.2)


@asynccontextmanager
async def served(gateway, **limits: Any):
    http = HttpSection(**LIMITS | limits)
    bound = bind(http)
    port = bound.getsockname()[1]
    async with serve(gateway, bound, http):
        yield port


class Peer:
    """A client on a raw socket."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port, send=b""):
        peer = cls(*await asyncio.open_connection("127.0.0.1", port))
        peer.writer.write(send)
        return peer

    async def answer(self):
        """Status, headers and JSON body."""
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.partition(":")[2])
                for line in head.splitlines()
                if line.lower().startswith("content-length")
            )
            return int(head.split()[1]), head, json.loads(await self.reader.readexactly(length))

    async def ended(self):
        """Returns what still came when the server has closed."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def drip(self, octets, pause=0.02):
        try:
            for octet in octets:
                self.writer.write(bytes([octet]))
                await self.writer.drain()
                await asyncio.sleep(pause)
        except ConnectionError:
            pass

    def close(self):
        self.writer.close()


async def is_served(port):
    peer = await Peer.connect(port, HEALTH)
    status, _, _ = await peer.answer()
    peer.close()
    return status == 200


async def test_headers_that_drip_have_an_end_and_its_reason(gateway):
    async with served(gateway) as port:
        peer = await Peer.connect(port)
        dripping = asyncio.create_task(peer.drip(b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 1000))
        status, head, problem = await peer.answer()
        assert (status, problem["type"]) == (408, "urn:modemgw:problem:request-timeout")
        assert "application/problem+json" in head
        assert await peer.ended() == b""
        dripping.cancel()
        peer.close()


async def test_the_headers_of_a_second_request_have_an_end_too(gateway):
    async with served(gateway, idle_timeout=30) as port:
        peer = await Peer.connect(port, HEALTH)
        assert (await peer.answer())[0] == 200
        peer.writer.write(b"GET /hea")
        assert (await peer.answer())[0] == 408
        peer.close()


@pytest.mark.parametrize("before", [b"", HEALTH], ids=["from the start", "after a request"])
async def test_a_connection_without_a_request_is_closed(gateway, before):
    async with served(gateway) as port:
        peer = await Peer.connect(port, before)
        if before:
            await peer.answer()
        assert await peer.ended() == b""
        peer.close()


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
    ids=["length", "chunks"],
)
async def test_a_body_that_stops_has_an_end_and_its_reason(gateway, framing):
    async with served(gateway) as port:
        peer = await Peer.connect(port, POST + framing)
        status, _, problem = await peer.answer()
        assert (status, problem["type"]) == (408, "urn:modemgw:problem:request-timeout")
        peer.close()


async def test_a_body_that_nobody_reads_has_an_end(gateway):
    async with served(gateway) as port:
        peer = await Peer.connect(port, POST.replace(KEY, b"") + b"Content-Length: 100\r\n\r\n{")
        assert (await peer.answer())[0] == 401
        assert await peer.ended() == b""
        peer.close()


async def test_a_body_that_is_slow_and_steady_is_taken(gateway, monkeypatch):
    monkeypatch.setattr("modemgw.api.reading.MIN_RATE", 20)
    async with served(gateway) as port:
        peer = await Peer.connect(port, POST + b"Content-Length: %d\r\n\r\n" % len(BODY))
        await peer.drip(BODY, pause=0.02)  # 0.7 s, 50 octets a second
        assert (await peer.answer())[0] == 202
        peer.close()


async def test_endless_headers_are_refused(gateway):
    async with served(gateway, header_timeout=30) as port:
        peer = await Peer.connect(port, b"GET /healthz HTTP/1.1\r\n")
        for n in range(100):
            peer.writer.write(b"X-%d: %s\r\n" % (n, b"a" * 1000))
        status, _, problem = await peer.answer()
        assert (status, problem["type"]) == (431, "urn:modemgw:problem:headers-too-large")
        peer.close()


@pytest.mark.parametrize(
    "slow",
    [b"", b"GET /hea", POST + b"Content-Length: 100\r\n\r\n{", HEALTH],
    ids=["silent", "headers", "body", "idle"],
)
async def test_who_keeps_the_gateway_waiting_gives_way(gateway, slow):
    patient = dict.fromkeys(("header_timeout", "body_timeout", "idle_timeout"), 60)
    async with served(gateway, max_connections=8, **patient) as port:
        peers = [await Peer.connect(port, slow) for _ in range(40)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            for _ in range(4):
                assert await is_served(port)
        for peer in peers:
            peer.close()


async def test_who_is_being_answered_keeps_the_place_and_others_wait(gateway):
    go_on = asyncio.Event()

    async def ussd(*_):
        await go_on.wait()
        return type("Answer", (), {"text": "x", "more": False})

    gateway.modems.ussd = ussd
    ask = (
        b"POST /v1/modems/m1/ussd HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + KEY
        + b'Content-Length: 16\r\n\r\n{"code":"*100#"}'
    )
    async with served(gateway, max_connections=4) as port:
        peers = [await Peer.connect(port, ask) for _ in range(4)]
        await asyncio.sleep(0.05)
        late = await Peer.connect(port, HEALTH)
        await asyncio.sleep(0.5)
        go_on.set()
        assert [(await peer.answer())[0] for peer in peers] == [200] * 4
        assert (await late.answer())[0] == 200
        for peer in (*peers, late):
            peer.close()


async def test_an_answer_that_nobody_reads_is_given_up(gateway, monkeypatch):
    monkeypatch.setattr(connections, "MIN_RATE", 1 << 30)
    for n in range(1000):
        gateway.messages.add(NewMessage(to="+447700900001", text="x" * 30_000, reference=str(n)))
    async with served(gateway) as port:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(raw, ("127.0.0.1", port))
        await loop.sock_sendall(
            raw, b"GET /v1/messages?limit=1000 HTTP/1.1\r\nHost: x\r\n" + KEY + b"\r\n"
        )
        await asyncio.sleep(1)
        got = 0
        with suppress(ConnectionResetError):
            async with asyncio.timeout(5):
                while octets := await loop.sock_recv(raw, 1 << 20):
                    got += len(octets)
        assert got < 30_000_000
        raw.close()


async def test_half_sent_bodies_hold_so_much_together_and_no_more(gateway):
    limits = {"max_body_bytes": 1 << 20, "body_memory_bytes": 2 << 20, "body_timeout": 30}
    half = POST + b"Content-Length: 1000000\r\n\r\n" + b" " * 900_000
    async with served(gateway, **limits) as port:
        held = [await Peer.connect(port, half) for _ in range(2)]
        await asyncio.sleep(0.2)
        refused = await Peer.connect(port, half)
        status, head, problem = await refused.answer()
        assert (status, problem["type"]) == (503, "urn:modemgw:problem:unavailable")
        assert "Retry-After" in head
        small = await Peer.connect(
            port, POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:5]
        )
        small.writer.write(BODY[5:])
        assert (await small.answer())[0] == 202
        for peer in held:
            peer.close()
        await asyncio.sleep(0.1)
        again = await Peer.connect(port, half + b" " * (100_000 - len(BODY)) + BODY)
        assert (await again.answer())[0] == 202
        for peer in (refused, small, again):
            peer.close()


async def test_a_body_that_says_that_it_is_too_large_is_not_read(gateway):
    async with served(gateway, max_body_bytes=1024) as port:
        peer = await Peer.connect(port, POST + b"Content-Length: 10000000\r\n\r\n{")
        assert (await peer.answer())[0] == 413
        peer.close()


async def test_the_end_of_a_refused_body_is_not_the_head_of_the_next_request(gateway, monkeypatch):
    monkeypatch.setattr(connections, "LINGER_S", 10)
    body = b" " * (1 << 20)  # comes in pieces that are larger than a head may be
    async with served(gateway, max_body_bytes=1024, body_timeout=10, header_timeout=10) as port:
        peer = await Peer.connect(port)
        for _ in range(4):
            peer.writer.write(POST + b"Content-Length: %d\r\n\r\n" % len(body))
            assert (await peer.answer())[0] == 413
            peer.writer.write(body)  # as clients do that have begun to send
            await peer.writer.drain()
        peer.close()


async def test_without_descriptors_nobody_is_taken_for_a_while_and_it_is_said_once(
    gateway, monkeypatch, caplog
):
    """A listening socket that cannot accept: what the system says when it has nothing left."""
    accepts = [0]
    accept = socket.socket.accept

    def exhausted(self):
        accepts[0] += 1
        if accepts[0] < 3:
            raise OSError(24, "Too many open files")
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", exhausted)
    monkeypatch.setattr("modemgw.api.acceptor.RETRY_S", 0.1)
    async with served(gateway) as port:
        assert await is_served(port)
    told = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert [r.getMessage() for r in told if "LimitNOFILE" in r.getMessage()] == [
        told[0].getMessage()
    ]
    assert accepts[0] < 10
