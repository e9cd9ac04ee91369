"""The budgets of the configuration: who takes from them, what comes back, and how they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modemgw.clock import SteadyClock
from modemgw.config import BudgetSection, Config
from modemgw.gateway.budgets.ledger import Ledger, Share, exhausted
from modemgw.gateway.budgets.pots import STATES, Budget, Pot, State, pots_of, shown
from modemgw.gateway.budgets.settling import ENDS, Settled, settle, tell, tell_mark
from modemgw.gateway.errors import BudgetExhausted
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.outgoing.job import Job
from modemgw.store import BudgetPeriod, BudgetUse, Store, Transaction
from modemgw.store.records import Cost, Event

KEPT_S = 100 * 86400
"""So old periods are still shown to nobody, and go."""


@dataclass(frozen=True, slots=True)
class LimitView:
    """How one limit of a budget stands in this period."""

    measure: str
    limit: int
    used: int
    reserved: int
    state: State
    resets_at: float
    """UTC seconds."""

    def shown(self, quantity: int) -> str:
        """A quantity of it, as people write it."""
        return shown(self.measure, quantity)


@dataclass(frozen=True, slots=True)
class BudgetView:
    """How a budget stands."""

    section: BudgetSection
    state: State
    """The worst of its limits'."""
    limits: tuple[LimitView, ...]


class Budgets:
    """Counts what messages take of the budgets. Its methods are for the event loop."""

    def __init__(self, store: Store, clock: SteadyClock, tariffs: Tariffs) -> None:
        self._store = store
        self._tariffs = tariffs
        self._clock = clock
        self._ledger = Ledger()
        self._loaded = False
        self._at_acceptance: tuple[Budget, ...] = ()
        self._by_sim: tuple[Budget, ...] = ()
        self._all: tuple[Budget, ...] = ()
        self._pots: dict[tuple[str, str], Pot] = {}
        """By budget and measure."""
        self._told_short: dict[tuple[str, str], BudgetPeriod] = {}
        """The period of each limit of which a refusal was told last."""
        store.on_events(self._heard)

    def configure(self, config: Config) -> None:
        """Go by these budgets; then await `load`."""
        self._all = tuple(Budget(section) for section in config.budget)
        self._at_acceptance = tuple(one for one in self._all if not one.by_sim)
        self._by_sim = tuple(one for one in self._all if one.by_sim)
        self._pots = pots_of(self._all)

    async def load(self) -> None:
        """Know what the store does; again it does nothing. Raises StoreUnavailable."""
        if self._loaded:
            return
        uses, holds, over = await self._store.read(
            lambda view: (view.budgets.uses(), view.budgets.holds(), view.budgets.over())
        )
        self._ledger.load(uses, holds)
        self._loaded = True
        oldest = int(self._clock.date() - KEPT_S)
        if uses:
            self._store.write(lambda tx: tx.budgets.drop(oldest), keep=True)
        if over:  # they ended while the last run did
            self._store.write(lambda tx: settle(tx, over), keep=True, then=self._settled)

    def views(self) -> list[BudgetView]:
        """Every budget, in the order of the configuration."""
        now = self._clock.date()
        return [self._view(budget, now) for budget in self._all]

    # --- at acceptance

    def counting(self, key: str, type: str) -> tuple[Budget, ...]:
        """The budgets that count such messages, whatever SIM sends them."""
        return tuple(one for one in self._at_acceptance if one.counts(key, type))

    def estimates(self, route: str, to: str, parts: int, modem: str | None) -> list[Cost]:
        """What a message will cost at the most, by currency."""
        return self._tariffs.estimates(route, to, parts, modem=modem)

    def take(self, shares: Sequence[Share]) -> None:
        """Reserve all of these, or none: raises BudgetExhausted."""
        now = self._clock.date()
        try:
            self._ledger.take(shares, now)
        except BudgetExhausted:
            self._tell_short(self._ledger.lacking(shares))
            raise

    def give_back(self, shares: Sequence[Share]) -> None:
        """What was taken is not needed after all."""
        self._ledger.give_back(shares)

    def hold(self, shares: Sequence[tuple[str, Share]]) -> Callable[[Transaction], None]:
        """Messages (by their ids) hold what was taken for them. Returns what is to be committed."""
        holds = [share.hold(id) for id, share in shares]
        for hold in holds:
            self._ledger.holds(hold)
        pots = {share.of: (share.pot, share.resets_at) for _, share in shares}

        def write(tx: Transaction) -> None:
            tell(tx, pots, tx.budgets.reserve(holds))

        return write

    def drop(self, message: str) -> None:
        """A message was not accepted after all: it holds nothing."""
        self._ledger.drop(message)

    # --- at sending

    @property
    def ask_sims(self) -> bool:
        """Whether any budget wants to be asked when a SIM is to take a message."""
        return bool(self._by_sim)

    def wait_s(self, sim: str, job: Job) -> float:
        """After so many seconds a SIM may take a message by the budgets that count it; 0: now."""
        short = self._ledger.lacking(self._missing(sim, job))
        if short is None:
            return 0.0
        self._tell_short(short)
        return max(0.0, short.resets_at - self._clock.date())

    def taken_by(self, sim: str, job: Job) -> None:
        """A SIM takes a message, which the budgets allow."""
        if self._by_sim:
            self._reserve_more(job, self._missing(sim, job))

    def once_more(self, job: Job) -> None:
        """A part of which nobody knows is to be sent again: that takes more than was reserved.

        Raises BudgetExhausted.
        """
        held = self._ledger.held(job.id)
        if held is None or not any(part.duplicate_risk for part in job.progress):
            return
        wanted = _parts(job)
        costs = self.estimates(job.route, job.to, wanted, job.modem)
        shares = []
        for (of, sim), quantity in held.items():
            pot = self._pots.get((of.budget, of.measure))
            if pot is None or sim:
                continue
            more = pot.quantity(wanted, costs) - quantity
            if more > 0:
                shares.append(Share(pot, of, pot.span(of.period).end, more))
        short = self._ledger.lacking(shares)
        if short is not None:
            self._tell_short(short)
            raise exhausted(short, sum(self._ledger.use(short.of)), self._clock.date())
        self._reserve_more(job, shares)

    def _missing(self, sim: str, job: Job) -> list[Share]:
        """What a message still has to take before this SIM may send it."""
        found, at = [], self._clock.date()
        held, parts = self._ledger.held(job.id) or {}, _parts(job)
        price = self._tariffs.price(sim, job.to)
        costs = [] if price is None else [price.of(parts)]
        for budget in self._by_sim:
            if sim not in budget.section.match.sim or not budget.counts(job.key, job.type):
                continue
            if not budget.counts_to(job.to):
                continue
            for pot in budget.pots:
                of = pot.period(at)
                more = pot.quantity(parts, costs) - held.get((of, sim), 0)
                if more > 0:
                    found.append(Share(pot, of, pot.span(at).end, more, sim))
        return found

    def _reserve_more(self, job: Job, shares: Sequence[Share]) -> None:
        """Take for a message that was accepted long since.

        Committed before any try of it that is begun after this: units keep their order.
        """
        if not shares:
            return
        self._ledger.take(shares, self._clock.date())
        self._store.write(self.hold([(job.id, share) for share in shares]), keep=True)

    # --- at the end

    def _heard(self, events: list[Event]) -> None:
        if not self._ledger:
            return
        held = self._ledger.held
        over = [
            id
            for event in events
            if event.type in ENDS and held(id := event.data.get("id", "")) is not None
        ]
        if over:
            self._store.write(lambda tx: settle(tx, over), keep=True, then=self._settled)

    def _settled(self, settled: Settled) -> None:
        for hold, used in settled:
            self._ledger.settle(hold, used)

    # --- how they stand

    def _tell_short(self, share: Share | None) -> None:
        """Something was refused: the limit is used up, though a smaller message might fit."""
        if share is None or self._told_short.get(share.of[:2]) == share.of:
            return
        of, pot, resets_at = share.of, share.pot, share.resets_at
        self._told_short[of.budget, of.measure] = of
        reserved, used = self._ledger.use(of)

        def write(tx: Transaction) -> None:
            told = next((use.told for use in tx.budgets.uses() if use.of == of), 0)
            tell_mark(tx, BudgetUse(of, reserved, used, told), pot, resets_at, len(STATES) - 1)

        self._store.write(write, keep=True)

    def _view(self, budget: Budget, now: float) -> BudgetView:
        limits = tuple(self._limit(pot, now) for pot in budget.pots)
        worst = max(STATES.index(limit.state) for limit in limits)
        return BudgetView(budget.section, STATES[worst], limits)

    def _limit(self, pot: Pot, now: float) -> LimitView:
        reserved, used = self._ledger.use(pot.period(now))
        state = STATES[pot.mark(reserved + used)]
        return LimitView(pot.measure, pot.limit, used, reserved, state, pot.span(now).end)


def _parts(job: Job) -> int:
    """How many parts a message takes: those that are sent once more count twice."""
    return job.part_count + sum(part.duplicate_risk for part in job.progress)
