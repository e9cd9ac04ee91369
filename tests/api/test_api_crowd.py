"""Slow clients and idle streams in number, and the honest who must notice nothing.

benchmarks/doors.py does the same against the real daemon, with more of them, and measures.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from labs.certificates import trusting
from labs.waiting import until

from modemgw.api.server import bind, serve
from modemgw.api.tls import open_tls
from modemgw.config import HttpSection

SLOW, STREAMS, CLIENTS, POSTS = 60, 40, 10, 20
PAUSE_S = 0.02
"""Between the octets of a slow client."""
HEAD = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
KEY = b"Authorization: Bearer key-%s\r\n"
BODY = b'{"to": "+447700900001", "text": "x"}'
POST = HEAD + KEY % b"send" + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
FOLLOW = b"GET /v1/events HTTP/1.1\r\nHost: x\r\n" + KEY % b"inbound" + b"\r\n"
BEGINNINGS = (
    b"",
    HEAD[:30],
    HEAD + KEY % b"send" + b"Content-Length: 4000\r\n\r\n{",
    HEAD + b"Content-Length: 4000\r\n\r\n{",
)
"""Of a slow client: nothing (with TLS: of a handshake), headers, a body, and one without a key."""


class Door:
    """Where the clients of one test go, and what became of the honest."""

    def __init__(self, where: dict[str, Any], context: ssl.SSLContext | None):
        self.where, self.context = where, context
        self.errors: Counter[str] = Counter()
        self.slow = self.opened = self.posted = 0

    async def connect(self, *, honest: bool):
        """A slow one comes without TLS every other time: it is slow before it is anything else."""
        context = self.context if honest or self.slow % 2 else None
        name = "localhost" if context else None
        if "path" in self.where:
            return await asyncio.open_unix_connection(**self.where)
        return await asyncio.open_connection(**self.where, ssl=context, server_hostname=name)

    async def drip(self, number: int) -> None:
        begun = BEGINNINGS[number % len(BEGINNINGS)]
        while True:
            self.slow += 1
            with suppress(OSError):
                reader, writer = await self.connect(honest=False)
                try:
                    writer.write(begun)
                    while not reader.at_eof():
                        writer.write(b"a" if begun else b"\x16")
                        await writer.drain()
                        await asyncio.sleep(PAUSE_S)
                finally:
                    writer.transport.abort()
            await asyncio.sleep(PAUSE_S)

    async def listen(self) -> None:
        reader, writer = await self.connect(honest=True)
        writer.write(FOLLOW)
        if b" 200 " not in await reader.readline():
            self.errors["stream refused"] += 1
        self.opened += 1
        try:
            while await reader.read(1 << 16):
                pass
            self.errors["stream ended"] += 1
        except OSError:
            self.errors["stream broken"] += 1
        finally:
            writer.transport.abort()

    async def send(self) -> None:
        reader, writer = await self.connect(honest=True)
        try:
            for _ in range(POSTS):
                writer.write(POST)
                head = await reader.readuntil(b"\r\n\r\n")
                if b" 202 " not in head:
                    self.errors[head.split(b"\r\n")[0].decode()] += 1
                await reader.readexactly(int(head.lower().split(b"content-length:")[1].split()[0]))
                self.posted += 1
                await asyncio.sleep(PAUSE_S)
        except (OSError, EOFError) as error:
            self.errors[repr(error)] += 1
        finally:
            writer.transport.abort()


@pytest.mark.parametrize("how", ["tcp", "tls", "unix"])
async def test_the_honest_notice_nothing_of_those_who_are_slow(gateway, tmp_path: Path, how):
    given: dict[str, Any] = {"listen": "127.0.0.1:0"}
    context = None
    if how == "unix":
        given = {"listen": f"unix:{tmp_path}/socket"}
    elif how == "tls":
        ca = trustme.CA()
        file = tmp_path / "both.pem"
        file.write_bytes(ca.issue_cert("localhost").private_key_and_cert_chain_pem.bytes())
        given["tls_certificate"] = file
        context = trusting(ca)
    http = HttpSection(
        max_connections=80, max_streams=STREAMS, max_streams_per_key=STREAMS, **given
    )
    bound = bind(http)
    name = bound.getsockname()
    where = {"path": name} if how == "unix" else {"host": name[0], "port": name[1]}
    door = Door(where, context)
    async with serve(gateway, bound, http, open_tls(http)), asyncio.timeout(60):
        listening = [asyncio.create_task(door.listen()) for _ in range(STREAMS)]
        await until(lambda: door.opened == STREAMS)
        dripping = [asyncio.create_task(door.drip(n)) for n in range(SLOW)]
        await until(lambda: door.slow > SLOW)
        await asyncio.gather(*(door.send() for _ in range(CLIENTS)))
        assert not door.errors
        assert door.posted == CLIENTS * POSTS == len(gateway.sending.sent)
        for task in (*dripping, *listening):
            task.cancel()
        await asyncio.wait((*dripping, *listening))
