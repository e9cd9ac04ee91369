"""What became of parts and messages since the start, counted where it happens: by SIM, by type.

Nothing is asked of the store for it, so it begins at zero with the process. No number, text or id
of a message is in what is counted; ids are remembered until the fate of their message is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from modemgw.clock import Clock
from modemgw.histogram import Histogram
from modemgw.store.records import Event

SECONDS_TO_SENT = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 21600.0)
SECONDS_TO_DELIVERED = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 21600.0)
MOST_AWAITED = 100_000
"""Messages whose fate is awaited; of more than these the oldest are not counted in the end."""

_SILENT = "silent"
_FATES = {
    "message.delivered": "delivered",
    "message.undelivered": "undelivered",
    "message.expired": "undelivered",
}


@dataclass(slots=True, eq=False)
class SimTally:
    """What became of what went through one SIM."""

    accepted: int = 0
    """Parts that the network took."""
    ambiguous: int = 0
    """Parts of which nobody knows whether it did."""
    not_sent: int = 0
    """Parts that the modem failed with before they went out."""
    refused: Counter[str] = field(default_factory=Counter)
    """Parts that were refused, by the class of the error."""
    fates: Counter[str] = field(default_factory=Counter)
    """Messages by what their receipts told: `delivered`, `undelivered`, or `silent` where none came
    in time."""

    @property
    def tried(self) -> int:
        """Parts that the modem was given and that have an end."""
        return self.accepted + self.ambiguous + self.not_sent + sum(self.refused.values())


class _Awaited(NamedTuple):
    type: str
    due_at: float
    tally: SimTally


class Tallies:
    """All of them. Its methods belong to the loop."""

    def __init__(self, clock: Clock) -> None:
        """`clock` goes on evenly."""
        self._clock = clock
        self.sims: dict[str, SimTally] = {}
        """By ICCID."""
        self.to_sent: dict[str, Histogram] = {}
        """By type: seconds from when a message was to be sent until the network had all of it."""
        self.to_delivered: dict[str, Histogram] = {}
        """By type: the same until its receipt came."""
        self._awaited: dict[str, _Awaited] = {}
        """By the message's id: what was sent, and has a receipt to come."""

    def of(self, iccid: str) -> SimTally:
        """That of a SIM."""
        return self.sims.setdefault(iccid, SimTally())

    def sent(self, id: str, type: str, due_at: float, iccid: str, *, receipt: bool) -> None:
        """The network has every part of a message, the last through this SIM.

        `due_at`: when it was to be sent, by the steady clock. `receipt`: whether one is to come.
        """
        seconds = max(0.0, self._clock.time() - due_at)
        _histogram(self.to_sent, type, SECONDS_TO_SENT).observe(seconds)
        if receipt:
            self._awaited[id] = _Awaited(type, due_at, self.of(iccid))
            if len(self._awaited) > MOST_AWAITED:
                del self._awaited[next(iter(self._awaited))]

    def heard(self, group: Iterable[Event]) -> None:
        """Events were committed: some tell the fate of a message."""
        awaited = self._awaited
        if not awaited:
            return
        for event in group:
            fate = _FATES.get(event.type)
            if fate is None:
                if event.type != "message.sent" or "final" not in event.data:
                    continue
                fate = _SILENT
            found = awaited.pop(event.data["id"], None)
            if found is None:
                continue
            found.tally.fates[fate] += 1
            if fate == "delivered":
                seconds = max(0.0, self._clock.time() - found.due_at)
                histogram = _histogram(self.to_delivered, found.type, SECONDS_TO_DELIVERED)
                histogram.observe(seconds)


def _histogram(of: dict[str, Histogram], type: str, bounds: tuple[float, ...]) -> Histogram:
    known = of.get(type)
    if known is None:
        known = of[type] = Histogram(bounds)
    return known
