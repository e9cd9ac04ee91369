"""A client that loses its connection again and again: each message goes out once, says the SMSC."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from labs.daemon import daemon, until_ready, write_config
from labs.waiting import until

from modemgw.client import Client, Retry
from modemgw.virtual import Bank, BankSettings

SOON = Retry(tries=20, first_s=0.01, longest_s=0.05)
MESSAGES = 20


@asynccontextmanager
async def losing(port: int) -> AsyncIterator[str]:
    """A way to the gateway that is cut for each request in a row at another place, but the fourth.

    1: before the request is there; 2: when the gateway has answered; 3: in the midst of the answer.
    """
    count = 0
    under_way: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    await carry(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()
            under_way.discard(task)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        asked = await message_of(reader)
        count += 1
        place = count % 4
        if place == 1:
            raise ConnectionError
        there, back = await asyncio.open_connection("127.0.0.1", port)
        back.write(asked)
        answer = await message_of(there)
        back.close()
        if place == 2:
            raise ConnectionError
        writer.write(answer[: len(answer) // 2] if place == 3 else answer)
        await writer.drain()
        if place == 3:
            raise ConnectionError

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def message_of(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer, with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head


async def test_each_message_is_sent_once_over_a_connection_that_is_lost(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        settings = BankSettings(modems=2, part_seconds=0.02, receipt_seconds=0.05)
        bank = await stack.enter_async_context(Bank(settings, tmp_path / "bank"))
        config = write_config(tmp_path, bank.paths)
        running = await stack.enter_async_context(daemon(config))
        await until_ready(running.url)
        url = await stack.enter_async_context(losing(int(running.url.rpartition(":")[2])))
        client = await stack.enter_async_context(Client(url, running.key, retry=SOON))
        async with asyncio.timeout(60):
            sent = await asyncio.gather(
                *(client.send(f"+4477009001{n:02}", f"only once {n}") for n in range(MESSAGES))
            )
            waited = await client.send("+447700900199", "and its fate", wait=30)
        assert waited.status == "delivered"
        assert len({message.id for message in sent}) == MESSAGES

        async with Client(running.url, running.key) as direct:

            async def all_delivered() -> bool:
                return all([m.status == "delivered" async for m in direct.messages()])

            await until(all_delivered, 30)
            assert len([m async for m in direct.messages()]) == MESSAGES + 1
        arrived = Counter(message.text for message in bank.smsc.messages)
        assert arrived == {f"only once {n}": 1 for n in range(MESSAGES)} | {"and its fate": 1}
