"""What each SIM has used of its limits, and its health: both go with it from modem to modem."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from modemgw.clock import Clock
from modemgw.config import Limits
from modemgw.gateway.breaker import Breaker
from modemgw.gateway.dispatch import LaneState
from modemgw.gateway.throttle import Throttle
from modemgw.store import Store, attempts

COUNTING_S = 60.0
"""A lane that waits for the count looks again after this time; it is told much earlier."""


class Sims:
    """The throttle and the breaker of each SIM that was seen, counted from the store."""

    def __init__(self, *, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._known: dict[str, tuple[Throttle, Breaker]] = {}

    async def of(self, sim: str, limits: Limits) -> tuple[Throttle, Breaker]:
        """Those of a SIM through which nothing is being sent just now."""
        known = self._known.get(sim)
        if known is not None and known[0].limits == limits:
            return known
        now = self._clock.time()
        throttle = Throttle(limits, self._random)
        since = throttle.window_start(now)
        if since < now:
            used = await self._store.read(lambda db: attempts.recent(db, sim, since))
            throttle = Throttle(limits, self._random, used)
        # Whoever asked at the same time for the same must get the same.
        known = self._known.get(sim)
        if known is None or known[0].limits != limits:
            known = self._known[sim] = (throttle, Breaker() if known is None else known[1])
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
        now = self._clock.time()
        new = Throttle(limits, self._random)
        since = new.window_start(now)
        counting = lane.throttle = _Counting(limits, self._random)
        taken = old
        try:
            if since < now:
                # In the writer's queue: what was begun before this moment is in the store by then.
                used = await self._store.write(
                    lambda tx: [
                        *attempts.recent(tx, sim, since),
                        *attempts.in_the_air(tx, sim, carried),
                    ]
                )
                new = Throttle(limits, self._random, used)
            taken = new
        finally:
            counting.pass_on(taken)
            if lane.throttle is counting:  # else the SIM has left meanwhile
                lane.throttle = taken
                self._known[sim] = (taken, lane.breaker)
        return True


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
