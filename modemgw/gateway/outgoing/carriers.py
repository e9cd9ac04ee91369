"""Who may carry a message: lanes, the routes that they serve, and SIMs that stay with a recipient.

Pure. What may carry a message is its target, a string: `route:ID`, `modem:ID` (it is pinned), or
`sim:ICCID` (it has its first parts, or wrote to its recipient before).
"""

from __future__ import annotations

from collections.abc import Iterable

from modemgw.config import RouteSection
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.lane_state import LaneState

FOLLOW_S = 300.0
"""How long the rest of a long message waits for the SIM that has its first parts."""
STICKY_RECIPIENTS = 100_000
"""Recipients whose SIM a sticky route remembers, the latest ones."""


class Carriers:
    """The lanes and the routes, and which of them may carry what."""

    def __init__(self, now: float) -> None:
        self.lanes: dict[str, LaneState] = {}
        self._began = now
        self._lost: dict[str, float] = {}
        """By SIM: when it was last lost."""
        self._routes: dict[str, RouteSection] = {}
        self._sticky: set[str] = set()
        self._last_sim: dict[str, str] = {}
        """By recipient: the SIM that wrote to them last by a sticky route."""

    def set_routes(self, routes: Iterable[RouteSection]) -> None:
        """Have these routes from now on; `retarget` has to follow."""
        self._routes = {r.id: r for r in routes}
        self._sticky = {r.id for r in self._routes.values() if r.policy == "sticky"}

    def policy(self, route: str) -> str:
        """How a route chooses among its lanes; as by default for one that is gone."""
        return self._routes[route].policy if route in self._routes else "least_used"

    def lost(self, sim: str, now: float) -> None:
        """A SIM stopped being able to send."""
        self._lost[sim] = now

    def gone(self, sim: str, now: float) -> bool:
        """Whether a SIM has been away for longer than a long message should wait for it."""
        if any(lane.ready and lane.iccid == sim for lane in self.lanes.values()):
            return False
        # After a start it may just not have been found yet.
        return now - self._lost.get(sim, self._began) >= FOLLOW_S

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

    def retarget(self) -> None:
        """Work out which buckets each lane serves: its own, and routes that fall back to it."""
        alive = {r for lane in self.lanes.values() if lane.well for r in lane.routes}
        stands_in: dict[str, set[str]] = {}
        for route in self._routes.values():
            at: RouteSection | None = route
            while at is not None and at.id not in alive:
                at = self._routes.get(at.fallback) if at.fallback else None
            if at is not None:
                stands_in.setdefault(at.id, set()).add(route.id)
        for lane in self.lanes.values():
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
            for lane in self.lanes.values()
        )

    def target(self, job: Job) -> str:
        """What may carry a job now."""
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
                for lane in self.lanes.values()
            ):
                return f"route:{route.id}"
            route = self._routes.get(route.fallback) if route.fallback else None
        return f"route:{job.route}"

    def _is_well(self, sim: str) -> bool:
        return any(lane.well for lane in self.lanes.values() if lane.iccid == sim)
