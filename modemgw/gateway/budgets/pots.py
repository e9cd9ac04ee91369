"""A pot is one limit of one budget: what it counts, how much there is, and when it is full again.

Pure: of what was taken from it the ledger knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from modemgw.config import BudgetMatch, BudgetSection, Limits
from modemgw.gateway.fleet.calendar import Calendar, Span
from modemgw.store import BudgetPeriod
from modemgw.store.records import Cost

State = Literal["ok", "warned", "exhausted"]
STATES: tuple[State, ...] = ("ok", "warned", "exhausted")
"""By how much is taken; the place of each is the mark that the store keeps."""
MEASURES: tuple[tuple[str, Literal["day", "month"]], ...] = (
    ("parts_per_day", "day"),
    ("parts_per_month", "month"),
    ("amount_per_day", "day"),
    ("amount_per_month", "month"),
)
MILLION = 1_000_000
"""Amounts are counted in millionths: exactly."""


class Pot:
    """One limit of a budget, in parts or in millionths of its currency."""

    def __init__(
        self,
        section: BudgetSection,
        measure: str,
        span: Literal["day", "month"],
        calendar: Calendar,
    ) -> None:
        self.budget = section.id
        self.measure = measure
        self.currency = section.currency if measure.startswith("amount") else None
        """None: it counts parts."""
        self.name = measure if self.currency is None else f"{measure} {self.currency}"
        """As the store has it: amounts of another currency are another limit."""
        limit = getattr(section, measure)
        self.limit: int = limit if self.currency is None else int(limit * MILLION)
        self.stops = section.action == "stop"
        self._warn_at = section.warn_at
        self._span = span
        self._calendar = calendar

    def span(self, at: float) -> Span:
        """The period in which a moment (UTC seconds of the wall clock) lies."""
        return self._calendar.day(at) if self._span == "day" else self._calendar.month(at)

    def period(self, at: float) -> BudgetPeriod:
        """That period, by its name in the store."""
        return BudgetPeriod(self.budget, self.name, int(self.span(at).start))

    def quantity(self, parts: int, costs: Iterable[Cost]) -> int:
        """How much of it so many parts take; `costs`: what they cost, by currency."""
        if self.currency is None:
            return parts
        return next((millionths(one) for one in costs if one.currency == self.currency), 0)

    def mark(self, taken: int) -> int:
        """Which mark is reached when so much is taken: a place in STATES."""
        if taken >= self.limit:
            return 2
        return 1 if taken >= self.limit * self._warn_at else 0


class Budget:
    """A budget and its pots."""

    def __init__(self, section: BudgetSection) -> None:
        self.section = section
        calendar = Calendar(
            Limits(
                timezone=section.timezone,
                day_reset_hour=section.day_reset_hour,
                month_reset_day=section.month_reset_day,
            )
        )
        self.pots = tuple(
            Pot(section, measure, span, calendar)
            for measure, span in MEASURES
            if getattr(section, measure)
        )

    @property
    def by_sim(self) -> bool:
        """Whether it depends on the SIM, which nobody knows before one takes the message."""
        return bool(self.section.match.sim)

    def counts(self, key: str, type: str) -> bool:
        """Whether it counts such messages, to some number at least."""
        match = self.section.match
        return (not match.key or key in match.key) and (not match.type or type in match.type)

    def counts_to(self, to: str) -> bool:
        """Whether it counts messages to this number."""
        return starts(self.section.match, to)


def shown(measure: str, quantity: int) -> str:
    """A quantity of what a limit counts, as people write it."""
    if not measure.startswith("amount"):
        return str(quantity)
    return format((Decimal(quantity) / MILLION).normalize(), "f")


def millionths(cost: Cost) -> int:
    """A cost, as limits count it: no less than it is."""
    return int((cost.amount * MILLION).to_integral_value(ROUND_CEILING))


def starts(match: BudgetMatch, to: str) -> bool:
    """Whether a number begins as is asked for."""
    return not match.to_prefix or to.startswith(match.to_prefix)


def pots_of(budgets: Iterable[Budget]) -> dict[tuple[str, str], Pot]:
    """All pots by budget and name."""
    return {(pot.budget, pot.name): pot for budget in budgets for pot in budget.pots}
