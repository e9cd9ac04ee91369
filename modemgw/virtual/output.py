"""Octets on their way from a modem to its line: as they are, one by one, or not at all."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from modemgw.virtual.power import Power
from modemgw.virtual.timers import Timers


class Wire(Protocol):
    """What one AT port of a modem hangs on: a pseudo-terminal."""

    def write(self, data: bytes) -> None: ...

    def stall(self, *, stalled: bool) -> None:
        """Stop (or go on) reading what the other side writes."""


class Output:
    """The last part that octets pass; a modem that hangs says nothing."""

    def __init__(self, wire: Wire, power: Power, timers: Timers) -> None:
        self._wire = wire
        self._power = power
        self._timers = timers
        self._trickle: deque[int] = deque()
        self.split_seconds: float | None = None
        """A fault plugs in here: every octet comes alone, this time apart."""

    def write(self, data: bytes) -> None:
        """Octets for the line."""
        if not data or self._power.hung:
            return
        if self.split_seconds is None and not self._trickle:
            self._wire.write(data)
            return
        idle = not self._trickle
        self._trickle += data
        if idle:
            self._next_octet()

    def _next_octet(self) -> None:
        if self.split_seconds is None:
            rest = bytes(self._trickle)
            self._trickle.clear()
            self._wire.write(rest)
            return
        if self._trickle:
            self._wire.write(bytes((self._trickle.popleft(),)))
            if self._trickle:
                self._timers.call_later(self.split_seconds, self._next_octet)
