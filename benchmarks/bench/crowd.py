"""Many clients in a process of their own: those that are slow, and those that only listen.

Arguments: the URL, a key that may send, one that may follow, how many of both. Prints `ready` when
every stream is open, and when its standard input ends, what became of them, as JSON.

The slow ones send an octet a second, of headers or of a body, and begin anew when they are closed.
"""

import asyncio
import json
import resource
import sys
from collections import Counter
from contextlib import suppress
from urllib.parse import urlsplit

PAUSE_S = 1.0
AT_ONCE = 32
"""Streams that are being opened at the same time."""


class Crowd:
    """Clients of the server at `url`."""

    def __init__(self, url: str, sender: str, follower: str) -> None:
        where = urlsplit(url)
        self._address = (where.hostname, where.port)
        head = "HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n"
        self._headers = f"POST /v1/messages {head.format(sender)}X: {'a' * 4000}".encode()
        self._body = (
            f"POST /v1/messages {head.format(sender)}Content-Type: application/json\r\n"
            "Content-Length: 4000\r\n\r\n{"
        ).encode()
        self._follow = f"GET /v1/events {head.format(follower)}\r\n".encode()
        self._opening = asyncio.Semaphore(AT_ONCE)
        self.seen: Counter[str] = Counter()

    async def slow(self, number: int) -> None:
        """Never finish a request."""
        await asyncio.sleep(PAUSE_S * (number % 100) / 100)
        at_once, octets = (self._body, b" ") if number % 2 else (self._headers[:1], b"")
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(*self._address)
                self.seen["slow connections"] += 1
                writer.write(at_once)
                rest = iter(self._headers[1:])
                while not writer.is_closing():
                    await asyncio.sleep(PAUSE_S)
                    writer.write(octets or bytes([next(rest)]))
                    await writer.drain()
            await asyncio.sleep(PAUSE_S)

    async def follow(self, opened: asyncio.Event) -> None:
        """Listen; each end is one too many."""
        async with self._opening:
            reader, writer = await asyncio.open_connection(*self._address)
            writer.write(self._follow)
            status = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " in status:
            self.seen["streams"] += 1
        opened.set()
        with suppress(OSError):
            while await reader.read(1 << 16):
                self.seen["stream reads"] += 1
        self.seen["streams ended"] += 1
        writer.close()


async def main() -> None:
    url, sender, follower, slow, streams = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(url, sender, follower)
    opened = [asyncio.Event() for _ in range(int(streams))]
    tasks = [asyncio.create_task(crowd.follow(event)) for event in opened]
    for event in opened:
        await event.wait()
    tasks += [asyncio.create_task(crowd.slow(n)) for n in range(int(slow))]
    await asyncio.sleep(PAUSE_S * 2)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(crowd.seen), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


asyncio.run(main())
