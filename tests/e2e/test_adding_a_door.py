"""Where do I add a door? Beside `modemgw/api/`: it takes the parts that it needs, as protocols.

This one speaks lines of text over TCP. It knows nothing of the gateway but two small protocols, and
whoever has parts of that shape can put it before them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from labs.bank import bank_of
from labs.gateway import config_of, gateway_on

from modemgw.gateway import Accepted, Rejected
from modemgw.store.records import Event, NewMessage

# --- the door


class Sending(Protocol):
    """Of the gateway's verbs for sending this door needs one."""

    async def send(self, new: NewMessage, *, key: str) -> Accepted: ...


class Events(Protocol):
    """Tells what happens, from now on or after an event that was seen."""

    def follow(self, after: int | None = None) -> AsyncIterator[Event]: ...


class LineDoor:
    """`SEND NUMBER TEXT` answers `QUEUED ID` or `REFUSED WHY`, and then `STATUS ID` to the end."""

    FINAL = ("delivered", "undelivered", "failed", "expired", "canceled", "unknown")

    def __init__(self, sending: Sending, events: Events) -> None:
        self._sending = sending
        self._events = events

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it leaves."""
        while line := (await reader.readline()).decode():
            _, to, text = line.rstrip("\n").split(" ", 2)
            async for answer in self._answers(NewMessage(to=to, text=text)):
                writer.write(f"{answer}\n".encode())
        writer.close()

    async def _answers(self, new: NewMessage) -> AsyncIterator[str]:
        events = self._events.follow()  # before it is sent, so that nothing is missed
        try:
            accepted = await self._sending.send(new, key="lines")
        except Rejected as refusal:
            yield f"REFUSED {refusal}"
            return
        assert accepted.message is not None
        yield f"QUEUED {accepted.message.id}"
        async for event in events:
            status = event.type.removeprefix("message.")
            if event.data.get("id") == accepted.message.id and status != "queued":
                yield f"{status.upper()} {accepted.message.id}"
                if status in self.FINAL:
                    return


# --- and what it is put before


@asynccontextmanager
async def talking_to(
    door: LineDoor,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()
        await writer.wait_closed()


async def test_a_message_goes_out_through_a_door_of_thirty_lines(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        door = LineDoor(gateway.sending, gateway.events)
        async with asyncio.timeout(20), talking_to(door) as (reader, writer):
            writer.write(f"SEND {bank.modems[0].number} Hello there\n".encode())
            answers = [(await reader.readline()).decode().split() for _ in range(3)]
            assert [word for word, _ in answers] == ["QUEUED", "SENT", "DELIVERED"]
            assert len({id for _, id in answers}) == 1
            writer.write(b"SEND nobody Hello there\n")
            assert (await reader.readline()).startswith(b"REFUSED to: ")
