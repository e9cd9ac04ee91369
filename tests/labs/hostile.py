"""A server that answers as no server should, as it is told, and remembers what was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What is done once a request was read; then the connection is closed."""


@dataclass
class Request:
    """What came."""

    method: str
    path: str
    headers: dict[str, str]
    """By their names in small letters."""
    body: Any


@dataclass
class Hostile:
    """Behaves as in `script`, once each; the last one is for all that come after."""

    script: list[Behaviour]
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await read_request(reader)
            self.requests.append(request)
            behaviour = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            await behaviour(reader, writer)
        writer.close()


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, json.loads(raw) if raw else None)


@asynccontextmanager
async def hostile(*script: Behaviour) -> AsyncIterator[Hostile]:
    """The server, listening; what is under way when this is left is called off."""
    one = Hostile(list(script))
    under_way: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            await one.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            under_way.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        server.close()
        for task in list(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def answers(status: int, document: Any = None, **headers: str) -> Behaviour:
    """An answer as it should be; `Retry_After` is the header Retry-After."""
    problem = "application/problem+json" if status >= 400 else "application/json"
    return says(status, json.dumps(document or {}).encode(), problem, **headers)


def says(status: int, body: bytes, kind: str, **headers: str) -> Behaviour:
    """An answer of any kind."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(
            f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\n{more}"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()

    return behave


async def closes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The request was read, and there is no answer."""
    writer.transport.abort()


async def breaks_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer that ends in its middle."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n"
    )
    writer.write(b'{"id": "msg_')
    await writer.drain()


async def raves(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """No HTTP."""
    writer.write(b"+CME ERROR: 3\r\n\r\n")
    await writer.drain()


async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """No answer until the client leaves."""
    await reader.read()
