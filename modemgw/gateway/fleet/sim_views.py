"""SIMs as the API shows them: those in modems now, and those that were seen before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from modemgw.clock import SteadyClock
from modemgw.config import Config, Limits
from modemgw.gateway.errors import NotFound
from modemgw.gateway.fleet.breaker import Breaker
from modemgw.gateway.fleet.calendar import Calendar
from modemgw.gateway.fleet.plan import HOUR, MINUTE
from modemgw.gateway.fleet.price_list import Price
from modemgw.gateway.fleet.sims import Sims, centre_clock
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.following import Rest, nothing_left
from modemgw.modem import SimIdentity
from modemgw.store import Balance, SeenSim, Store, View
from modemgw.store.records import BreakerState


@dataclass(frozen=True, slots=True)
class Use:
    """What a SIM has used of one limit, in parts."""

    used: int
    limit: int | None
    """None: there is none."""
    resets_at: float | None
    """UTC seconds: when `used` falls next; None where nothing is used in a time that slides."""


@dataclass(frozen=True, slots=True)
class PlanUse:
    """What a SIM has used of its plan. Minutes and hours slide, days and months are the plan's."""

    per_minute: Use
    per_hour: Use
    per_day: Use
    per_month: Use


@dataclass(frozen=True, slots=True)
class TariffUse:
    """A tariff that fits a SIM, and what the SIM has used of its free parts."""

    price: Price
    free_used: int
    month_ends_at: float
    """UTC seconds."""


@dataclass(frozen=True, slots=True)
class SimView:
    """A SIM as the API shows it. Moments are UTC seconds of the wall clock."""

    iccid: str
    imsi: str | None
    number: str | None
    modem: str | None
    """The one that it sits in now."""
    plan: PlanUse
    breaker: Literal["ok", "barred", "probing"]
    barred_since: float | None
    next_probe_at: float | None
    centre_ahead_s: float | None
    """How far its service centre's clock is ahead of ours; None: it is not known yet."""
    seen_at: float
    balance: Balance | None
    """What the network last said of its credit."""
    tariff: tuple[TariffUse, ...] = ()
    """What its parts cost: the first that fits the recipient counts."""


@dataclass(frozen=True, slots=True)
class Place:
    """A SIM in a modem now."""

    modem: str
    sim: SimIdentity
    number: str | None
    """As configured for the modem, else as the SIM says."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the store knows of a SIM."""

    seen: SeenSim
    plan: PlanUse
    breaker: BreakerState | None
    centre_ahead_s: float | None
    balance: Balance | None
    tariff: tuple[TariffUse, ...]


class SimViews:
    """Puts together what the store keeps of SIMs and what is known of those at work."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        sims: Sims,
        tariffs: Tariffs,
        clock: SteadyClock,
        places: Callable[[], Sequence[Place]],
        ask_balance: Callable[[str], Awaitable[Balance]],
    ) -> None:
        """`places`: where SIMs are now; `ask_balance` asks for the credit of one, see Balances."""
        self._config = config
        self._store = store
        self._sims = sims
        self._tariffs = tariffs
        self._clock = clock
        self._places = places
        self._ask_balance = ask_balance

    def follow(self, config: Config) -> Rest:
        """See Follower: other limits."""
        self._config = config
        return nothing_left()

    async def all(self) -> list[SimView]:
        """Every SIM that was ever seen, by ICCID. Raises StoreUnavailable."""
        return await self._views(None)

    async def one(self, iccid: str) -> SimView:
        """One SIM. Raises NotFound, StoreUnavailable."""
        for view in await self._views(iccid):
            return view
        raise NotFound(f"no SIM {iccid!r} was ever seen")

    async def ask_balance(self, iccid: str) -> SimView:
        """Ask the network for a SIM's credit now.

        Raises NotFound, Conflict (no code is configured), ModemError, StoreUnavailable.
        """
        await self._ask_balance(iccid)
        return await self.one(iccid)

    def _limits_of(self, modem: str) -> Limits:
        """Those of the SIM in a modem, also where the modem is not configured any more."""
        for section in self._config.modem:
            if section.id == modem:
                return self._config.limits_of(section)
        return self._config.sim_limits

    async def _views(self, iccid: str | None) -> list[SimView]:
        now = self._clock.date()
        places = {p.sim.iccid: p for p in self._places() if iccid in (None, p.sim.iccid)}
        limits = {id: self._limits_of(p.modem) for id, p in places.items()}
        kept = await self._store.read(lambda view: self._read(view, iccid, places, limits, now))
        return [self._view(one, places.get(one.seen.iccid), now) for one in kept]

    def _read(
        self,
        view: View,
        iccid: str | None,
        places: Mapping[str, Place],
        limits: Mapping[str, Limits],
        now: float,
    ) -> list[_Kept]:
        seen = {one.iccid: one for one in view.sim_state.seen(iccid)}
        for id, place in places.items():  # it may not have been ready as yet
            seen[id] = SeenSim(id, place.sim.imsi, place.number, place.modem, now)
        return [
            _Kept(
                one,
                _plan_use(view, id, limits.get(id) or self._limits_of(one.modem), now),
                view.sim_state.breaker(id),
                centre_clock(view, id).ahead_s,
                view.sim_state.balance(id),
                _tariff_use(view, self._tariffs.of_sim(id).in_order, id, now),
            )
            for id, one in sorted(seen.items())
        ]

    def _view(self, kept: _Kept, place: Place | None, now: float) -> SimView:
        seen, sim, clock = kept.seen, self._sims.known(kept.seen.iccid), self._clock
        if sim is not None:
            breaker, standing = sim.breaker, sim.breaker.standing(clock.time())
            since, probe_at = breaker.since, breaker.probe_at
            since, probe_at = since and clock.wall(since), probe_at and clock.wall(probe_at)
        else:
            breaker = Breaker.of(kept.breaker, now)
            standing, since, probe_at = breaker.standing(now), breaker.since, breaker.probe_at
        return SimView(
            iccid=seen.iccid,
            imsi=seen.imsi,
            number=seen.number,
            modem=None if place is None else place.modem,
            plan=kept.plan,
            breaker=standing,
            barred_since=since,
            next_probe_at=probe_at or None,
            centre_ahead_s=kept.centre_ahead_s,
            seen_at=seen.seen_at,
            balance=kept.balance,
            tariff=kept.tariff,
        )


def _tariff_use(
    view: View, prices: Sequence[Price], iccid: str, now: float
) -> tuple[TariffUse, ...]:
    """Those that fit a SIM, with what the store has of its free parts."""
    uses = []
    for price in prices:
        month = price.month(now)
        used = 0
        if price.free_parts:
            used = view.usage.free_used(iccid, price.tariff, int(month.start))
        uses.append(TariffUse(price, used, month.end))
    return tuple(uses)


def _plan_use(view: View, iccid: str, limits: Limits, now: float) -> PlanUse:
    """What the store has of a SIM's parts, counted by its plan."""
    calendar = Calendar(limits)

    def sliding(limit: int, span_s: float) -> Use:
        count, oldest = view.attempts.used(iccid, now - span_s)
        # What is dated later than now, by a clock that was ahead, counts as of now.
        return Use(count, limit or None, None if oldest is None else min(oldest, now) + span_s)

    def whole(limit: int, start: float, end: float) -> Use:
        return Use(view.attempts.used(iccid, start)[0], limit or None, end)

    day, month = calendar.day(now), calendar.month(now)
    return PlanUse(
        per_minute=sliding(limits.per_minute, MINUTE),
        per_hour=sliding(limits.per_hour, HOUR),
        per_day=whole(limits.per_day, day.start, day.end),
        per_month=whole(limits.per_month, month.start, month.end),
    )
