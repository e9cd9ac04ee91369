"""[[tariff]]: what a part costs, by SIM or operator and by where it goes."""

from __future__ import annotations

import re
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from modemgw.config.base import Identifier, Prefix, Section, shaped

DECIMALS = 6
"""Digits behind the point that a price may have: amounts are kept exactly to a millionth."""
_NETWORK = re.compile(r"([0-9]{3})-?([0-9]{2,3})")


class TariffSection(Section):
    """[[tariff]]: of `sim`, `modem` and `operator` one at the most; none: of every SIM."""

    id: Identifier | None = None
    sim: (
        Annotated[str, shaped(r"[0-9A-Fa-f]{18,21}", "an ICCID, as `modemgw sims list` shows it")]
        | None
    ) = None
    modem: Identifier | None = None
    """The SIM in this modem."""
    operator: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """SIMs of a network: MCC and MNC (`"234-10"`: what the IMSI begins with), or the name that
    modems show."""
    to_prefix: tuple[Prefix, ...] = ()
    """What recipients begin with; none: whatever no longer one of the same SIM fits."""
    price: Annotated[Decimal, Field(ge=0, le=100_000, allow_inf_nan=False)]
    """Of one part."""
    currency: Annotated[str, shaped(r"[A-Z]{3}", 'a currency: three letters of ISO 4217, "EUR"')]
    free_parts: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """So many parts of each month cost nothing: of each SIM, whatever they begin with."""
    billing_day: Annotated[int, Field(ge=1, le=28)] | None = None
    """The day on which that month begins; None: that of the SIM's limits (`month_reset_day`)."""
    timezone: str | None = None
    """Where it begins; None: that of the SIM's limits."""

    @field_validator("price")
    @classmethod
    def _exact(cls, price: Decimal) -> Decimal:
        if price != round(price, DECIMALS):
            raise ValueError(f"a price has {DECIMALS} digits behind the point at the most")
        return price

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        try:
            return name if name is None else zoneinfo.ZoneInfo(name).key
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                "this is no time zone of the IANA database; it wants a name such as "
                '"Europe/London", or "UTC"'
            ) from None

    @model_validator(mode="after")
    def _of_one(self) -> TariffSection:
        if sum(owner is not None for owner in (self.sim, self.modem, self.operator)) > 1:
            raise ValueError("give one of sim, modem and operator, or none of them")
        return self

    @property
    def network(self) -> str | None:
        """MCC and MNC of its operator, as IMSIs begin; None where it is a name, or none."""
        found = None if self.operator is None else _NETWORK.fullmatch(self.operator)
        return None if found is None else found[1] + found[2]

    @property
    def owner(self) -> str:
        """Whose it is: `sim 8944…`, `modem m1`, `operator 23410`, or `any SIM`."""
        if self.sim is not None:
            return f"sim {self.sim.upper().rstrip('F')}"
        if self.modem is not None:
            return f"modem {self.modem}"
        if self.operator is not None:
            return f"operator {self.network or self.operator.casefold()}"
        return "any SIM"

    @property
    def name(self) -> str:
        """Its id; for one without, what tells it from the others."""
        return self.id or " ".join((self.owner, *sorted(self.to_prefix)))


def wrong_tariffs(tariffs: Iterable[TariffSection], modems: Iterable[str]) -> Iterator[str]:
    """A line for each thing that tariffs have against each other, and the modems there are."""
    there_are = set(modems)
    fitting: dict[tuple[str, str], list[str]] = defaultdict(list)
    for tariff in tariffs:
        if tariff.modem is not None and tariff.modem not in there_are:
            known = ", ".join(sorted(there_are)) or "none"
            yield f"tariff {tariff.name}: modem {tariff.modem!r} is not defined; there is {known}"
        for prefix in set(tariff.to_prefix) or {""}:
            fitting[tariff.owner, prefix].append(tariff.name)
    for (owner, prefix), names in fitting.items():
        if len(names) > 1:
            to = f"recipients with {prefix}" if prefix else "recipients of no prefix"
            yield f"tariffs {' and '.join(names)} overlap: both are of {owner} and of {to}"
