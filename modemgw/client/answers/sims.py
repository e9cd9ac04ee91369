"""SIM cards and the use of their plans."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from modemgw.client.answer import Answer


class PlanLimit(Answer):
    """What a SIM has used of one limit, in parts."""

    used: int
    limit: int | None
    """None: there is none."""
    resets_at: datetime | None
    """When `used` falls next."""


class PlanUse(Answer):
    """What a SIM has used of its plan."""

    per_minute: PlanLimit
    per_hour: PlanLimit
    per_day: PlanLimit
    per_month: PlanLimit


class SimBreaker(Answer):
    """Whether a SIM is taken out because the network refuses it."""

    state: str
    """`ok`, `barred` (it rests) or `probing` (one message may be tried through it)."""
    since: datetime | None
    next_probe_at: datetime | None


class SimBalance(Answer):
    """What the network last said of a SIM's credit."""

    amount: str | None
    """`12.34`; None: no amount was found in what it said."""
    currency: str | None
    low: bool
    said: str
    at: datetime


class SimTariff(Answer):
    """A [[tariff]] that fits a SIM."""

    tariff: str
    to_prefix: tuple[str, ...]
    price: Decimal
    """Of one part."""
    currency: str
    free_parts: int
    """A month."""
    free_parts_used: int
    month_ends_at: datetime


class SimCard(Answer):
    """A SIM that was seen, and how it does."""

    iccid: str
    imsi: str | None
    number: str | None
    modem: str | None
    """The one that it sits in now."""
    plan: PlanUse
    breaker: SimBreaker
    centre_clock_ahead_s: float | None
    balance: SimBalance | None
    tariff: tuple[SimTariff, ...] | None
    last_seen_at: datetime
