"""[[tariff]]: prices are exact, and tariffs that contradict each other are named."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from modemgw.config import Config, ConfigError, parse

MODEM = {"id": "m1", "device": "/dev/x"}


def config(*tariffs: dict[str, Any]) -> Config:
    whole = [{"price": "0.04", "currency": "EUR"} | tariff for tariff in tariffs]
    return parse({"modem": [MODEM], "tariff": whole})


def problems(*tariffs: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        config(*tariffs)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize("written", ["0.045", 0.045])
def test_a_price_is_exact_however_it_is_written(written: object) -> None:
    assert config({"price": written}).tariff[0].price == Decimal("0.045")


@pytest.mark.parametrize(
    ("tariff", "said"),
    [
        ({"price": "0.0000001"}, "tariff[0].price: a price has 6 digits behind the point at the"),
        ({"price": "-1"}, "tariff[0].price: Input should be greater than or equal to 0"),
        ({"price": "NaN"}, "tariff[0].price: "),
        ({"currency": "euro"}, "tariff[0].currency: this must be a currency: three letters"),
        ({"sim": "1"}, "tariff[0].sim: this must be an ICCID"),
        ({"sim": "8" * 19, "modem": "m1"}, "tariff[0]: give one of sim, modem and operator"),
        ({"billing_day": 29}, "tariff[0].billing_day: "),
        ({"timezone": "Mars"}, "tariff[0].timezone: this is no time zone of the IANA database"),
        ({"id": "x", "modem": "m2"}, "tariff x: modem 'm2' is not defined; there is m1"),
    ],
)
def test_what_is_wrong_is_named(tariff: dict[str, Any], said: str) -> None:
    assert said in problems(tariff)


@pytest.mark.parametrize(
    "pair",
    [
        ({"id": "a"}, {"id": "b"}),
        ({"id": "a", "to_prefix": ["+44", "+33"]}, {"id": "b", "to_prefix": ["+33"]}),
        ({"id": "a", "operator": "234-10"}, {"id": "b", "operator": "23410"}),
        ({"id": "a", "operator": "O2 UK"}, {"id": "b", "operator": "o2 uk"}),
        ({"id": "a", "sim": "8" * 18 + "AF"}, {"id": "b", "sim": "8" * 18 + "a"}),
    ],
)
def test_tariffs_that_overlap_are_named(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert "tariffs a and b overlap: both are of " in problems(*pair)


def test_the_same_prefix_for_other_sims_and_a_longer_one_for_the_same_are_no_overlap() -> None:
    config(
        {"to_prefix": ["+44"]},
        {"to_prefix": ["+447"]},
        {},
        {"to_prefix": ["+44"], "modem": "m1"},
        {"to_prefix": ["+44"], "sim": "8" * 19},
        {"to_prefix": ["+44"], "operator": "23410"},
    )


def test_an_id_that_is_used_twice_is_named() -> None:
    said = problems({"id": "a", "modem": "m1"}, {"id": "a"})
    assert "tariff id 'a' is used twice" in said
