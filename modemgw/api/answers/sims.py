"""SIM cards and the use of their plans."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time


class PlanLimit(TypedDict):
    """What a SIM has used of one limit, in parts."""

    used: int
    limit: Annotated[int | None, Field(description="null: there is none.")]
    resets_at: Annotated[
        Time | None,
        Field(
            description="When `used` falls next: minutes and hours slide, so it is when the oldest "
            "part leaves them (null: there is none); days and months are the plan's."
        ),
    ]


class PlanUse(TypedDict):
    """What a SIM has used of its plan."""

    per_minute: PlanLimit
    per_hour: PlanLimit
    per_day: PlanLimit
    per_month: PlanLimit


class SimBreaker(TypedDict):
    """Whether a SIM is taken out because the network refuses it."""

    state: Annotated[
        Literal["ok", "barred", "probing"],
        Field(description="`barred`: it rests; `probing`: one message may be tried through it."),
    ]
    since: Annotated[Time | None, Field(description="Since when it is taken out.")]
    next_probe_at: Time | None


class SimBalance(TypedDict):
    """What the network last said of a SIM's credit."""

    amount: Annotated[
        str | None, Field(description="`12.34`; null: none was found in what it said.")
    ]
    currency: Annotated[str | None, Field(description="As configured.")]
    low: Annotated[bool, Field(description="Whether it is less than `balance.low`.")]
    said: Annotated[str, Field(description="Its answer.")]
    at: Time


class SimTariff(TypedDict):
    """A [[tariff]] that fits a SIM."""

    tariff: Annotated[str, Field(description="Its id, or what tells it from the others.")]
    to_prefix: Annotated[
        list[str], Field(description="Of recipients; empty: all that no longer one fits.")
    ]
    price: Annotated[str, Field(description="Of one part: `0.045`.")]
    currency: str
    free_parts: Annotated[int, Field(description="A month.")]
    free_parts_used: int
    month_ends_at: Annotated[Time, Field(description="When free parts are there again.")]


class SimCard(TypedDict):
    """A SIM that was seen, and how it does."""

    iccid: str
    imsi: str | None
    number: str | None
    modem: Annotated[str | None, Field(description="The one that it sits in now.")]
    plan: PlanUse
    breaker: SimBreaker
    centre_clock_ahead_s: Annotated[
        float | None,
        Field(
            description="Seconds by which its service centre's clock is ahead of ours, as status "
            "reports show it; null: not known yet."
        ),
    ]
    balance: Annotated[
        SimBalance | None, Field(description="null: the network was not asked for it.")
    ]
    tariff: Annotated[
        list[SimTariff] | None,
        Field(
            description="What parts cost: the first that fits the recipient counts; null: no "
            "[[tariff]] says."
        ),
    ]
    last_seen_at: Annotated[Time, Field(description="Now, while it is in a modem.")]


class SimCards(TypedDict):
    """Every SIM that was ever seen, by ICCID."""

    items: list[SimCard]
    next_cursor: None
