"""A lean HTTP/1.1 client, so that the load costs the machine little beside what it loads.

One request at a time on one kept-alive connection; answers must have a Content-Length.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit


class Broken(Exception):
    """The connection ended before the answer was there."""


class Connection(asyncio.Protocol):
    """A kept-alive connection. Make it with `connect`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._received = b""
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        length = int(head.lower().partition(b"\r\ncontent-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._received = b""
        if self._answer is not None:
            self._answer.set_result((int(head[9:12]), body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a prepared request; the status and body of its answer. Raises Broken."""
        if self._lost:
            raise Broken
        self._answer = self._loop.create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self._transport.close()


async def connect(url: str) -> Connection:
    """A connection to the server of a URL. Raises Broken."""
    where = urlsplit(url)
    loop = asyncio.get_running_loop()
    assert where.hostname is not None
    assert where.port is not None
    try:
        _, connection = await loop.create_connection(Connection, where.hostname, where.port)
    except OSError as error:
        raise Broken from error
    return connection


def post(url: str, key: str, path: str, body: Any, idempotency_key: str | None = None) -> bytes:
    """A prepared POST."""
    content = json.dumps(body).encode()
    once = f"Idempotency-Key: {idempotency_key}\r\n" if idempotency_key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\n{once}Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def flood(
    url: str, requests: Sequence[bytes], connections: int, answered: Callable[[bytes], None]
) -> None:
    """Send every request, each connection the next one as soon as it has its answer."""
    waiting = iter(requests)

    async def one() -> None:
        connection = await connect(url)
        for request in waiting:
            status, body = await connection.ask(request)
            if status != 202:
                raise RuntimeError(f"HTTP {status}: {body.decode(errors='replace')}")
            answered(body)
        connection.close()

    await asyncio.gather(*(one() for _ in range(connections)))
