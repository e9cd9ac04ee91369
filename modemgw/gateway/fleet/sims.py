"""What each SIM has used of its limits, and its health: both go with it from modem to modem.

Both are in the store as well, so they go over a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from random import Random

from modemgw.clock import SteadyClock
from modemgw.config import Limits
from modemgw.gateway.fleet.breaker import Breaker
from modemgw.gateway.fleet.throttle import Throttle
from modemgw.gateway.misdated import believed, found_in
from modemgw.gateway.outgoing.matchmaking import LaneState
from modemgw.store import Store, Transaction, View
from modemgw.store.records import BreakerState, Misdated

COUNTING_S = 60.0
"""A lane that waits for the count looks again after this time; it is told much earlier."""

_Used = list[tuple[float, str]]
"""(start, recipient) of parts, by the wall clock."""


class Sims:
    """The throttle and the breaker of each SIM that was seen, counted from the store."""

    def __init__(self, *, store: Store, clock: SteadyClock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._known: dict[str, tuple[Throttle, Breaker]] = {}

    async def of(self, sim: str, limits: Limits) -> tuple[Throttle, Breaker]:
        """Those of a SIM through which nothing is being sent just now."""
        known = self._known.get(sim)
        if known is not None and known[0].limits == limits:
            return known
        since, now = self._window(limits), self._clock.date()
        used, found, state = await self._store.read(
            lambda view: (*_used(view, sim, since, now), view.sim_state.breaker(sim))
        )
        if found is not None:
            self._store.write(lambda tx: tx.sim_state.keep_misdated(sim, found), keep=True)
        # Whoever asked at the same time for the same must get the same.
        known = self._known.get(sim)
        if known is None or known[0].limits != limits:
            throttle = self._throttle(limits, used)
            breaker = self._restored(state) if known is None else known[1]
            known = self._known[sim] = (throttle, breaker)
        return known

    async def count_anew(self, lane: LaneState, limits: Limits, carried: Sequence[int]) -> bool:
        """Give a lane that is at work other limits. False when it has them.

        `carried`: messages in the hands of lanes. Nothing is begun while the store counts, which is
        some milliseconds; not a part is counted twice or forgotten. Raises StoreUnavailable: then
        the old limits go on.
        """
        sim, old = lane.sim, lane.throttle
        if sim is None or old.limits == limits:
            return False
        since, now = self._window(limits), self._clock.date()
        counting = lane.throttle = _Counting(limits, self._random)
        taken = old
        try:
            # In the writer's queue: what was begun before this moment is in the store by then.
            used = await self._store.write(
                lambda tx: _used_and_in_the_air(tx, sim, since, now, carried)
            )
            taken = self._throttle(limits, used)
        finally:
            counting.pass_on(taken)
            if lane.throttle is counting:  # else the SIM has left meanwhile
                lane.throttle = taken
                self._known[sim] = (taken, lane.breaker)
        return True

    def clock_set(
        self, lanes: Iterable[LaneState], carried: Sequence[int], then: Callable[[], None]
    ) -> None:
        """Count again what every SIM has sent: other days, months and dates count now.

        What was dated by the clock of before must be dated right by a unit of work that was queued
        before this is called. `then` is called when everything is counted.
        """
        for sim, (_, breaker) in self._known.items():
            if breaker.open:
                self.keep_breaker(sim, breaker)
        self._known = {}
        counted = []
        for lane in lanes:
            if lane.sim is not None:
                limits = lane.throttle.limits
                counting = lane.throttle = _Counting(limits, self._random)
                counted.append((lane, lane.sim, counting, self._window(limits)))
        now = self._clock.date()

        def count(tx: Transaction) -> list[_Used]:
            return [
                _used_and_in_the_air(tx, sim, since, now, carried) for _, sim, _, since in counted
            ]

        def follow_up(found: list[_Used]) -> None:
            for (lane, sim, counting, _), used in zip(counted, found, strict=True):
                throttle = self._throttle(counting.limits, used)
                counting.pass_on(throttle)
                if lane.throttle is counting:  # else the SIM has left meanwhile
                    lane.throttle = throttle
                    self._known[sim] = (throttle, lane.breaker)
            then()

        self._store.write(count, keep=True, then=follow_up)

    def keep_breaker(self, sim: str, breaker: Breaker) -> None:
        """Have the store remember a SIM's refusals as they are now."""
        state = breaker.state
        if state is not None and state.probe_at is not None:
            state = replace(state, probe_at=self._clock.wall(state.probe_at))
        self._store.write(lambda tx: tx.sim_state.keep_breaker(sim, state), keep=True)

    def _restored(self, state: BreakerState | None) -> Breaker:
        if state is not None and state.probe_at is not None:
            state = replace(state, probe_at=self._clock.steady(state.probe_at))
        return Breaker.of(state, self._clock.time())

    def _window(self, limits: Limits) -> float | None:
        """The oldest date whose sends still count; None without limits."""
        throttle = Throttle(limits, self._random, ahead=self._ahead)
        now = self._clock.time()
        start = throttle.window_start(now)
        return self._clock.wall(start) if start < now else None

    def _throttle(self, limits: Limits, used: _Used) -> Throttle:
        steady = self._clock.steady
        return Throttle(
            limits, self._random, [(steady(at), to) for at, to in used], ahead=self._ahead
        )

    def _ahead(self) -> float:
        return self._clock.ahead_s


def _used(view: View, sim: str, since: float | None, now: float) -> tuple[_Used, Misdated | None]:
    """What a SIM has sent since then; and what is to be remembered of rows dated later than now."""
    if since is None:
        return [], None
    rows = view.attempts.recent(sim, since)
    known = view.sim_state.misdated(sim)
    found = found_in((at for at, _ in rows), now, known)
    used = [(at, to) for date, to in rows if (at := believed(date, now, found)) >= since]
    return sorted(used), None if found == known else found


def _used_and_in_the_air(
    tx: Transaction, sim: str, since: float | None, now: float, carried: Sequence[int]
) -> _Used:
    used, found = _used(tx, sim, since, now)
    if found is not None:
        tx.sim_state.keep_misdated(sim, found)
    if since is None:
        return used
    return [*used, *((min(at, now), to) for at, to in tx.attempts.in_the_air(sim, carried))]


class _Counting(Throttle):
    """Lets nothing begin, and notes what the part in the air and the rest of its message bring."""

    def __init__(self, limits: Limits, random: Random) -> None:
        super().__init__(limits, random)
        self._sent: list[tuple[float, str]] = []
        self._given_back = 0

    def allowed_at(self, now: float, parts: int, to: str | None = None) -> float:
        return now + COUNTING_S

    def record(self, now: float, to: str) -> None:
        self._sent.append((now, to))

    def give_back(self) -> None:
        if self._sent:
            self._sent.pop()
        else:
            self._given_back += 1

    def pass_on(self, throttle: Throttle) -> None:
        """Bring another throttle up to date."""
        for _ in range(self._given_back):
            throttle.give_back()
        for at, to in self._sent:
            throttle.record(at, to)
