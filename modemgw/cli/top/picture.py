"""What there is, as the API tells it at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from modemgw.cli.options import first
from modemgw.client import Client, answers

TYPES = ("otp", "transactional", "promotional")
COUNTED = 100
"""Messages of a type that are counted; beyond, there are at least so many."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The messages of one type that wait for a modem."""

    type: str
    count: int
    oldest: datetime | None
    """When the oldest of those that were counted came."""

    @property
    def more(self) -> bool:
        """Whether there may be more, and older ones, than were counted."""
        return self.count >= COUNTED


@dataclass(frozen=True, slots=True)
class Picture:
    """What is shown."""

    modems: Sequence[answers.Modem] = ()
    sims: Sequence[answers.SimCard] = ()
    queues: Sequence[Queue] = ()
    ready: bool = False
    detail: str | None = None
    """What does not work as it should."""
    signals: Mapping[str, Sequence[int | None]] = field(default_factory=dict)
    """dBm of each modem, the oldest first."""
    paces: Mapping[str, float | None] = field(default_factory=dict)
    """Parts a minute that each modem sends."""

    @property
    def alerts(self) -> list[str]:
        """What a person may have to see to, in sentences."""
        told = [] if self.detail is None else self.detail.split("; ")
        if not self.ready and not told:
            told.append("no modem can send")
        for sim in self.sims:
            name = f"SIM {sim.number or sim.iccid}"
            if sim.breaker.state != "ok":
                told.append(f"{name} is {sim.breaker.state}: the network refuses it")
            if sim.balance is not None and sim.balance.low:
                told.append(f"{name} has little credit left: {sim.balance.amount}")
        return told


async def queues(client: Client) -> list[Queue]:
    """The messages that wait, by type."""
    found = []
    for type_ in TYPES:
        pages = client.messages(status="queued", type=type_, limit=COUNTED)
        waiting = await first(COUNTED, pages)
        oldest = min((m.created_at for m in waiting), default=None)
        found.append(Queue(type_, len(waiting), oldest))
    return found
