"""Which [[tariff]] says what a part costs. Pure.

Of the tariffs that fit a SIM those of the SIM itself go first, then those of its modem, of its
operator by MCC and MNC, of its operator by name, and last those of every SIM. Among those of one
owner the longest prefix of the recipient wins; where none of them fits the next owner is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from modemgw.config import Limits, TariffSection
from modemgw.gateway.fleet.calendar import Calendar, Span
from modemgw.store.records import Cost


class SimFacts(NamedTuple):
    """What tariffs go by in a SIM."""

    iccid: str | None
    """None: it is not known which one is in the modem."""
    modem: str | None = None
    """The one that it sits in, or was last seen in."""
    imsi: str | None = None
    operator: str | None = None
    """The name of its network, as the modem shows it."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a part to some recipients costs on one SIM."""

    tariff: str
    """Its name, by which free parts are counted."""
    amount: Decimal
    """Of one part."""
    currency: str
    free_parts: int
    """So many parts of a month cost nothing."""
    prefixes: tuple[str, ...]
    """Of recipients; empty: all that no longer one fits."""
    billing: Limits
    """Its day and time zone say when the month begins."""

    def month(self, at: float) -> Span:
        """The billing month in which a moment (UTC seconds) lies."""
        return Calendar(self.billing).month(at)

    def of(self, parts: int, *, estimated: bool = False) -> Cost:
        """What so many parts cost, none of them free."""
        return Cost(self.amount * parts, self.currency, estimated)


_Fitting = Sequence[tuple[str, Price]]
"""Prefixes and their prices, the longest first."""


class PriceList:
    """The tariffs that fit one SIM. `limits`: those of the SIM, whose month is billed."""

    def __init__(self, tariffs: Sequence[TariffSection], sim: SimFacts, limits: Limits) -> None:
        owned = [[_price(one, limits) for one in level] for level in _by_owner(tariffs, sim)]
        self._levels: list[_Fitting] = [_longest_first(prices) for prices in owned]
        fitting = [price for level in self._levels for _, price in level]
        self.in_order = list(dict.fromkeys(fitting))
        """The prices in the order in which they are asked."""

    @property
    def charges(self) -> tuple[object, ...]:
        """Equal for SIMs on which each part costs the same, free parts left aside."""
        return tuple(
            tuple((prefix, price.amount, price.currency) for prefix, price in level)
            for level in self._levels
        )

    def price(self, to: str) -> Price | None:
        """The price of a part to a recipient; None where no tariff says."""
        for level in self._levels:
            for prefix, price in level:
                if to.startswith(prefix):
                    return price
        return None


def _price(tariff: TariffSection, limits: Limits) -> Price:
    own = {"month_reset_day": tariff.billing_day, "timezone": tariff.timezone}
    given = {key: value for key, value in own.items() if value is not None}
    return Price(
        tariff.name,
        tariff.price,
        tariff.currency,
        tariff.free_parts,
        tariff.to_prefix,
        limits.model_copy(update=given),
    )


def _by_owner(tariffs: Sequence[TariffSection], sim: SimFacts) -> Iterator[list[TariffSection]]:
    """The tariffs that fit a SIM, those of its nearest owner first."""
    iccid = None if sim.iccid is None else f"sim {sim.iccid}"
    yield [t for t in tariffs if t.owner == iccid]
    yield [t for t in tariffs if t.modem is not None and t.modem == sim.modem]
    by_imsi = [t for t in tariffs if t.network and (sim.imsi or "").startswith(t.network)]
    # An MNC has two digits or three: of two that fit the longer one is meant.
    longest = max((len(t.network or "") for t in by_imsi), default=0)
    yield [t for t in by_imsi if len(t.network or "") == longest]
    named = None if sim.operator is None else f"operator {sim.operator.casefold()}"
    yield [t for t in tariffs if t.network is None and t.owner == named]
    yield [t for t in tariffs if t.owner == "any SIM"]


def _longest_first(prices: Sequence[Price]) -> _Fitting:
    pairs = [(prefix, price) for price in prices for prefix in price.prefixes or ("",)]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


class Prefixes:
    """Where recipients are, as use is counted: the longest prefix of a tariff, or the country.

    So there are as many of them as there are countries and prefixes that somebody wrote down.
    """

    def __init__(self, tariffs: Sequence[TariffSection]) -> None:
        priced = {prefix for tariff in tariffs for prefix in tariff.to_prefix}
        self._priced = sorted(priced, key=len, reverse=True)

    def of(self, to: str) -> str:
        """The prefix of a recipient; empty for short codes and what is in no country."""
        for prefix in self._priced:
            if to.startswith(prefix):
                return prefix
        if to.startswith("+"):
            for end in (2, 3, 4):  # country codes have one to three digits, and none begins another
                code = to[1:end]
                if code.isdecimal() and int(code) in COUNTRY_CODE_TO_REGION_CODE:
                    return to[:end]
        return ""
