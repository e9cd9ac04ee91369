"""Reading and emptying the message stores of a modem (AT+CPMS, CMGR, CMGL, CMGD: TS 27.005 3)."""

from __future__ import annotations

import logging

from ..at import AtChannel, CommandFailed
from ..clock import Clock
from .pdus import Stored, entries, is_replaceable

log = logging.getLogger(__name__)

_SLOW_COMMIT_S = 5.0
_KEPT_S = 3600.0
"""What the modem does not delete is offered again now and then, so that it stays known."""
_NOTHING_THERE = frozenset({21, 22, 321})
"""Errors for a slot that is empty, or does not exist."""
_BUSY = frozenset({14, 256, 301, 314, 500, 512, 515, 519, 522, 532, 535})
"""Errors of a store that can be read in a moment (SIM busy, init in progress…)."""


class NotNow(Exception):
    """The store cannot be read at this moment; what is in it stays there."""


class StoreReader:
    """Reads, lists and deletes entries of one modem's stores, and knows which store is chosen."""

    def __init__(
        self, channel: AtChannel, clock: Clock, *, chosen: str | None, list_all: str
    ) -> None:
        """`chosen` is mem1 now; `list_all` the argument of AT+CMGL for "all", likeliest."""
        self._channel = channel
        self._clock = clock
        self.chosen = chosen
        """The store that is read and deleted in (mem1); None: not known, or there is but one."""
        self._list_all = list_all
        self._left: dict[tuple[str | None, int, str], float] = {}
        """What could not be deleted, and until when it is not offered again (monotonic)."""

    def is_left(self, memory: str | None, stored: Stored, at: float | None = None) -> bool:
        """Whether an entry is known as one that the modem does not delete.

        `at`: and it need not be offered again at this time (monotonic) either.
        """
        until = self._left.get((memory, stored.index, stored.pdu.raw))
        return until is not None and (at is None or until > at)

    async def read(self, memory: str, index: int) -> Stored | None:
        """What is there, None: nothing. Raises NotNow."""
        if not await self.select(memory):
            return None
        try:
            lines = (await self._channel.command(f"AT+CMGR={index}")).lines
        except CommandFailed as error:
            if error.code.number in _NOTHING_THERE:
                return None
            raise NotNow from error
        return next(iter(entries(lines, memory, index)), None)

    async def select(self, memory: str) -> bool:
        """Read and delete in `memory` (mem1) from now on; mem3 stays what it is. Raises NotNow."""
        if memory == self.chosen:
            return True
        try:
            await self._channel.command(f'AT+CPMS="{memory}"')
        except CommandFailed as error:
            if error.code.number in _BUSY:
                raise NotNow from error
            return False
        self.chosen = memory
        return True

    async def delete(self, memory: str | None, stored: Stored, started: float) -> None:
        """Delete an entry that was read at `started` (monotonic) and is safe now."""
        slow = self._clock.monotonic() - started > _SLOW_COMMIT_S
        if memory is not None and (slow or is_replaceable(stored)):
            # The slot may have been emptied and used again meanwhile, or hold what replaced this.
            try:
                again = await self.read(memory, stored.index)
            except NotNow:
                return
            if again is None or again.pdu.raw != stored.pdu.raw:
                return
        key = (memory, stored.index, stored.pdu.raw)
        try:
            await self._channel.command(f"AT+CMGD={stored.index}")
        except CommandFailed as error:
            log.warning("message %d in %s cannot be deleted: %s", stored.index, memory, error.code)
            self._left[key] = self._clock.monotonic() + _KEPT_S
        else:
            self._left.pop(key, None)

    async def everything_in(self, memory: str | None) -> list[Stored]:
        """AT+CMGL (TS 27.005 3.4.2); an empty store is OK, 321 or ERROR, as the modem likes.

        Raises NotNow.
        """
        for argument in dict.fromkeys((self._list_all, "4", '"ALL"')):
            try:
                lines = (await self._channel.command(f"AT+CMGL={argument}")).lines
            except CommandFailed as error:
                if error.code.number in (303, 305):
                    continue  # wants words even in PDU mode (Quectel EP06)
                if error.code.number in _BUSY:
                    raise NotNow from error
                return []
            self._list_all = argument
            return entries(lines, memory, None)
        return []
