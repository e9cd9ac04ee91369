"""[[budget]]: how much may be spent on what; [bill_shock]: when an hour is far above the usual."""

from __future__ import annotations

import zoneinfo
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from modemgw.config.base import Identifier, Limit, MessageType, Prefix, Section, shaped

Iccid = Annotated[str, shaped(r"[0-9A-Fa-f]{18,21}", "an ICCID, as `modemgw sims list` shows it")]


Amount = Annotated[Decimal, Field(ge=0, le=1_000_000_000, decimal_places=6, allow_inf_nan=False)]


class BudgetMatch(Section):
    """What a budget counts. An empty list matches everything."""

    key: tuple[str, ...] = ()
    """Names of API keys."""
    sim: tuple[Iccid, ...] = ()
    """SIMs: such a budget is asked when one of them is to take a message, not at acceptance."""
    type: tuple[MessageType, ...] = ()
    to_prefix: tuple[Prefix, ...] = ()

    @field_validator("sim")
    @classmethod
    def _as_modems_tell_it(cls, sims: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sim.upper().rstrip("F") for sim in sims)


class BudgetSection(Section):
    """[[budget]]: one pot for all that it matches, in parts or money; 0 = no limit."""

    id: Identifier
    match: BudgetMatch = BudgetMatch()
    parts_per_day: Limit = 0
    parts_per_month: Limit = 0
    amount_per_day: Amount = Decimal()
    amount_per_month: Amount = Decimal()
    currency: (
        Annotated[str, shaped(r"[A-Z]{3}", 'a currency: three letters of ISO 4217, "EUR"')] | None
    ) = None
    """Of the amounts; what costs another currency does not count in them."""
    warn_at: Annotated[float, Field(gt=0, le=1)] = 0.8
    """The share of a limit at which `budget.warned` is told."""
    action: Literal["stop", "warn"] = "stop"
    """What a used-up budget does: `stop` lets nothing more through, `warn` only tells."""
    timezone: str = "UTC"
    """Where its days and months begin: a name of the IANA time zone database."""
    day_reset_hour: Annotated[int, Field(ge=0, le=23)] = 0
    """The hour there in which its day begins."""
    month_reset_day: Annotated[int, Field(ge=1, le=28)] = 1
    """The day on which its month begins: the billing day."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                "this is no time zone of the IANA database; it wants a name such as "
                '"Europe/London", or "UTC"'
            ) from None
        return name

    @model_validator(mode="after")
    def _limits_something(self) -> BudgetSection:
        amounts = self.amount_per_day or self.amount_per_month
        if not (self.parts_per_day or self.parts_per_month or amounts):
            raise ValueError("give it a limit: parts_per_day or _month, amount_per_day or _month")
        if amounts and self.currency is None:
            raise ValueError("amounts need a currency")
        return self


class BillShockSection(Section):
    """[bill_shock]: an hour in which far more is accepted than usual."""

    factor: Annotated[float, Field(ge=0, le=1000)] = 0
    """An hour with more than so many times the parts of a usual one is a shock; 0 = never."""
    minimum_parts: Annotated[int, Field(ge=1, le=10_000_000)] = 100
    """With fewer parts than this no hour is one, whatever is usual."""
    action: Literal["stop", "warn"] = "stop"
    """`stop`: no more promotional messages for the rest of that hour; beyond twice as much, no
    transactional ones either. OTPs always go."""
