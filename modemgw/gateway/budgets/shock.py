"""Bill shock: an hour in which far more is accepted than in a usual one.

Hours are those of UTC. What was accepted in each is kept as a budget's use is, under a name that no
budget can have; only with a factor in the configuration is anything counted.
"""

from __future__ import annotations

from collections.abc import Callable

from modemgw.clock import SteadyClock
from modemgw.config import BillShockSection
from modemgw.gateway.errors import BudgetExhausted
from modemgw.store import BudgetPeriod, Store, Transaction

HOUR_S = 3600
COMPARED_S = 7 * 86400
"""Hours of this time are what is usual."""
STOPPED = ("promotional", "transactional")
"""What is stopped beyond the mark, and what else beyond twice as much."""
_NAME, _MEASURE = "", "parts_per_hour"


class BillShock:
    """Counts the parts of the hours. Its methods are for the event loop."""

    def __init__(self, store: Store, clock: SteadyClock) -> None:
        self._store = store
        self._clock = clock
        self._section = BillShockSection()
        self._hours: dict[int, int] = {}
        """Parts by the beginning of the hour (UTC seconds)."""
        self._loaded = False
        self._told: dict[int, int] = {}
        """By hour: how many of STOPPED were told of."""

    def configure(self, section: BillShockSection) -> None:
        """Go by this section; then await `load`."""
        self._section = section

    def __bool__(self) -> bool:
        return self._section.factor > 0

    async def load(self) -> None:
        """Know what was accepted before. Raises StoreUnavailable."""
        if self._loaded or not self:
            return
        uses = await self._store.read(lambda view: view.budgets.uses())
        self._hours = {use.of.period: use.used for use in uses if use.of.budget == _NAME}
        self._told = {use.of.period: use.told for use in uses if use.of.budget == _NAME}
        self._loaded = True

    def usual(self, hour: int) -> float:
        """Parts in a usual hour before this one: of those in which there were any."""
        earlier = [
            parts for at, parts in self._hours.items() if hour - COMPARED_S <= at < hour and parts
        ]
        return sum(earlier) / len(earlier) if earlier else 0.0

    def take(self, type: str, parts: int, at: float) -> None:
        """A message is about to be accepted. Raises BudgetExhausted: its type is stopped."""
        hour = _hour(at)
        now = self._hours.get(hour, 0) + parts
        stage = self._stage(now, hour)
        if self._section.action == "stop" and type in STOPPED[:stage]:
            self._tell(hour, now - parts, stage)
            left_s = hour + HOUR_S - self._clock.date()
            raise BudgetExhausted(
                f"far more was accepted in this hour than usual ({now - parts} parts, usually "
                f"{self.usual(hour):.1f}): no {type} messages for the next {left_s:.0f} s "
                "([bill_shock])",
                left_s,
            )
        self._hours[hour] = now
        if stage:
            self._tell(hour, now, stage)

    def give_back(self, parts: int, at: float) -> None:
        """It was not accepted after all."""
        self._hours[_hour(at)] -= parts

    def count(self, parts: int, at: float) -> Callable[[Transaction], None]:
        """What is to be committed with messages of so many parts."""
        of = _of(_hour(at))
        return lambda tx: tx.budgets.count(of, parts)

    def _stage(self, parts: int, hour: int) -> int:
        """How many of STOPPED are stopped when so many parts were accepted."""
        mark = max(self._section.minimum_parts, self._section.factor * self.usual(hour))
        return 2 if parts > 2 * mark else 1 if parts > mark else 0

    def _tell(self, hour: int, parts: int, stage: int) -> None:
        if self._told.get(hour, 0) >= stage:
            return
        self._told = {hour: stage}
        self._hours = {at: n for at, n in self._hours.items() if at >= hour - COMPARED_S}
        usual, factor = self.usual(hour), self._section.factor
        stopped = STOPPED[:stage] if self._section.action == "stop" else ()
        data = {
            "parts": parts,
            "usual": usual,
            "stopped": list(stopped),
            "until": hour + HOUR_S,
            "reason": f"{parts} parts were accepted in this hour; the usual are {usual:.1f}, and "
            f"{factor:g} times as many (or {self._section.minimum_parts}) are a shock",
        }

        def write(tx: Transaction) -> None:
            if tx.budgets.tell(_of(hour), stage):
                tx.events.emit("budget.shock", data)

        self._store.write(write, keep=True)


def _hour(at: float) -> int:
    return int(at // HOUR_S) * HOUR_S


def _of(hour: int) -> BudgetPeriod:
    return BudgetPeriod(_NAME, _MEASURE, hour)
