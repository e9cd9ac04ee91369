"""Which SIM sends which message, when: pure, no I/O, the time is always handed in.

Lanes pull. A lane (one modem with its SIM) that is ready takes the best message it may carry; a new
message goes to the idle lane that its route's policy likes best. Messages wait in buckets by what
may carry them (a route, a pinned modem, or the SIM that has their first parts), so that a lane
looks only at the heads of its own buckets, however many messages wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from sys import intern

from modemgw.config import RouteSection
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.outgoing.bucket import STALE, Bucket
from modemgw.gateway.outgoing.job import RANKS, Job
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.store.records import MessageStatus

AGE_S = 60.0
"""A message that has waited this long may overtake one of a higher class …"""
AGED_TURN = 8
"""… but only at every so many-th turn of a lane, so that nothing starves and OTPs stay quick."""
FOLLOW_S = 300.0
"""How long the rest of a long message waits for the SIM that has its first parts."""
STICKY_RECIPIENTS = 100_000
"""Recipients whose SIM a sticky route remembers, the latest ones."""
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


_Timed = tuple[float, int, int]
"""When, and which job by number and place: one that is over leaves nothing but this behind."""


class Matchmaking:
    """The queue and the choice.

    Times are UTC seconds of a clock that goes on evenly: when the wall clock is set, `clock_set`
    has to be told.
    """

    def __init__(self, routes: Iterable[RouteSection], now: float = 0.0) -> None:
        self._began = now
        self._lost: dict[str, float] = {}
        self._routes: dict[str, RouteSection] = {}
        self._sticky: set[str] = set()
        self._last_sim: dict[str, str] = {}
        self._lanes: dict[str, LaneState] = {}
        self._resting: dict[str, float] = {}
        self._buckets: dict[str, dict[frozenset[str], Bucket]] = {}
        self._counts: Counter[str] = Counter()
        self._jobs: dict[int, Job] = {}
        self._delayed: list[_Timed] = []
        self._held: list[_Timed] = []
        self._expiring: list[tuple[float, int]] = []
        self.set_routes(routes, now)

    # --- lanes and routes

    def set_routes(self, routes: Iterable[RouteSection], now: float) -> None:
        """Have these routes from now on; what waits is looked at anew."""
        self._routes = {r.id: r for r in routes}
        self._sticky = {r.id for r in self._routes.values() if r.policy == "sticky"}
        self.look_anew(now)

    def look_anew(self, now: float) -> None:
        """Look at everything that waits as if it came now: what stood in its way may have gone."""
        self._retarget()
        for target, buckets in list(self._buckets.items()):
            for avoid in [a for a in buckets if a or target.startswith("sim:")]:
                for job in buckets.pop(avoid).waiting():
                    job.avoid = frozenset()
                    self._move(job)
                    self._put(job, now)

    def add_lane(self, lane: LaneState) -> None:
        """Make a modem known; it takes nothing until it is ready."""
        # One that comes later has not to make up for all that the others have sent before.
        lane.used = int(
            lane.weight * min((one.used / one.weight for one in self._lanes.values()), default=0)
        )
        self._lanes[lane.id] = lane
        self._retarget()

    def change_lane(self, id: str, *, routes: tuple[str, ...], weight: int) -> None:
        """Let a lane serve other routes, or have another weight. Raises KeyError."""
        lane = self._lanes[id]
        lane.routes, lane.weight = routes, weight
        self._retarget()

    def remove_lane(self, id: str, now: float) -> None:
        """Forget a modem. Its lane must have ended. Raises KeyError."""
        self.set_ready(id, False, None, now)
        del self._lanes[id]
        self._retarget()

    def lane(self, id: str) -> LaneState:
        """The state of a lane. Raises KeyError."""
        return self._lanes[id]

    def set_ready(self, id: str, ready: bool, sim: Sim | None, now: float) -> None:
        """A modem became able to send (with this SIM), or stopped being so."""
        lane = self._lanes[id]
        if lane.ready and lane.sim is not None:
            self._lost[lane.sim.iccid] = now
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
        self._retarget()
        if not lane.well and lane.sim is not None:
            self._move_away(lane.sim.iccid, now)

    def _move_away(self, sim: str, now: float) -> None:
        """Give what waits for this SIM by preference to the others of its route."""
        for bucket in self._buckets.pop(f"sim:{sim}", {}).values():
            for job in bucket.waiting():
                self._move(job)
                self._put(job, now)

    def sent_by(self, job: Job, sim: str) -> None:
        """Remember which SIM wrote to a recipient, where a route wants it to stay the same."""
        if job.route in self._sticky:
            self.remember(job.to, sim)

    def remember(self, to: str, sim: str) -> None:
        """A SIM wrote to a recipient by a sticky route, later than all that were told before."""
        self._last_sim.pop(to, None)
        self._last_sim[to] = sim
        if len(self._last_sim) > STICKY_RECIPIENTS:
            del self._last_sim[next(iter(self._last_sim))]

    def _retarget(self) -> None:
        """Work out which buckets each lane serves: its own, and routes that fall back to it."""
        alive = {r for lane in self._lanes.values() if lane.well for r in lane.routes}
        stands_in: dict[str, set[str]] = {}
        for route in self._routes.values():
            at: RouteSection | None = route
            while at is not None and at.id not in alive:
                at = self._routes.get(at.fallback) if at.fallback else None
            if at is not None:
                stands_in.setdefault(at.id, set()).add(route.id)
        for lane in self._lanes.values():
            served = dict.fromkeys(lane.routes)
            for own in lane.routes:
                served.update(dict.fromkeys(sorted(stands_in.get(own, ()))))
            targets = [f"modem:{lane.id}", *(f"route:{r}" for r in served)]
            if lane.sim is not None:
                targets.insert(1, f"sim:{lane.sim.iccid}")
            lane.targets = tuple(targets)

    def another(self, job: Job, sim: str) -> bool:
        """Whether a well SIM could carry the job, were this one to be avoided as well."""
        avoid = job.avoid | {sim}
        target = self._wide_target(job, avoid)
        return any(
            lane.well and lane.iccid not in avoid and target in lane.targets
            for lane in self._lanes.values()
        )

    # --- the queue

    def __len__(self) -> int:
        return len(self._jobs)

    def jobs(self) -> Iterable[Job]:
        """Every job that is known: waiting, held, not yet due, or in a lane's hands."""
        return self._jobs.values()

    def reroute(self, job: Job, route: str, now: float) -> None:
        """Let another route carry a job. One in a lane's hands takes it when it comes back."""
        job.route = route
        if job.lies_in is not None:
            self._move(job)
            self._put(job, now)

    def get(self, n: int) -> Job | None:
        """The job of message `n`, waiting or in a lane's hands."""
        return self._jobs.get(n)

    def waiting_for(self, lane: LaneState) -> int:
        """How many messages wait that this lane might carry (counted with those it shares)."""
        return sum(self._counts[target] for target in lane.targets)

    def add(self, job: Job, now: float, *, at: float | None = None) -> None:
        """Let a job wait for a lane; until `at` (default: its due time) nobody may take it."""
        self._know(job, now)
        self._move(job)
        job.waiting = True
        when = job.due_at if at is None else at
        if when > now:
            self._wait(self._delayed, when, job)
        else:
            self._put(job, now)

    def hold(self, job: Job, now: float, until: float) -> None:
        """Keep a job away from every lane; `tick` tells when `until` is over."""
        self._know(job, now)
        self._move(job)
        job.waiting = False
        self._wait(self._held, until, job)

    def _know(self, job: Job, now: float) -> None:
        if job.n not in self._jobs or job.expires_at <= now:
            self._jobs[job.n] = job
            self._expire(job)

    def _expire(self, job: Job) -> None:
        heappush(self._expiring, (job.expires_at, job.n))
        # Jobs leave long before their time is over: without this their entries would pile up.
        if len(self._expiring) > 2 * len(self._jobs) + STALE:
            self._expiring = [(j.expires_at, n) for n, j in self._jobs.items()]
            heapify(self._expiring)

    def _wait(self, heap: list[_Timed], until: float, job: Job) -> None:
        heappush(heap, (until, job.n, job.place))
        if len(heap) > 2 * len(self._jobs) + STALE:
            heap[:] = [entry for entry in heap if self._at(entry) is not None]
            heapify(heap)

    def _at(self, entry: _Timed) -> Job | None:
        """The job that an entry names, unless it has left its place."""
        _, n, place = entry
        job = self._jobs.get(n)
        return job if job is not None and job.place == place else None

    def remove(self, job: Job) -> None:
        """The job is over: delivered to the network, given up, or canceled."""
        self._move(job)
        job.waiting = False
        self._jobs.pop(job.n, None)

    def is_waiting(self, job: Job) -> bool:
        """Whether the job is in the queue and not in a lane's hands."""
        return job.waiting

    def _target(self, job: Job) -> str:
        if job.sim is None and job.modem is None and job.route in self._sticky:
            sim = self._last_sim.get(job.to)
            if sim is not None and sim not in job.avoid and self._is_well(sim):
                return f"sim:{sim}"
        return self._wide_target(job, job.avoid)

    def _wide_target(self, job: Job, avoid: frozenset[str]) -> str:
        """What may carry a job, its recipient's usual SIM left aside."""
        if job.sim is not None:
            return f"sim:{job.sim}"
        if job.modem is not None:
            return f"modem:{job.modem}"
        # When all SIMs of its route are to be avoided, it is as if the route had no well one.
        route = self._routes.get(job.route) if avoid else None
        while route is not None:
            if any(
                lane.well and lane.iccid not in avoid and route.id in lane.routes
                for lane in self._lanes.values()
            ):
                return f"route:{route.id}"
            route = self._routes.get(route.fallback) if route.fallback else None
        return f"route:{job.route}"

    def _is_well(self, sim: str) -> bool:
        return any(lane.well for lane in self._lanes.values() if lane.iccid == sim)

    def _put(self, job: Job, now: float) -> None:
        if job.sim is not None and job.ambiguous() == [] and self._gone(job.sim, now):
            job.start_over()
        if job.avoid and job.avoid_until <= now:
            job.avoid = frozenset()
        target = intern(self._target(job))
        buckets = self._buckets.setdefault(target, {})
        bucket = buckets.get(job.avoid)
        if bucket is None:
            bucket = buckets[job.avoid] = Bucket(self._jobs)
        bucket.put(job)
        job.lies_in = target
        self._counts[target] += 1
        bucket.tidy(self._counts[target])
        if job.avoid:
            self._wait(self._delayed, job.avoid_until, job)
        elif job.sim is not None:
            self._wait(self._delayed, now + FOLLOW_S, job)

    def _move(self, job: Job) -> None:
        """Take a job from its place, wherever that is: entries that name the place are stale."""
        job.place += 1
        if job.lies_in is not None:
            self._counts[job.lies_in] -= 1
            job.lies_in = None

    def _gone(self, sim: str, now: float) -> bool:
        """Whether a SIM has been away for longer than a long message should wait for it."""
        if any(lane.ready and lane.iccid == sim for lane in self._lanes.values()):
            return False
        # After a start it may just not have been found yet.
        return now - self._lost.get(sim, self._began) >= FOLLOW_S

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
        for _ in range(LOOK_PAST):
            job = self._best(lane, now)
            if job is None:
                return None
            allowed = sim.plan.allowed_at(now, len(job.pending()), job.to)
            if allowed <= now:
                lane.turn += 1
                lane.last_used = now
                self._move(job)
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
        job.avoid_until = min(allowed, job.avoid_until) if job.avoid else allowed
        job.avoid |= {sim.iccid}
        self._move(job)
        self._put(job, now)
        return True

    def _rest(self, lane: LaneState, until: float | None) -> None:
        lane.resting = until is not None
        if until is None:
            self._resting.pop(lane.id, None)
        else:
            self._resting[lane.id] = until

    def _best(self, lane: LaneState, now: float) -> Job | None:
        iccid = lane.iccid
        best: Job | None = None
        aged: Job | None = None
        for target in lane.targets:
            for avoid, bucket in self._buckets.get(target, {}).items():
                if iccid in avoid:
                    continue
                for rank in range(len(RANKS)):
                    job = bucket.head(rank)
                    if job is None:
                        continue
                    if best is None or (rank, job.n) < (best.rank, best.n):
                        best = job
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
        ]
        if not fit:
            return None
        fit = [lane for lane in fit if lane.well] or fit
        policy = self._routes[job.route].policy if job.route in self._routes else "least_used"
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
        freed = self._due(self._delayed, now)
        for job in freed:
            self._move(job)
            self._put(job, now)
        expired: list[Job] = []
        while self._expiring and self._expiring[0][0] <= now:
            _, n = heappop(self._expiring)
            ended = self._jobs.get(n)
            if ended is not None and ended.waiting and ended.expires_at <= now:
                self.remove(ended)
                expired.append(ended)
        return Tick([j for j in freed if j.waiting], expired, self._due(self._held, now))

    def clock_set(self, by_s: float) -> None:
        """The wall clock was set `by_s` seconds ahead: what has a date comes nearer."""
        for job in [j for j in self._jobs.values() if j.status is MessageStatus.SCHEDULED]:
            job.due_at -= by_s
            job.expires_at -= by_s
            self._expire(job)
            if job.waiting:
                self._move(job)
                self._wait(self._delayed, job.due_at, job)

    def _due(self, heap: list[_Timed], now: float) -> list[Job]:
        """Take what is due from a heap, without entries that a later move made stale."""
        jobs: list[Job] = []
        while heap and heap[0][0] <= now:
            job = self._at(heappop(heap))
            if job is not None:
                jobs.append(job)
        return jobs

    def wake_at(self, idle: Iterable[str]) -> float | None:
        """When `tick` or a blocked idle lane should be looked at next."""
        heaps: tuple[list[_Timed] | list[tuple[float, int]], ...]
        heaps = (self._delayed, self._held, self._expiring)
        times = [heap[0][0] for heap in heaps if heap]
        times += self._resting.values()
        times += [at for i in idle if (at := self._lanes[i].blocked_until) is not None]
        return min(times, default=None)
