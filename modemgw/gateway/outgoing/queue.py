"""The queue on the event loop: lanes wait for jobs, new jobs and timers wake lanes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from types import TracebackType

from modemgw.clock import Clock
from modemgw.config import RouteSection
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.matchmaking import Matchmaking

logger = logging.getLogger(__name__)

LONGEST_TIMER_S = 30.0
"""The wall clock may be set while a timer runs, and the machine may sleep: look this often."""
AFTER_A_FAULT_S = 1.0


def _nothing() -> None:
    pass


class Queue:
    """Gives each waiting lane the next job, as soon as there is one it may send.

    Use as a context manager. The callbacks are called in the loop with what time brings (see Tick):
    `on_due` before the job may be taken. `on_quota` hears once of a lane whose SIM's limits hold
    back work for LONG_S or more. `on_timer` is called before each look at what time has brought.
    `clock` goes on evenly.
    """

    def __init__(
        self,
        matchmaking: Matchmaking,
        *,
        clock: Clock,
        on_due: Callable[[Job], None],
        on_expired: Callable[[Job], None],
        on_overdue: Callable[[Job], None],
        on_quota: Callable[[LaneState], None],
        on_timer: Callable[[], None] = _nothing,
    ) -> None:
        self.matchmaking = matchmaking
        self._clock = clock
        self._on_due = on_due
        self._on_expired = on_expired
        self._on_overdue = on_overdue
        self._on_quota = on_quota
        self._before_timer = on_timer
        self._idle: dict[str, asyncio.Future[Job]] = {}
        self._told: dict[str, float] = {}
        """By lane: until when its limits are used up, as it was told."""
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def __enter__(self) -> Queue:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def next(self, lane: str) -> Job:
        """The next job of this lane; waits until there is one."""
        now = self._clock.time()
        job = self._take(lane, now)
        if job is not None:
            return job
        wanted: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self._idle[lane] = wanted
        try:
            self._arm(now)
            return await wanted
        except asyncio.CancelledError:
            if wanted.done() and not wanted.cancelled():
                self.add(wanted.result())  # it was handed over in the same moment
            raise
        finally:
            self._idle.pop(lane, None)

    def add(self, job: Job, *, at: float | None = None) -> None:
        """Let a job wait for a lane, from `at` (UTC seconds; default: its due time) on."""
        now = self._clock.time()
        self.matchmaking.add(job, now, at=at)
        self._offer([job], now)
        self._look_again(now)
        self._arm(now)

    def add_all(self, jobs: Iterable[Job]) -> None:
        """Let many new jobs wait."""
        now = self._clock.time()
        # Where nobody idle may have one job, none may have its like: a batch is not hawked around
        # job by job. What a single lane may have all the same, it finds itself in the end.
        full: set[str | None] = set()
        for job in jobs:
            self.matchmaking.add(job, now)
            if self._idle and job.lies_in not in full:
                target = job.lies_in
                self._offer([job], now)
                if job.waiting:
                    full.add(target)
        self._feed(now)

    def hold(self, job: Job, until: float) -> None:
        """Keep a job from every lane until `until` (UTC seconds), then tell `on_overdue`."""
        now = self._clock.time()
        self.matchmaking.hold(job, now, until)
        self._arm(now)

    def remove(self, job: Job) -> None:
        """The job is over."""
        self.matchmaking.remove(job)

    def add_lane(self, lane: LaneState) -> None:
        """Make a modem known."""
        self.matchmaking.add_lane(lane)

    def remove_lane(self, lane: str) -> None:
        """Forget a modem whose lane has ended; others may have to stand in for it."""
        now = self._clock.time()
        self.matchmaking.remove_lane(lane, now)
        self._told.pop(lane, None)
        self._feed(now)

    def change_lane(self, lane: str, *, routes: tuple[str, ...], weight: int) -> None:
        """Let a lane serve other routes, or have another weight."""
        self.matchmaking.change_lane(lane, routes=routes, weight=weight)
        self._feed(self._clock.time())

    def set_routes(self, routes: Iterable[RouteSection]) -> None:
        """Have these routes from now on."""
        now = self._clock.time()
        self.matchmaking.set_routes(routes, now)
        self._feed(now)

    def reroute(self, job: Job, route: str) -> None:
        """Let another route carry a job."""
        now = self._clock.time()
        self.matchmaking.reroute(job, route, now)
        if self._idle and self.matchmaking.is_waiting(job):
            self._offer([job], now)
        self._arm(now)

    def set_ready(self, lane: str, ready: bool, sim: Sim | None) -> None:
        """A modem became able to send, or stopped being so; others may have to stand in for it."""
        now = self._clock.time()
        self.matchmaking.set_ready(lane, ready, sim, now)
        self._feed(now)

    def move(self, numbers: Iterable[int]) -> None:
        """Have these messages lie where they belong now: see Matchmaking.gates."""
        now = self._clock.time()
        self.matchmaking.move(numbers, now)
        self._feed(now)

    def clock_set(self, by_s: float) -> None:
        """The wall clock was set `by_s` seconds ahead."""
        self.matchmaking.clock_set(by_s)
        self._arm(self._clock.time())

    def limits_changed(self) -> None:
        """Every SIM's limits count other days and dates now."""
        now = self._clock.time()
        self._told.clear()
        self.matchmaking.limits_changed(now)
        self._feed(now)

    def health_changed(self, lane: str) -> None:
        """A lane's breaker opened or closed."""
        now = self._clock.time()
        self.matchmaking.health_changed(self.matchmaking.lane(lane), now)
        self._feed(now)

    def _offer(self, jobs: Iterable[Job], now: float) -> None:
        for job in jobs:
            # A lane may find something better of its own, or be held back by its limits: go on
            # until the job is in somebody's hands or nobody idle may have it.
            asked: set[str] = set()
            while self.matchmaking.is_waiting(job):
                lane = self.matchmaking.choose(job, [i for i in self._idle if i not in asked], now)
                if lane is None:
                    break
                asked.add(lane)
                self._give(lane, now)

    def _look_again(self, now: float) -> None:
        """Let idle lanes that new work was not offered to find out until when they are held back.

        Without that their timer would not be set, and the work would wait for some other event.
        """
        for lane in list(self._idle):
            if self.matchmaking.lane(lane).blocked_until is None:
                self._give(lane, now)

    def _feed(self, now: float) -> None:
        for lane in list(self._idle):
            self._give(lane, now)
        self._arm(now)

    def _give(self, lane: str, now: float) -> bool:
        wanted = self._idle.get(lane)  # one that has to rest may have made others be fed meanwhile
        job = None if wanted is None or wanted.done() else self._take(lane, now)
        if wanted is None or job is None:
            return False
        del self._idle[lane]
        wanted.set_result(job)
        return True

    def _take(self, lane: str, now: float) -> Job | None:
        state = self.matchmaking.lane(lane)
        rested = state.resting
        job = self.matchmaking.take(lane, now)
        try:
            until = state.used_up_until
            if until is not None and until > now and until != self._told.get(lane):
                self._told[lane] = until
                self._on_quota(state)
            if state.resting and not rested:
                self._feed(now)  # others stand in
        except BaseException:
            if job is not None:
                self.matchmaking.add(job, now)  # nobody would have it
            raise
        return job

    def _arm(self, now: float) -> None:
        at = self.matchmaking.wake_at(self._idle)
        if at is None:
            at = now + LONGEST_TIMER_S
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        delay = min(max(at - now, 0.0), LONGEST_TIMER_S)
        self._timer_at = now + delay
        self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._before_timer()
        now = self._clock.time()
        try:
            tick = self.matchmaking.tick(now)
            for tell, jobs in (
                (self._on_due, tick.freed),
                (self._on_expired, tick.expired),
                (self._on_overdue, tick.overdue),
            ):
                for job in jobs:
                    _told(tell, job)
            self._offer(tick.freed, now)
            self._feed(now)
        except Exception:  # without a timer nothing that waits for its time would ever go on
            logger.exception("what time has brought could not be looked at; it is tried again")
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = now + AFTER_A_FAULT_S
            self._timer = asyncio.get_running_loop().call_later(AFTER_A_FAULT_S, self._on_timer)


def _told(tell: Callable[[Job], None], job: Job) -> None:
    """One that cannot be told must not keep the others from it."""
    try:
        tell(job)
    except Exception:
        logger.exception("message %s: what time has brought it was not taken", job.id)
