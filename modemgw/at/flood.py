"""How much a modem may say unasked, before it is listened to more slowly. Sans-IO.

A port that floods (binary of a wrong port, a firmware gone mad) must not take the time of the other
modems. Answers to commands cost nothing: their pace is ours.
"""

from __future__ import annotations

from collections.abc import Iterable

from .urc import Urc, UrcKind

UNITS_PER_S = 100_000.0
"""An octet is a unit, a line has `_LINE` more: some 240 unsolicited lines a second. A real modem
says a few, and no real line carries more than 12,000 octets without saying something of use."""
UNITS_AT_ONCE = 1_000_000.0
"""What may come in a burst: a store that was full, reports that were buffered."""
LASTING_S = 3.0
_LINE = 400
_REPORT, _REPORTS = 200, 4
"""Characters of a status report, and how many a part may bring."""
_REST_S = 0.25
_BREATH_S = 1.0
"""A flood is over when it has not been slowed down for so long."""


class FloodGate:
    """Weighs what comes in, and says when to stop listening for a moment. `now`: monotonic."""

    __slots__ = ("_at", "_lasting_s", "_left", "_slowed", "_what", "since")

    def __init__(self, now: float, lasting_s: float = LASTING_S) -> None:
        """`lasting_s`: who has been slowed down for so long will not stop by itself."""
        self._lasting_s = lasting_s
        self._left = UNITS_AT_ONCE
        self._at = now
        self._slowed = float("-inf")
        self._what = ""
        self.since: float | None = None
        """When the flood began that is going on."""

    def take(self, octets: int, lines: int, urcs: Iterable[Urc], now: float) -> float:
        """Note what has come: `octets` in so many `lines`, of which `urcs` were not asked for.

        Returns for how many seconds nothing more should be read; mostly 0.
        """
        names = []
        units = 0 if lines else octets
        for urc in urcs:
            units += _LINE + len(urc.line) + len(urc.pdu or "")
            names.append("" if urc.kind is UrcKind.UNKNOWN else urc.name)
        self._refill(now)
        self._left -= units
        if self._left >= 0:
            return 0.0
        if self.since is None or now - self._slowed > _BREATH_S:
            self.since = now
        self._what = _what(names)
        rest = max(_REST_S, -self._left / UNITS_PER_S)
        self._slowed = now + rest
        return rest

    def accepted(self, now: float) -> None:
        """A part was accepted: its reports have been asked for."""
        self._refill(now)
        self._left = min(UNITS_AT_ONCE, self._left + _REPORTS * (_LINE + _REPORT))

    def _refill(self, now: float) -> None:
        self._left = min(UNITS_AT_ONCE, self._left + (now - self._at) * UNITS_PER_S)
        self._at = now

    def reason(self, now: float) -> str | None:
        """What is flooding, in half a sentence, while it does."""
        if self.since is None or now - self._slowed > _BREATH_S:
            return None
        return f"the port floods ({self._what}) and is read slowly"

    def lasting(self, now: float) -> bool:
        """Whether it will hardly stop by itself."""
        return (
            self.since is not None
            and now - self._slowed <= _BREATH_S
            and now - self.since >= self._lasting_s
        )


def _what(names: list[str]) -> str:
    """By the last name that is known: what else a line holds is nobody's business."""
    known = next((name for name in reversed(names) if name), None)
    if known is not None:
        return f"{known} over and over"
    return "lines of no meaning" if names else "octets that are no lines"
