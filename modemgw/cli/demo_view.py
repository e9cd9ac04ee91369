"""Shows what a gateway does: a live screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from modemgw.cli.messages import modems_of
from modemgw.cli.options import first
from modemgw.cli.output import clip, content, table
from modemgw.cli.say import say, say_lines
from modemgw.client import Client, Unreachable, answers
from modemgw.plain import printable_lines

REFRESH_S = 0.25
ROWS = 15


@dataclass
class Snapshot:
    """What is shown, newest first."""

    messages: Sequence[answers.Message] = ()
    modems: Sequence[answers.Modem] = ()
    inbound: Sequence[answers.Inbound] = ()


class View(Protocol):
    """Where it is shown."""

    def show(self, snapshot: Snapshot) -> None:
        """What there is now."""
        ...

    def say(self, text: str) -> None:
        """A line that stays."""
        ...


@dataclass
class Lines:
    """A line for each change."""

    seen: dict[str, str] = field(default_factory=dict)

    def show(self, snapshot: Snapshot) -> None:
        for modem in snapshot.modems:
            self._changed(f"modem {modem.id}", modem.state)
        for item in reversed(snapshot.inbound):
            self._changed(f"received from {item.from_}", content(item), item.id)
        for message in reversed(snapshot.messages):
            text = f"{clip(content(message), 30)!r} to {message.to}"
            detail = message.status
            if modems := modems_of(message):
                detail += f" ({modems}{_ending(message)})"
            self._changed(text, detail, message.id, message.status)

    def say(self, text: str) -> None:
        say_lines(text)

    def _changed(self, what: str, state: str, key: str = "", mark: str = "") -> None:
        key, mark = key or what, mark or state
        if self.seen.get(key) != mark:
            self.seen[key] = mark
            say(f"{what}: {state}")


def _ending(message: answers.Message) -> str:
    times = [_seconds(message, accepted_at(message)), _seconds(message, settled_at(message))]
    words = ("sent", "settled")
    return "".join(f", {w} after {t}" for w, t in zip(words, times, strict=True) if t)


@dataclass
class Screen:
    """Tables that change in place."""

    live: Live

    def show(self, snapshot: Snapshot) -> None:
        self.live.update(
            Group(
                table(
                    ("modem", "state", "number", "model", "signal", "sent", "received"),
                    [
                        (
                            m.id,
                            m.state,
                            m.sim and m.sim.number,
                            m.model,
                            m.signal_dbm and f"{m.signal_dbm} dBm",
                            m.sent,
                            m.received,
                        )
                        for m in snapshot.modems[:8]
                    ],
                ),
                table(
                    ("to", "text", "parts", "status", "modem", "sent after", "settled after"),
                    [
                        (
                            m.to,
                            clip(content(m), 30),
                            f"{_accepted(m)}/{len(m.parts)}",
                            m.status,
                            modems_of(m),
                            _seconds(m, accepted_at(m)),
                            _seconds(m, settled_at(m)),
                        )
                        for m in snapshot.messages
                    ],
                ),
                table(
                    ("received from", "text", "by modem"),
                    [(i.from_, clip(content(i), 60), i.modem) for i in snapshot.inbound[:5]],
                ),
            ),
            refresh=True,
        )

    def say(self, text: str) -> None:
        self.live.console.print(Text(printable_lines(text)), soft_wrap=True)


def _accepted(message: answers.Message) -> int:
    return sum(part.submitted_at is not None for part in message.parts)


def accepted_at(message: answers.Message) -> datetime | None:
    """When the network had taken every part."""
    times = [part.submitted_at for part in message.parts]
    return None if None in times else max(t for t in times if t is not None)


def settled_at(message: answers.Message) -> datetime | None:
    """When the last final receipt came."""
    receipts = [part.receipt for part in message.parts]
    times = [r.received_at for r in receipts if r is not None and r.final]
    return max(times) if len(times) == len(receipts) and times else None


def _seconds(message: answers.Message, moment: datetime | None) -> str:
    return "" if moment is None else f"{(moment - message.created_at).total_seconds():.2f} s"


async def look(client: Client) -> Snapshot:
    """What there is now."""
    return Snapshot(
        await first(ROWS, client.messages(limit=ROWS)),
        await client.modems(),
        await first(ROWS, client.inbounds(limit=ROWS)),
    )


@asynccontextmanager
async def watching(client: Client) -> AsyncIterator[View]:
    """Shows the gateway behind `client` until left."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        async with _refreshing(client, Lines()) as view:
            yield view
        return
    with Live(console=console, auto_refresh=False) as live:
        async with _refreshing(client, Screen(live)) as view:
            yield view


@asynccontextmanager
async def _refreshing(client: Client, view: View) -> AsyncIterator[View]:
    async def refresh() -> None:
        shown = None
        while True:
            if (now := await look(client)) != shown:
                shown = now
                view.show(now)
            await asyncio.sleep(REFRESH_S)

    task = asyncio.create_task(refresh(), name="demo view")
    try:
        yield view
        with suppress(Unreachable):
            view.show(await look(client))
    finally:
        task.cancel()
        await asyncio.wait([task])
