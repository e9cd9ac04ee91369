"""Voice calls: each is told of once, and turned away where that is wanted.

`+CLIP:` follows each RING (TS 27.007 7.11) where the network and the caller let the number be seen.
A ringing modem sends badly or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ..at import AtChannel, Charset, Cursor, Urc
from ..clock import Clock
from .identify import ask
from .timings import Timings

log = logging.getLogger(__name__)

_RINGS = ("RING", "+CRING")
_OVER = ("NO CARRIER", "BUSY", "NO ANSWER")
_INTERNATIONAL = 0x91
_TON = 0xF0
"""The type of number and the bit above it, in a type-of-address octet (TS 24.008 10.5.4.7)."""


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody calls. `number` as the network gives it, + in front where it is international; None
    where it is withheld or not known. `name`: as the SIM's phonebook knows it."""

    number: str | None = None
    name: str | None = None


class Calls:
    """Attends to those who call one modem."""

    def __init__(
        self,
        channel: AtChannel,
        *,
        reject: bool,
        told: Callable[[Call], None],
        clock: Clock,
        timings: Timings,
    ) -> None:
        """`told` hears of each call once; `reject`: hang up on them."""
        self._channel = channel
        self._reject = reject
        self._told = told
        self._clock = clock
        self._timings = timings
        self._ringing = asyncio.Event()
        self._shown = asyncio.Event()
        self._rang_at = float("-inf")
        self._caller = Call()

    def hear(self, urc: Urc, charset: Charset) -> None:
        """The modem tells of a call."""
        if urc.name in _RINGS:
            self._rang_at = self._clock.monotonic()
            self._ringing.set()
        elif urc.name == "+CLIP":
            self._caller = caller(urc.line, charset)
            self._rang_at = self._clock.monotonic()
            self._shown.set()
            self._ringing.set()
        elif urc.name in _OVER:
            self._rang_at = float("-inf")

    async def attend(self) -> None:
        """Tell of calls and turn them away, until cancelled."""
        while True:
            await self._ringing.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timings.caller_shown):
                    await self._shown.wait()
            try:
                self._told(self._caller)
            except Exception:
                log.exception("a call was not taken note of")
            if self._reject:
                if await ask(self._channel, "AT+CHUP") is None:
                    await ask(self._channel, "ATH")
                # It goes on ringing for a moment; and who rings like mad is not answered like mad.
                await self._clock.sleep(self._timings.pulse)
            else:
                await self._until_quiet()
            self._caller = Call()
            self._shown.clear()
            self._ringing.clear()

    async def _until_quiet(self) -> None:
        """Rings of one call come every five seconds or so."""
        while True:
            await self._clock.sleep(self._timings.pulse)
            if self._clock.monotonic() - self._rang_at >= self._timings.rings_apart:
                return


def caller(line: str, charset: Charset) -> Call:
    """Who calls, by `+CLIP: <number>,<type>[,<subaddr>,<satype>[,<alpha>[,<CLI validity>]]]`."""
    cursor = Cursor(line)
    number, kind = cursor.string(), cursor.number()
    name = cursor.skip(2).string()
    if number and kind is not None and kind & _TON == _INTERNATIONAL & _TON:
        number = f"+{number.removeprefix('+')}"
    return Call(number or None, charset.read(name) if name else None)
