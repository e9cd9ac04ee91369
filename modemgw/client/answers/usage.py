"""What was sent and what it cost, added up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from modemgw.client.answer import Answer


class Amount(Answer):
    """Money, exact."""

    amount: Decimal
    currency: str
    """ISO 4217."""


class Cost(Amount):
    """What something costs."""

    estimated: bool
    """The network has not accepted all of it yet."""


class UsageSum(Answer):
    """What was sent with everything that is not None here in common."""

    day: date | None
    """Of UTC."""
    sim: str | None
    """ICCID."""
    key: str | None
    type: str | None
    prefix: str | None
    """What the recipients begin with; empty for short codes."""
    parts: int
    """Tries that the network answered."""
    accepted: int
    delivered: int
    failed: int
    amounts: tuple[Amount, ...]
    """By currency; empty where no tariff says."""
