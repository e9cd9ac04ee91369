"""A server that webhooks are posted to, and that misbehaves as it is told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from labs.waiting import until


@dataclass(frozen=True)
class Request:
    """What was posted."""

    path: str
    headers: dict[str, str]
    """By names in small letters."""
    body: bytes
    at: float
    """Monotonic seconds at which its first line came."""

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """What it got, and what it answers: each request by the next of `script`, then by `usual`."""

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    usual: Answer = field(default_factory=lambda: answers(204))
    got: list[Request] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def until(self, count: int, within_s: float = 20.0) -> list[Request]:
        await until(
            lambda: len(self.got) >= count, within_s, lambda: f"{len(self.got)} of {count} requests"
        )
        return self.got

    def told(self, *names: str) -> list[Any]:
        """What each request says: its type, or these fields of its data."""
        documents = [request.document for request in self.got]
        if not names:
            return [document["type"] for document in documents]
        return [tuple(document["data"].get(name) for name in names) for document in documents]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while first := await reader.readline():
                    await self._request(first, reader, writer)
        finally:
            writer.transport.abort()

    async def _request(
        self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        at = time.monotonic()
        headers = {}
        while (line := await reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(first.split()[1].decode(), headers, body, at)
        self.got.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await (self.script.pop(0) if self.script else self.usual)(request, writer)
            await writer.drain()
        finally:
            self.at_once -= 1


def answers(status: int, body: bytes = b"", **fields: str) -> Answer:
    """A decent answer; `fields` are header fields, with _ for -."""
    lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    octets = "\r\n".join([*lines, "", ""]).encode() + body

    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)

    return answer


async def hangs(_: Request, writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.sleep(3600)


async def hangs_up(_: Request, writer: asyncio.StreamWriter) -> None:
    """Takes the request and hangs up."""
    writer.close()


async def breaks_off(_: Request, writer: asyncio.StreamWriter) -> None:
    """Promises more than it says."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    writer.close()


async def floods(_: Request, writer: asyncio.StreamWriter) -> None:
    """Says yes, and does not stop talking."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def no_http(_: Request, writer: asyncio.StreamWriter) -> None:
    """Speaks something else."""
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()
    writer.close()


def late(seconds: float, then: Answer) -> Answer:
    """Answers after so many seconds."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await then(request, writer)

    return answer


@asynccontextmanager
async def receiver(*script: Answer, usual: Answer | None = None) -> AsyncIterator[Receiver]:
    """A receiver at `url`."""
    one = Receiver(script=list(script))
    if usual is not None:
        one.usual = usual
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(one.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield one
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted is closed
