"""Voice calls that come in: a caller who lets it ring, is turned away, answered, or gives up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from modemgw.virtual.timers import Handle, Timers

_INTERNATIONAL, _NATIONAL = 145, 129
"""Type-of-address octets (TS 24.008 10.5.4.7)."""


class Ended(Enum):
    """How a call has ended."""

    REFUSED = "refused"
    GIVEN_UP = "given up"
    HUNG_UP = "hung up"


@dataclass(slots=True)
class Call:
    """One caller. `number` None: withheld."""

    number: str | None
    name: str = ""
    answered: bool = False
    ended: Ended | None = None

    def presentation(self) -> str:
        """+CLIP: with the fields of TS 27.007 7.11; CLI validity 1 is a withheld number."""
        if self.number is None:
            return '+CLIP: "",128,,,,1'
        return f'+CLIP: "{self.number}",{self._type()},,,"{self.name}",0'

    def listing(self) -> str:
        """+CLCC: of TS 27.007 7.18; status 0 is active, 4 incoming."""
        shown = f',"{self.number}",{self._type()}' if self.number is not None else ""
        return f"+CLCC: 1,1,{0 if self.answered else 4},0,0{shown}"

    def _type(self) -> int:
        return _INTERNATIONAL if (self.number or "").startswith("+") else _NATIONAL


class Calls:
    """The calls of one modem; one at a time."""

    def __init__(
        self, timers: Timers, *, ring: Callable[[Call], None], over: Callable[[], None]
    ) -> None:
        """`ring` shows one ring at the AT port, `over` that the caller has gone."""
        self._timers = timers
        self._ring = ring
        self._over = over
        self._next: Handle | None = None
        self.current: Call | None = None
        self.ended: list[Call] = []
        """Calls that are over, oldest first."""

    def come(self, call: Call, *, times: int, every_s: float = 5.0) -> None:
        """Somebody calls and lets it ring so many times. Whoever rang before has given up."""
        self._end(Ended.GIVEN_UP)
        self.current = call
        self._ring_again(times, every_s)

    def answer(self) -> bool:
        """Take the call; False when nobody rings."""
        if self.current is None or self.current.answered:
            return False
        self._stop_ringing()
        self.current.answered = True
        return True

    def hang_up(self) -> None:
        """Turn the caller away, or end the call."""
        if self.current is not None:
            self._end(Ended.HUNG_UP if self.current.answered else Ended.REFUSED)

    def power_gone(self) -> None:
        """The network finds nobody any more."""
        self._end(Ended.GIVEN_UP)

    def _ring_again(self, left: int, every_s: float) -> None:
        if self.current is None:
            return
        if left == 0:
            self._end(Ended.GIVEN_UP)
            self._over()
            return
        self._ring(self.current)
        self._next = self._timers.call_later(every_s, lambda: self._ring_again(left - 1, every_s))

    def _stop_ringing(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _end(self, how: Ended) -> None:
        self._stop_ringing()
        if self.current is not None:
            self.current.ended = how
            self.ended.append(self.current)
            self.current = None
