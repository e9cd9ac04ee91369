"""Receivers of webhooks: one that is quick, and others that are not well."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
SICK: dict[str, bytes] = {
    "hangs": b"",
    "answers 500": b"HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\n\r\n",
    "floods": b"HTTP/1.1 500 Sorry\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 200_000,
}


class Hook:
    """What came: a pair of monotonic and UTC seconds for the first octet of each request."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.url = ""
        self.came: list[tuple[float, float]] = []
        self.bodies: list[bytes] = []
        self.keep_bodies = False

    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    async def until(self, count: int, seconds: float) -> float:
        """Monotonic seconds at which request number `count` came."""
        end = time.monotonic() + seconds
        while len(self.came) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.came)} of {count} requests in {seconds} s")
            await asyncio.sleep(0.005)
        return self.came[count - 1][0]


class _Connection(asyncio.Protocol):
    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._buffer = b""
        self._at = (0.0, 0.0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._buffer:
            self._at = (time.monotonic(), time.time())
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        self._buffer = b""  # requests are not pipelined
        hook = self._hook
        hook.came.append(self._at)
        if hook.keep_bodies:
            hook.bodies.append(rest)
        if hook.answer:
            self._transport.write(hook.answer)


@asynccontextmanager
async def hook(answer: bytes = OK) -> AsyncIterator[Hook]:
    """A receiver that says `answer` to each request; nothing: it says nothing."""
    one = Hook(answer)
    make: Callable[[], asyncio.Protocol] = lambda: _Connection(one)  # noqa: E731
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield one
    finally:
        server.close()
