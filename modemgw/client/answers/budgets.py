"""Budgets and how they stand."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from modemgw.client.answer import Answer


class BudgetMatch(Answer):
    """What a budget counts; an empty tuple matches everything."""

    key: tuple[str, ...]
    sim: tuple[str, ...]
    type: tuple[str, ...]
    to_prefix: tuple[str, ...]


class BudgetLimit(Answer):
    """How one limit of a budget stands in its period: in parts, or in the budget's currency."""

    measure: str
    """As in the configuration: `parts_per_day`."""
    limit: Decimal
    used: Decimal
    reserved: Decimal
    """By messages that may still be sent."""
    left: Decimal
    state: str
    """`ok`, `warned` or `exhausted`."""
    resets_at: datetime


class Budget(Answer):
    """A budget and how it stands."""

    id: str
    match: BudgetMatch
    action: str
    """`stop` or `warn`."""
    warn_at: float
    currency: str | None
    state: str
    """The worst of its limits'."""
    limits: tuple[BudgetLimit, ...]
