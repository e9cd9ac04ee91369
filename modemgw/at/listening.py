"""When a port is read, and when it is left alone for a moment (flow control).

What a modem says meanwhile waits in the driver, and then in the modem itself. A port is not read
while more has come unasked than can be kept, and a port that floods is read slowly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ..clock import Clock
from .flood import LASTING_S, FloodGate
from .urc import Urc


class Listening:
    """Tells the transport of one port to pause and to go on."""

    def __init__(self, clock: Clock, *, patience: float, on_lasting: Callable[[str], None]) -> None:
        """`on_lasting` hears, once, that the modem floods its port and does not stop."""
        self._clock = clock
        self._on_lasting = on_lasting
        self._gate = FloodGate(clock.monotonic(), LASTING_S * patience)
        self._transport: asyncio.ReadTransport | None = None
        self._held = False
        """Whoever keeps what comes in wants a pause."""
        self._resting = False
        """The flood gate wants one."""
        self._reading = True
        """The last word to the transport."""
        self._told = False
        self._over = False

    def use(self, transport: asyncio.ReadTransport) -> None:
        """The port can be told to wait: by this transport."""
        self._transport = transport

    def end(self) -> None:
        """The port is gone."""
        self._over = True

    @property
    def held(self) -> bool:
        """Whether nothing is read because what came cannot be kept yet."""
        return self._held

    @property
    def deaf(self) -> bool:
        """Whether what comes now is lost: too much, from a port that cannot be told to wait."""
        return self._resting and self._transport is None

    def hold(self, held: bool) -> None:
        """Stop reading, or go on."""
        self._held = held
        self._read_or_not()

    def take(self, octets: int, lines: int, urcs: Iterable[Urc], now: float) -> None:
        """Note what has come: `octets` in so many `lines`, of which `urcs` were not asked for.

        `now`: monotonic.
        """
        rest_s = self._gate.take(octets, lines, urcs, now)
        if rest_s and not self._resting:
            self._resting = True
            self._read_or_not()
            asyncio.get_running_loop().call_later(rest_s, self._rested)

    def accepted(self) -> None:
        """A part was accepted: its reports have been asked for, and are no flood."""
        self._gate.accepted(self._clock.monotonic())

    @property
    def flooding(self) -> str | None:
        """What floods the port, while it is read slowly for that; None as a rule."""
        return self._gate.reason(self._clock.monotonic())

    def _rested(self) -> None:
        self._resting = False
        if self._over:
            return
        self._read_or_not()
        reason = self.flooding
        if reason is not None and not self._told and self._gate.lasting(self._clock.monotonic()):
            self._told = True
            self._on_lasting(reason)

    def _read_or_not(self) -> None:
        wanted = not (self._held or self._resting)
        if wanted is self._reading or self._transport is None or self._over:
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
