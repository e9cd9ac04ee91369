"""Budgets and how they stand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time

_State = Annotated[
    Literal["ok", "warned", "exhausted"],
    Field(description="By what is used and reserved: `warned` from `warn_at` on."),
]


class BudgetMatch(TypedDict):
    """What a budget counts; an empty list matches everything."""

    key: list[str]
    sim: Annotated[list[str], Field(description="ICCIDs.")]
    type: list[str]
    to_prefix: list[str]


class BudgetLimit(TypedDict):
    """How one limit of a budget stands in its period."""

    measure: Annotated[str, Field(description="As in the configuration: `parts_per_day`.")]
    limit: Annotated[str, Field(description="Parts, or an amount in `currency`.")]
    used: Annotated[str, Field(description="By messages that have come to an end.")]
    reserved: Annotated[str, Field(description="By messages that may still be sent.")]
    left: str
    state: _State
    resets_at: Time


class Budget(TypedDict):
    """A budget and how it stands."""

    id: str
    match: BudgetMatch
    action: Annotated[
        Literal["stop", "warn"],
        Field(description="What it does when it is used up: refuse, or tell only."),
    ]
    warn_at: Annotated[float, Field(description="The share of a limit at which it is told.")]
    currency: Annotated[str | None, Field(description="Of its amounts; null: it has none.")]
    state: _State
    limits: list[BudgetLimit]


class Budgets(TypedDict):
    """Every budget, in the order of the configuration."""

    items: list[Budget]
    next_cursor: None


class BudgetEvent(TypedDict):
    """What is told of a budget."""

    budget: Annotated[str, Field(description="Its id.")]
    measure: str
    limit: Annotated[str, Field(description="Parts, or an amount.")]
    taken: Annotated[str, Field(description="Used and reserved.")]
    action: Literal["stop", "warn"]
    resets_at: Annotated[float, Field(description="When it is full again, in Unix seconds.")]


class BillShockEvent(TypedDict):
    """An hour in which far more is accepted than usual."""

    parts: Annotated[int, Field(description="Accepted in this hour.")]
    usual: Annotated[float, Field(description="In a usual hour.")]
    stopped: Annotated[list[str], Field(description="Types that are refused until it is over.")]
    until: Annotated[float, Field(description="When the hour is over, in Unix seconds.")]
    reason: str
