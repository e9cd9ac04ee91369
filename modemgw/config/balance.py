"""[balance], and `balance` of a modem: how the credit of a SIM is asked for, and what is little."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import Field, field_validator

from modemgw.config.base import Section, shaped

AMOUNT = r"([+-]?\d[\d \u00a0.,']*)"
"""A number as people write it."""


class BalanceSection(Section):
    """[balance]"""

    code: (
        Annotated[str, shaped(r"[*#+0-9][*#+0-9A-Za-z ]{0,181}", 'a USSD code, such as "*100#"')]
        | None
    ) = None
    """The USSD code that shows the balance, such as `*100#`; without one nothing is asked."""
    pattern: str = AMOUNT
    """Finds the amount in the answer: a regular expression, its first group is the number."""
    currency: Annotated[str, shaped(r"[A-Z]{3}", 'a currency: three letters, "EUR"')] | None = None
    low: Decimal | None = None
    """Below this it is told as an alert: time to top up."""
    every_hours: Annotated[float, Field(ge=0, le=24 * 366)] = 24
    """How often it is asked; 0 = not by time."""
    after_parts: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """It is also asked when so many parts were sent since; 0 = not for that."""
    timeout: Annotated[float, Field(gt=0, le=120)] = 30
    """Seconds that the network may take."""

    @field_validator("pattern")
    @classmethod
    def _with_a_group(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"this is no regular expression: {error}") from None
        if groups < 1:
            raise ValueError("it needs a group around the number, such as 'Saldo: ([0-9.,]+)'")
        return pattern

    def over(self, defaults: BalanceSection) -> BalanceSection:
        """These keys, with those that were not given taken from `defaults`."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return defaults.model_copy(update=given)
