"""Whether messages come as far as their type wants in the time that it gives them.

Only messages of types with a target are known here, and each only until it is reached: who has
none costs nothing. Figures count from the start of this run.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from modemgw.clock import SteadyClock
from modemgw.config import Config, TypeSection
from modemgw.gateway.outgoing.job import Job
from modemgw.store import Store
from modemgw.store.records import Event

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
CALM_S = 60.0
"""After so long without another late one, while none is awaited, the target is met again."""
STALE = 1024
"""So many entries more than there are messages: then those that are over are thrown away."""

_ENDS = frozenset(
    f"message.{end}" for end in ("undelivered", "failed", "expired", "canceled", "unknown")
)


@dataclass(frozen=True, slots=True)
class Target:
    """How far a message should come, and how soon after its acceptance or its `send_at`."""

    goal: str
    """`sent` or `delivered`."""
    seconds: float

    @classmethod
    def of(cls, policy: TypeSection) -> Target | None:
        """The target of a type; None: it has none."""
        if not policy.target_seconds:
            return None
        return cls(policy.target, policy.target_seconds)


@dataclass(slots=True)
class Tally:
    """How the messages of one type did since the start."""

    target: Target
    in_time: int = 0
    late: int = 0
    overdue: set[str] = field(default_factory=set)
    """Ids of those that are late and have not come so far yet."""
    late_before: int = 0
    """`late` when all was well last."""
    last_late_at: float | None = None
    """When the last one became late; None: all is well, and nobody has to be told."""


@dataclass(slots=True)
class _Aim:
    """A message on its way to its target."""

    type: str
    deadline: float
    is_sent_enough: bool


class Punctuality:
    """Watches the messages of types that have a target. `find` gives a job that still waits."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        clock: SteadyClock,
        find: Callable[[int], Job | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._find = find
        self.tallies: dict[str, Tally] = {}
        """By type, of those that have a target."""
        self._aims: dict[str, _Aim] = {}
        """By the message's id."""
        self._deadlines: list[tuple[float, int, str]] = []
        """When to look at which message, by number and id."""
        self._news = asyncio.Event()
        """Set when there is something to look at."""
        self.configure(config, ())
        store.on_events(self._heard)

    def configure(self, config: Config, waiting: Iterable[Job]) -> None:
        """Go by this configuration. A type whose target is another begins anew with what waits."""
        before, self.tallies = self.tallies, {}
        for name, policy in config.type.by_name().items():
            target = Target.of(policy)
            if target is not None:
                known = before.get(name)
                same = known is not None and known.target == target
                self.tallies[name] = known if known is not None and same else Tally(target)
        kept = {name for name, tally in self.tallies.items() if before.get(name) is tally}
        self._aims = {id: aim for id, aim in self._aims.items() if aim.type in kept}
        self.watch(job for job in waiting if job.type not in kept)

    def watch(self, jobs: Iterable[Job]) -> None:
        """These have been accepted, or were found waiting."""
        if not self.tallies:
            return
        for job in jobs:
            tally = self.tallies.get(job.type)
            if tally is None:
                continue
            deadline = job.due_at + tally.target.seconds
            enough = tally.target.goal == "sent" or not job.receipt
            self._aims[job.id] = _Aim(job.type, deadline, enough)
            heappush(self._deadlines, (deadline, job.n, job.id))
            self._news.set()

    async def run(self) -> None:
        """Look at what should have come so far by now, until cancelled."""
        while True:
            await self._news.wait()
            self.look()
            if not self._deadlines and all(t.last_late_at is None for t in self.tallies.values()):
                self._news.clear()
            await self._clock.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """See what is late by now, and whether what was late is over."""
        now = self._clock.time()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, n, id = heappop(self._deadlines)
            self._is_due(n, id, now)
        if len(self._deadlines) > 2 * len(self._aims) + STALE:
            self._deadlines = [one for one in self._deadlines if one[2] in self._aims]
            heapify(self._deadlines)
        for name, tally in self.tallies.items():
            if tally.last_late_at is None or tally.overdue or now - tally.last_late_at < CALM_S:
                continue
            tally.last_late_at = None
            logger.info("%s messages come in time again", name)
            self._tell("target.met", name, tally)
            tally.late_before = tally.late

    def troubles(self) -> list[str]:
        """What to tell of messages that are late: a line for each type."""
        return [
            f"{len(tally.overdue)} {name} messages are not {tally.target.goal} "
            f"{tally.target.seconds:g} s after they should have been sent"
            for name, tally in self.tallies.items()
            if tally.overdue
        ]

    def _is_due(self, n: int, id: str, now: float) -> None:
        aim = self._aims.get(id)
        if aim is None or id in self.tallies[aim.type].overdue:
            return
        tally = self.tallies[aim.type]
        job = self._find(n)
        if job is not None:  # it may have been put off meanwhile: its time runs from then on
            aim.deadline = job.due_at + tally.target.seconds
        if aim.deadline > now:
            heappush(self._deadlines, (aim.deadline, n, id))
            return
        tally.overdue.add(id)
        self._is_late(aim.type, tally, id, now)

    def _is_late(self, name: str, tally: Tally, id: str, now: float) -> None:
        tally.late += 1
        first, tally.last_late_at = tally.last_late_at is None, now
        if first:
            logger.warning(
                "message %s (%s) is not %s after %g s: others may be late, too",
                id,
                name,
                tally.target.goal,
                tally.target.seconds,
            )
            self._tell("target.missed", name, tally, id)
            self._news.set()

    def _heard(self, group: list[Event]) -> None:
        """Something was committed."""
        if not self._aims:
            return
        for event in group:
            id = event.data.get("id", "")
            aim = self._aims.get(id)
            if aim is None:
                continue
            if event.type in _ENDS or event.data.get("final"):
                self._over(id, aim)
            elif event.type == "message.delivered" or (
                aim.is_sent_enough and event.type == "message.sent"
            ):
                self._reached(id, aim)

    def _reached(self, id: str, aim: _Aim) -> None:
        tally, now = self.tallies[aim.type], self._clock.time()
        if id not in tally.overdue:
            if now <= aim.deadline:
                tally.in_time += 1
            else:  # nobody has looked since
                self._is_late(aim.type, tally, id, now)
        self._over(id, aim)

    def _over(self, id: str, aim: _Aim) -> None:
        """Its fate is known: it is awaited no longer. (What has failed before was not late.)"""
        del self._aims[id]
        self.tallies[aim.type].overdue.discard(id)

    def _tell(self, event: str, name: str, tally: Tally, message: str | None = None) -> None:
        target = tally.target
        data: dict[str, str | int | float] = {
            "type": name,
            "target": target.goal,
            "target_seconds": target.seconds,
            "late": tally.late - tally.late_before,
        }
        if message is not None:
            data["message"] = message
        self._store.write(lambda tx: tx.events.emit(event, data), keep=True)
