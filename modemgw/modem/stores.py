"""Message stores: which one to receive into, and whether it has room (AT+CPMS, TS 27.005 3.2.2)."""

from __future__ import annotations

from dataclasses import dataclass

from ..at import AtChannel, CommandFailed, Cursor
from .identify import ask

_NOT_FOR_MESSAGES = ("SR", "BM")
"""Reports and broadcasts: nothing else is received into them."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a store is; a modem may have stores without a single slot."""

    used: int
    size: int

    @property
    def room(self) -> bool:
        """Whether another message fits."""
        return self.used < self.size


def usage_of(line: str) -> Usage | None:
    """That of the receiving store in an answer of AT+CPMS, set or read form; None: it says nothing.

    A store that can be written and not read (mem1 without slots) is of no use either.
    """
    fields = Cursor(line)
    numbers = [n for _ in range(len(fields)) if (n := fields.number()) is not None]
    if len(numbers) < 2:
        return None
    used, size = numbers[4:6] if len(numbers) >= 6 else numbers[:2]
    return Usage(used, size if numbers[1] else 0)


async def receive_into(channel: AtChannel, store: str) -> tuple[bool, Usage | None]:
    """Make `store` mem1 to mem3: whether the modem takes it, and how full it is if that is told.

    Three memories, or two, or one: Wavecom takes two, others one. Raises what the channel raises,
    but no CommandFailed.
    """
    for count in (3, 2, 1):
        lines = await ask(channel, "AT+CPMS=" + ",".join([f'"{store}"'] * count))
        if lines is not None:
            return True, next((u for line in lines if (u := usage_of(line)) is not None), None)
    return False, None


async def usage(channel: AtChannel) -> Usage | None:
    """How full the receiving store is now; None where the modem does not tell."""
    try:
        lines = (await channel.command("AT+CPMS?")).lines
    except CommandFailed:
        return None
    return next((u for line in lines if (u := usage_of(line)) is not None), None)


def named_stores(lines: tuple[str, ...] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Readable and receiving stores in `+CPMS: (mem1s),(mem2s),(mem3s)`, brackets nested or not."""
    for line in lines or ():
        cursor = Cursor(line)
        if len(cursor) == 1:
            nested = (cursor.raw() or "").removeprefix("(").removesuffix(")")
            cursor = Cursor(nested)
        readable = cursor.strings()
        cursor.skip()
        received = cursor.strings()
        return readable, received or readable
    return (), ()


def candidates(
    best: tuple[str, ...], readable: tuple[str, ...], receiving: tuple[str, ...]
) -> tuple[str, ...]:
    """The stores worth a try, in the order of `best`; then what else the modem names (such as TA).

    All of `best` where it names none of them. Pure.
    """
    named = [s for s in receiving if s in readable and s not in _NOT_FOR_MESSAGES]
    wanted = [s for s in best if s in named]
    others = [s for s in named if s not in best]
    return tuple(dict.fromkeys((*wanted, *others))) or best
