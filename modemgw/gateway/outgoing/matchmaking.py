"""Which SIM sends which message, when: pure, no I/O, the time is always handed in.

Lanes pull. A lane (one modem with its SIM) that is ready takes the best message it may carry; a new
message goes to the idle lane that its route's policy likes best. Messages wait in buckets by what
may carry them (a route, a pinned modem, or the SIM that has their first parts), so that a lane
looks only at the heads of its own buckets, however many messages wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Protocol

from modemgw.config import RouteSection
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.outgoing.carriers import FOLLOW_S, Carriers
from modemgw.gateway.outgoing.gates import Gates
from modemgw.gateway.outgoing.job import RANKS, Job
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.waiting import Waiting
from modemgw.store.records import MessageStatus

AGE_S = 60.0
"""A message that has waited this long may overtake one of a higher class …"""
AGED_TURN = 8
"""… but only at every so many-th turn of a lane, so that nothing starves and OTPs stay quick."""
LONG_S = 600.0
"""A SIM whose limits forbid work for so long has used up what its plan allows: others stand in."""
LOOK_PAST = 256
"""Messages that a lane passes over at one turn of the loop, before it lets others work."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What the passing of time brought."""

    freed: list[Job]
    """May be taken now."""
    expired: list[Job]
    """Their validity ended while they waited; they have left the queue."""
    overdue: list[Job]
    """Were held because of an ambiguous part, and nothing settled it in time."""


class Spending(Protocol):
    """What SIMs may spend: asked when one of them is to take a message."""

    @property
    def ask_sims(self) -> bool:
        """Whether it is to be asked at all."""

    def wait_s(self, sim: str, job: Job) -> float:
        """After so many seconds this SIM may take a message; 0: now."""

    def taken_by(self, sim: str, job: Job) -> None:
        """It takes it now."""


class Matchmaking:
    """What waits, who may carry it, and who gets what.

    Times are UTC seconds of a clock that goes on evenly: when the wall clock is set, `clock_set`
    has to be told.
    """

    def __init__(self, routes: Iterable[RouteSection], now: float = 0.0) -> None:
        self._carriers = Carriers(now)
        self._lanes = self._carriers.lanes
        self._waiting = Waiting()
        self.gates = Gates()
        """What holds the messages of some batches back."""
        self._resting: dict[str, float] = {}
        """Lanes that rest, and until when."""
        self.spending: Spending | None = None
        self._priorities = tuple(RANKS.values())
        """Which type goes first, by its rank: the lower the earlier."""
        self.set_routes(routes, now)

    # --- lanes and routes

    def set_priorities(self, by_type: Mapping[str, int]) -> None:
        """Have types go in this order from now on, the lowest first; equal ones by age alone."""
        self._priorities = tuple(by_type[type] for type in RANKS)

    def set_routes(self, routes: Iterable[RouteSection], now: float) -> None:
        """Have these routes from now on; what waits is looked at anew."""
        self._carriers.set_routes(routes)
        self.look_anew(now)

    def look_anew(self, now: float) -> None:
        """Look at everything that waits as if it came now: what stood in its way may have gone."""
        self._carriers.retarget()
        for target, buckets in list(self._waiting.buckets.items()):
            for avoid in [a for a in buckets if a or target.startswith("sim:")]:
                for job in buckets.pop(avoid).waiting():
                    job.avoid = frozenset()
                    self._waiting.leave(job)
                    self._put(job, now)

    def add_lane(self, lane: LaneState) -> None:
        """Make a modem known; it takes nothing until it is ready."""
        # One that comes later has not to make up for all that the others have sent before.
        lane.used = int(
            lane.weight * min((one.used / one.weight for one in self._lanes.values()), default=0)
        )
        self._lanes[lane.id] = lane
        self._carriers.retarget()

    def change_lane(self, id: str, *, routes: tuple[str, ...], weight: int) -> None:
        """Let a lane serve other routes, or have another weight. Raises KeyError."""
        lane = self._lanes[id]
        lane.routes, lane.weight = routes, weight
        self._carriers.retarget()

    def remove_lane(self, id: str, now: float) -> None:
        """Forget a modem. Its lane must have ended. Raises KeyError."""
        self.set_ready(id, False, None, now)
        del self._lanes[id]
        self._carriers.retarget()

    def lane(self, id: str) -> LaneState:
        """The state of a lane. Raises KeyError."""
        return self._lanes[id]

    def set_ready(self, id: str, ready: bool, sim: Sim | None, now: float) -> None:
        """A modem became able to send (with this SIM), or stopped being so."""
        lane = self._lanes[id]
        if lane.ready and lane.sim is not None:
            self._carriers.lost(lane.sim.iccid, now)
        lane.ready = ready
        if sim is not None:
            lane.sim = sim
        lane.used_up_until = None
        self._rest(lane, None)
        self.health_changed(lane, now)

    def limits_changed(self, now: float) -> None:
        """Every SIM's limits count other days and dates now: what they forbade may be allowed."""
        for lane in self._lanes.values():
            lane.blocked_until = lane.used_up_until = None
            self._rest(lane, None)
        self.look_anew(now)

    def health_changed(self, lane: LaneState, now: float) -> None:
        """A lane became well or unwell: others may have to stand in for it, or need no longer."""
        lane.blocked_until = None
        self._carriers.retarget()
        if not lane.well and lane.sim is not None:
            self._move_away(lane.sim.iccid, now)

    def _move_away(self, sim: str, now: float) -> None:
        """Give what waits for this SIM by preference to the others of its route."""
        for bucket in self._waiting.buckets.pop(f"sim:{sim}", {}).values():
            for job in bucket.waiting():
                self._waiting.leave(job)
                self._put(job, now)

    def sent_by(self, job: Job, sim: str) -> None:
        """Remember which SIM wrote to a recipient, where a route wants it to stay the same."""
        self._carriers.sent_by(job, sim)

    def remember(self, to: str, sim: str) -> None:
        """A SIM wrote to a recipient by a sticky route, later than all that were told before."""
        self._carriers.remember(to, sim)

    def another(self, job: Job, sim: str) -> bool:
        """Whether a well SIM could carry the job, were this one to be avoided as well."""
        return self._carriers.another(job, sim)

    # --- the queue

    def __len__(self) -> int:
        return len(self._waiting.jobs)

    def jobs(self) -> Iterable[Job]:
        """Every job that is known: waiting, held, not yet due, or in a lane's hands."""
        return self._waiting.jobs.values()

    def reroute(self, job: Job, route: str, now: float) -> None:
        """Let another route carry a job. One in a lane's hands takes it when it comes back."""
        job.route = route
        if job.lies_in is not None:
            self._waiting.leave(job)
            self._put(job, now)

    def get(self, n: int) -> Job | None:
        """The job of message `n`, waiting or in a lane's hands."""
        return self._waiting.jobs.get(n)

    def waiting_for(self, lane: LaneState) -> int:
        """How many messages wait that this lane might carry (counted with those it shares)."""
        counts, found = self._waiting.counts, 0
        for target in lane.targets:
            found += counts.get(target, 0)
        return found

    def add(self, job: Job, now: float, *, at: float | None = None) -> None:
        """Let a job wait for a lane; until `at` (default: its due time) nobody may take it."""
        self._waiting.know(job, now)
        self._waiting.leave(job)
        job.waiting = True
        when = job.due_at if at is None else at
        if when > now:
            self._waiting.delay(job, when)
        else:
            self._put(job, now)

    def hold(self, job: Job, now: float, until: float) -> None:
        """Keep a job away from every lane; `tick` tells when `until` is over."""
        self._waiting.know(job, now)
        self._waiting.leave(job)
        job.waiting = False
        self._waiting.hold(job, until)

    def remove(self, job: Job) -> None:
        """The job is over: delivered to the network, given up, or canceled."""
        self._waiting.forget(job)

    def is_waiting(self, job: Job) -> bool:
        """Whether the job is in the queue and not in a lane's hands."""
        return job.waiting

    def _put(self, job: Job, now: float) -> None:
        """Let a job be taken by whoever may carry it now. It must have left its place before."""
        sim = job.sim
        if sim is not None and job.ambiguous() == [] and self._carriers.gone(sim, now):
            job.start_over()
        if job.avoid and job.avoid_until <= now:
            job.avoid = frozenset()
        gate = self.gates.before(job) if self.gates else None
        self._waiting.put(job, self._carriers.target(job) if gate is None else gate.target)
        if job.avoid:
            self._waiting.delay(job, job.avoid_until)
        elif job.sim is not None:
            self._waiting.delay(job, now + FOLLOW_S)

    # --- gates

    def move(self, numbers: Iterable[int], now: float) -> None:
        """Have these messages lie where they belong now: a gate was put up, or taken away."""
        for n in numbers:
            job = self._waiting.jobs.get(n)
            if job is not None and job.lies_in is not None:
                self._waiting.leave(job)
                self._put(job, now)

    def forget_target(self, target: str) -> None:
        """Nothing will lie at `target` any more; what lies there is moved first."""
        self._waiting.forget_target(target)

    def _let_through(self, now: float) -> list[Job]:
        """What stands before a gate and may go now, the most urgent and oldest first."""
        through: list[Job] = []
        for gate, pace in self.gates.paced:
            for _ in range(gate.allowed(pace.passed(now), pace.most)):
                job = self._waiting.first(gate.target)
                if job is None:
                    break
                self._waiting.leave(job)
                self._waiting.put(job, self._carriers.target(job))
                if job.avoid:
                    self._waiting.delay(job, job.avoid_until)
                gate.let_through(job)
                through.append(job)
        self.gates.looked(now)
        return through

    # --- the choice

    def take(self, id: str, now: float) -> Job | None:
        """The best job that this lane may send now; it leaves the queue but stays known.

        None when there is none, or when the SIM's limits forbid the best one (`blocked_until`). One
        that they forbid for long, while they allow others, is passed over and left to other SIMs.
        """
        lane = self._lanes[id]
        lane.blocked_until = None
        sim = lane.sim
        if not lane.ready or sim is None:
            return None
        if sim.breaker.probe_at > now:
            lane.blocked_until = sim.breaker.probe_at
            return None
        if not self.waiting_for(lane):
            return None
        for _ in range(LOOK_PAST):
            job = self._best(lane, now)
            if job is None:
                return None
            if self.gates and self.gates.is_shut_before(job):  # shut a moment ago
                self._waiting.leave(job)
                self._put(job, now)
                continue
            allowed = sim.plan.allowed_at(now, len(job.pending()), job.to)
            if allowed <= now:
                if not self._may_spend(sim, job, now):
                    continue
                lane.turn += 1
                lane.last_used = now
                self._waiting.leave(job)
                job.waiting = False
                return job
            if not self._pass_over(lane, sim, job, allowed, now):
                return None
        lane.blocked_until = now  # go on at the next turn of the loop
        return None

    def _pass_over(self, lane: LaneState, sim: Sim, job: Job, allowed: float, now: float) -> bool:
        """Leave a job that limits forbid until `allowed` to others, if it is worth it.

        False when the lane is to wait instead: it may send nothing at all, or will soon send this.
        """
        anything = sim.plan.allowed_at(now, 1)
        if anything - now >= LONG_S and not lane.resting:
            self._rest(lane, anything)
            self.health_changed(lane, now)
        if allowed - now >= LONG_S:
            lane.used_up_until = allowed
        if anything > now or allowed - now < LONG_S:
            lane.blocked_until = anything if anything > now else allowed
            return False
        self._leave_to_others(sim, job, allowed, now)
        return True

    def _may_spend(self, sim: Sim, job: Job, now: float) -> bool:
        """Whether budgets let this SIM take a job, which it then does; else it is for others."""
        wait_s = self._wait_s(sim, job)
        if wait_s > 0:
            self._leave_to_others(sim, job, now + wait_s, now)
            return False
        if self.spending is not None:
            self.spending.taken_by(sim.iccid, job)
        return True

    def _wait_s(self, sim: Sim, job: Job) -> float:
        spending = self.spending
        if spending is None or not spending.ask_sims:
            return 0.0
        return spending.wait_s(sim.iccid, job)

    def _leave_to_others(self, sim: Sim, job: Job, until: float, now: float) -> None:
        job.avoid_until = min(until, job.avoid_until) if job.avoid else until
        job.avoid |= {sim.iccid}
        self._waiting.leave(job)
        self._put(job, now)

    def _rest(self, lane: LaneState, until: float | None) -> None:
        lane.resting = until is not None
        if until is None:
            self._resting.pop(lane.id, None)
        else:
            self._resting[lane.id] = until

    def _best(self, lane: LaneState, now: float) -> Job | None:
        iccid = lane.iccid
        priorities = self._priorities
        best: Job | None = None
        best_turn: tuple[float, int] = (inf, 0)
        aged: Job | None = None
        for target in lane.targets:
            for avoid, bucket in self._waiting.buckets.get(target, {}).items():
                if iccid in avoid:
                    continue
                for rank, heap in enumerate(bucket.heaps):
                    job = bucket.head(rank) if heap else None
                    if job is None:
                        continue
                    turn = priorities[rank], job.n
                    if turn < best_turn:
                        best, best_turn = job, turn
                    if now - job.due_at >= AGE_S and (aged is None or job.n < aged.n):
                        aged = job
        if aged is not None and lane.turn % AGED_TURN == AGED_TURN - 1:
            return aged
        return best

    def choose(self, job: Job, idle: Iterable[str], now: float) -> str | None:
        """The idle lane that a waiting job should go to by its route's policy, if any may."""
        fit = [
            lane
            for lane in map(self._lanes.__getitem__, idle)
            if lane.ready
            and lane.sim is not None
            and lane.sim.breaker.probe_at <= now
            and job.lies_in in lane.targets
            and lane.iccid not in job.avoid
            and lane.sim.plan.allowed_at(now, len(job.pending()), job.to) <= now
            and self._wait_s(lane.sim, job) <= 0
        ]
        if not fit:
            return None
        fit = [lane for lane in fit if lane.well] or fit
        policy = self._carriers.policy(job.route)
        if policy == "round_robin":
            return min(fit, key=lambda lane: lane.last_used).id
        if policy == "weighted":
            return min(fit, key=lambda lane: (lane.used + 1) / lane.weight).id
        return min(fit, key=lambda lane: (lane.used, lane.last_used)).id

    # --- time

    def tick(self, now: float) -> Tick:
        """Move on in time. A job in a lane's hands is left alone."""
        for id in [i for i, until in self._resting.items() if until <= now]:
            self._rest(self._lanes[id], None)
            self.health_changed(self._lanes[id], now)
        freed = self._waiting.freed(now)
        for job in freed:
            self._waiting.leave(job)
            self._put(job, now)
        if self.gates:
            freed += self._let_through(now)
        expired = self._waiting.expired(now)
        return Tick([j for j in freed if j.waiting], expired, self._waiting.overdue(now))

    def clock_set(self, by_s: float) -> None:
        """The wall clock was set `by_s` seconds ahead: what has a date comes nearer."""
        for job in [j for j in self._waiting.jobs.values() if j.status is MessageStatus.SCHEDULED]:
            job.due_at -= by_s
            job.expires_at -= by_s
            self._waiting.expire(job)
            if job.waiting:
                self._waiting.leave(job)
                self._waiting.delay(job, job.due_at)

    def wake_at(self, idle: Iterable[str]) -> float | None:
        """When `tick` or a blocked idle lane should be looked at next."""
        times = self._waiting.times()
        if self._resting:
            times += self._resting.values()
        if self.gates:
            opens = self.gates.opens_at(self._waiting.counts)
            times += [] if opens is None else [opens]
        for id in idle:
            at = self._lanes[id].blocked_until
            if at is not None:
                times.append(at)
        return min(times, default=None)
