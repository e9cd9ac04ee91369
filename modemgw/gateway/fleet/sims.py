"""Where SIMs are loaded and saved: a SIM goes with its plan, its refusals and its service centre's
clock from modem to modem, and over a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from random import Random

from modemgw.clock import SteadyClock
from modemgw.config import Limits
from modemgw.gateway.fleet.breaker import Breaker
from modemgw.gateway.fleet.centre import CentreClock
from modemgw.gateway.fleet.counting import Counting
from modemgw.gateway.fleet.plan import Plan
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.fleet.tallies import Tallies
from modemgw.gateway.misdated import believed, found_in
from modemgw.modem import SimIdentity
from modemgw.store import SeenSim, Store, Transaction, View
from modemgw.store.records import BreakerState, Misdated

_Used = list[tuple[float, str]]
"""(start, recipient) of parts, by the wall clock."""


class Sims:
    """Every SIM that was in a modem since the start, by ICCID; the store has the others."""

    def __init__(self, *, store: Store, clock: SteadyClock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._known: dict[str, Sim] = {}
        self.tallies = Tallies(clock)
        """What became of what went through each."""
        store.on_events(self.tallies.heard)

    def known(self, iccid: str) -> Sim | None:
        """A SIM that was loaded."""
        return self._known.get(iccid)

    async def of(self, iccid: str, limits: Limits) -> Sim:
        """A SIM through which nothing is being sent just now, with these limits.

        Raises StoreError when what it has sent cannot be counted.
        """
        known = self._known.get(iccid)
        if known is not None and known.plan.limits == limits:
            return known
        since, now = self._window(limits), self._clock.date()
        used, found, state = await self._store.read(
            lambda view: (*_used(view, iccid, since, now), view.sim_state.breaker(iccid))
        )
        if found is not None:
            self._store.write(lambda tx: tx.sim_state.keep_misdated(iccid, found), keep=True)
        # Two who ask for it at the same time must get the same object.
        known = self._known.get(iccid)
        if known is None:
            plan, tally = self._plan(limits, used), self.tallies.of(iccid)
            known = Sim(iccid, plan, self._restored(state), tally=tally)
            self._known[iccid] = known
        elif known.plan.limits != limits:
            known.plan = self._plan(limits, used)
        return known

    async def count_anew(self, sim: Sim, limits: Limits, carried: Sequence[int]) -> bool:
        """Give a SIM at work other limits. False when it has them.

        `carried`: messages in the hands of lanes. Nothing is begun while the store counts, which is
        some milliseconds; not a part is counted twice or forgotten. Raises StoreUnavailable: then
        the old limits go on.
        """
        old = sim.plan
        if old.limits == limits:
            return False
        since, now = self._window(limits), self._clock.date()
        counting = sim.plan = Counting(limits, self._random)
        taken = old
        try:
            # In the writer's queue: what was begun before this moment is in the store by then.
            used = await self._store.write(
                lambda tx: _used_and_in_the_air(tx, sim.iccid, since, now, carried)
            )
            taken = self._plan(limits, used)
        finally:
            counting.pass_on(taken)
            if sim.plan is counting:  # else it was counted by other limits meanwhile
                sim.plan = taken
        return True

    def clock_set(
        self, at_work: Iterable[Sim], carried: Sequence[int], then: Callable[[], None]
    ) -> None:
        """Count again what every SIM has sent: other days, months and dates count now.

        `at_work`: those that lanes have; the others are loaded anew when they come back. What was
        dated by the clock of before must be dated right by a unit of work that was queued before
        this is called. `then` is called when everything is counted.
        """
        for sim in self._known.values():
            if sim.breaker.open:
                self.keep_breaker(sim)
        self._known = {sim.iccid: sim for sim in at_work}
        counted = []
        for sim in self._known.values():
            limits = sim.plan.limits
            counting = sim.plan = Counting(limits, self._random)
            counted.append((sim, counting, self._window(limits)))
        now = self._clock.date()

        def count(tx: Transaction) -> list[_Used]:
            return [
                _used_and_in_the_air(tx, sim.iccid, since, now, carried)
                for sim, _, since in counted
            ]

        def follow_up(found: list[_Used]) -> None:
            for (sim, counting, _), used in zip(counted, found, strict=True):
                plan = self._plan(counting.limits, used)
                counting.pass_on(plan)
                if sim.plan is counting:  # else it was counted by other limits meanwhile
                    sim.plan = plan
            then()

        self._store.write(count, keep=True, then=follow_up)

    def keep_breaker(self, sim: Sim) -> None:
        """Have the store remember a SIM's refusals as they are now."""
        iccid, state = sim.iccid, sim.breaker.state
        if state is not None:
            state = _dated(state, self._clock.wall)
        self._store.write(lambda tx: tx.sim_state.keep_breaker(iccid, state), keep=True)

    def keep_seen(self, identity: SimIdentity, modem: str, number: str | None) -> None:
        """Have the store remember that a SIM is in a modem now."""
        seen = SeenSim(
            identity.iccid, identity.imsi, number or identity.number, modem, self._clock.date()
        )
        self._store.write(lambda tx: tx.sim_state.keep_seen(seen), keep=True)

    def _restored(self, state: BreakerState | None) -> Breaker:
        if state is not None:
            state = _dated(state, self._clock.steady)
        return Breaker.of(state, self._clock.time())

    def _window(self, limits: Limits) -> float | None:
        """The oldest date whose sends still count; None without limits."""
        plan = Plan(limits, self._random, ahead=self._ahead)
        now = self._clock.time()
        start = plan.window_start(now)
        return self._clock.wall(start) if start < now else None

    def _plan(self, limits: Limits, used: _Used) -> Plan:
        steady = self._clock.steady
        return Plan(limits, self._random, [(steady(at), to) for at, to in used], ahead=self._ahead)

    def _ahead(self) -> float:
        return self._clock.ahead_s


def centre_clock(view: View, iccid: str) -> CentreClock:
    """The offset that is believed of the clock of a SIM's service centre."""
    return CentreClock(*view.centres.clock(iccid))


def keep_centre_clock(tx: Transaction, iccid: str, clock: CentreClock) -> None:
    """Remember the offset of the clock of a SIM's service centre, once one is believed."""
    if clock.ahead_s is not None:
        tx.centres.set_clock(iccid, clock.ahead_s, clock.rival_s)


def _dated(state: BreakerState, by: Callable[[float], float]) -> BreakerState:
    """Refusals with their moments told by another clock."""
    return replace(
        state,
        probe_at=None if state.probe_at is None else by(state.probe_at),
        since=None if state.since is None else by(state.since),
    )


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
