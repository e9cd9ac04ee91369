"""The checklist: its points in their order, and the part that looks at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from modemgw.clock import Clock
from modemgw.config import Config
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.outgoing import life
from modemgw.gateway.upkeep.readiness import machinery, messages, people
from modemgw.gateway.upkeep.readiness.facts import Facts, Seat, read
from modemgw.gateway.upkeep.readiness.finding import Finding, Item
from modemgw.store import Store


class Point(NamedTuple):
    """A point of the checklist."""

    id: str
    title: str
    look: Callable[[Facts], Finding]


POINTS: tuple[Point, ...] = (
    Point("types", "Messages have a type, and each type keeps its time", messages.types),
    Point("protocol", "The API is reached safely, with keys of few rights", machinery.protocol),
    Point("opt-in", "Opt-ins are recorded with time, source and evidence", people.opt_in),
    Point("opt-out", "STOP is obeyed", people.opt_out),
    Point("templates", "Texts are made by templates, not of raw user data", messages.templates),
    Point("limits", "Limits and back-off hold floods back", machinery.limits),
    Point("tracking", "Delivery is tracked", messages.tracking),
    Point("failover", "Another SIM carries on when one fails", machinery.failover),
    Point("batches", "What is not urgent is batched or scheduled", messages.batches),
    Point("end-to-end", "Messages were seen to arrive over each carrier", machinery.end_to_end),
    Point("monitoring", "Metrics are read, and alerts reach somebody", machinery.monitoring),
    Point("cost", "Spending has a bound, and somebody is told of it", machinery.cost),
)


def judge(facts: Facts) -> list[Item]:
    """Look at every point."""
    return [Item(point.id, point.title, point.look(facts)) for point in POINTS]


class Checklist:
    """Looks at the live gateway each time that it is asked; nothing is kept."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        clock: Clock,
        seats: Callable[[], Sequence[Seat]],
        metrics_reads: Callable[[], int],
    ) -> None:
        """`seats`: the SIMs in modems now; `metrics_reads`: see Facts."""
        self._config = config
        self._store = store
        self._clock = clock
        self._seats = seats
        self._metrics_reads = metrics_reads

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._config = config
        return nothing_left()

    async def items(self) -> list[Item]:
        """Every point, in the order of the checklist. Raises StoreUnavailable."""
        config, now, seats = self._config, self._clock.time(), self._seats()
        reads = self._metrics_reads()
        facts = await self._store.read(
            lambda view: read(view, config, now, seats, reads, life.part_status)
        )
        return judge(facts)
