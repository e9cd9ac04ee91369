"""What budgets have given out: what each message holds of them, and the sums."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class BudgetPeriod(NamedTuple):
    """One limit of a budget in one of its periods."""

    budget: str
    """Its id."""
    measure: str
    """Which of its limits, such as `parts_per_day`."""
    period: int
    """UTC seconds at which the period began."""


class BudgetHold(NamedTuple):
    """What one message has reserved of a limit."""

    message: str
    """Its id."""
    of: BudgetPeriod
    sim: str
    """The SIM (ICCID) whose tries alone it counts; empty: those of every SIM."""
    quantity: int


class BudgetUse(NamedTuple):
    """What is taken of a limit in one period."""

    of: BudgetPeriod
    reserved: int
    """By messages that have not come to an end."""
    used: int
    told: int
    """The highest mark that was told of: 0 none."""


class BudgetsView(Protocol):
    """What can be asked about budgets."""

    def uses(self) -> list[BudgetUse]:
        """Every limit in every period that is kept."""

    def holds(self) -> list[BudgetHold]:
        """What every message has reserved."""

    def holds_of(self, message: str) -> list[BudgetHold]:
        """What a message has reserved."""

    def over(self) -> list[str]:
        """Messages that hold something though they have come to an end, or are gone."""


class Budgets(BudgetsView, Protocol):
    """Counts what budgets give out."""

    def reserve(self, holds: Iterable[BudgetHold]) -> list[BudgetUse]:
        """Messages take these, beside what they hold already. Returns how their limits stand."""

    def count(self, of: BudgetPeriod, used: int) -> None:
        """So much was used that nobody had reserved."""

    def settle(self, hold: BudgetHold, used: int) -> None:
        """Of a hold so much was used in the end; the rest is given back. It is over."""

    def tell(self, of: BudgetPeriod, mark: int) -> bool:
        """A mark is about to be told of; False: it was told before, or a higher one."""

    def drop(self, before: int) -> None:
        """Let go of periods that began before this time (UTC seconds)."""
