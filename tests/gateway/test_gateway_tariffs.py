"""Which tariff says what a part costs; what a message will cost is never told too low."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.config import Limits, TariffSection, parse
from modemgw.gateway.fleet.price_list import Prefixes, PriceList, SimFacts
from modemgw.gateway.fleet.tariffs import Tariffs, total
from modemgw.store.records import Cost

A, B = "8999901000000000001", "8999901000000000002"
TO = "+447700900001"


def tariff(**keys: Any) -> TariffSection:
    return TariffSection.model_validate({"price": "0.04", "currency": "EUR"} | keys)


@pytest.mark.parametrize(
    ("tariffs", "wins"),
    [
        ([tariff(id="any")], "any"),
        ([tariff(id="any"), tariff(id="44", to_prefix=["+44"])], "44"),
        ([tariff(id="447", to_prefix=["+1", "+447"]), tariff(id="44", to_prefix=["+44"])], "447"),
        ([tariff(id="33", to_prefix=["+33"])], None),
        # The nearest owner goes first, however long the prefixes of others are …
        ([tariff(id="sim", sim=A), tariff(id="any", to_prefix=["+447700"])], "sim"),
        ([tariff(id="sim", sim=A), tariff(id="modem", modem="m1")], "sim"),
        ([tariff(id="op", operator="234-10"), tariff(id="modem", modem="m1")], "modem"),
        ([tariff(id="op", operator="234-10"), tariff(id="name", operator="Virtual")], "op"),
        ([tariff(id="any"), tariff(id="name", operator="VIRTUAL")], "name"),
        # … but one that says nothing of the recipient leaves it to the others.
        ([tariff(id="sim", sim=A, to_prefix=["+33"]), tariff(id="any")], "any"),
        ([tariff(id="2", operator="234-10"), tariff(id="3", operator="234-100")], "3"),
        ([tariff(id="other", sim=B), tariff(id="m2", modem="m2")], None),
        ([tariff(id="op", operator="23411"), tariff(id="name", operator="Virtua")], None),
    ],
)
def test_which_tariff_says(tariffs: list[TariffSection], wins: str | None) -> None:
    facts = SimFacts(A, "m1", "234100000000001", "Virtual")
    price = PriceList(tariffs, facts, Limits()).price(TO)
    assert (None if price is None else price.tariff) == wins


@given(
    st.lists(st.text("0123", min_size=1, max_size=5).map("+".__add__), unique=True),
    st.text("0123", min_size=1, max_size=8).map("+".__add__),
)
def test_the_longest_prefix_wins_whatever_the_order(prefixes: list[str], to: str) -> None:
    tariffs = [tariff(id=f"t{prefix[1:]}", to_prefix=[prefix]) for prefix in prefixes]
    price = PriceList(tariffs, SimFacts(A), Limits()).price(to)
    fitting = [prefix for prefix in prefixes if to.startswith(prefix)]
    assert (None if price is None else price.prefixes) == (
        (max(fitting, key=len),) if fitting else None
    )


def test_the_month_is_the_sims_unless_the_tariff_says_otherwise() -> None:
    limits = Limits(month_reset_day=20, timezone="Europe/Berlin", day_reset_hour=3)
    of_the_sim = PriceList([tariff()], SimFacts(A), limits).price(TO)
    own = PriceList([tariff(billing_day=5, timezone="UTC")], SimFacts(A), limits).price(TO)
    assert of_the_sim is not None
    assert own is not None
    at = 1_700_000_000.0  # 2023-11-14T22:13:20Z
    assert of_the_sim.month(at).start == 1_697_763_600.0  # 2023-10-20T03:00 in Berlin
    assert own.month(at).start == 1_699_153_200.0  # 2023-11-05T03:00Z


@pytest.mark.parametrize(
    ("to", "prefix"),
    [
        ("+447700900001", "+44"),
        ("+12025550100", "+1"),
        ("+35312345678", "+353"),
        ("+4915112345678", "+4915"),
        ("84433", ""),
        ("+9990000", ""),
    ],
)
def test_recipients_are_counted_by_country_unless_a_tariff_looks_closer(
    to: str, prefix: str
) -> None:
    assert Prefixes([tariff(to_prefix=["+4915", "+49151999"])]).of(to) == prefix


def of(*tariffs: dict[str, Any], routes: tuple[str, ...] = ("default", "default")) -> Tariffs:
    config = parse(
        {
            "modem": [
                {"id": f"m{n}", "device": f"/dev/{n}", "routes": [route]}
                for n, route in enumerate(routes, 1)
            ],
            "route": [{"id": "cheap", "fallback": "default"}, {"id": "lonely"}],
            "tariff": [{"price": "0.04", "currency": "EUR"} | keys for keys in tariffs],
        }
    )
    made = Tariffs(config)
    made.seated(A, "234100000000001", "m1")
    made.seated(B, "262010000000001", "m2")
    return made


def test_an_estimate_is_that_of_the_dearest_sim_that_may_carry_it() -> None:
    tariffs = of({"sim": A}, {"sim": B, "price": "0.07"})
    assert tariffs.estimate("default", TO, 3) == Cost(Decimal("0.21"), "EUR", True)
    assert tariffs.estimate("default", TO, 3, modem="m1") == Cost(Decimal("0.12"), "EUR", True)
    assert tariffs.price(A, TO) != tariffs.price(B, TO)


def test_an_estimate_counts_the_routes_that_stand_in() -> None:
    tariffs = of({"sim": A}, {"sim": B, "price": "0.07"}, routes=("cheap", "default"))
    assert tariffs.estimate("cheap", TO, 1) == Cost(Decimal("0.07"), "EUR", True)
    assert tariffs.estimate("lonely", TO, 1) is None


def test_an_estimate_in_several_currencies_is_one_for_each() -> None:
    tariffs = of({"sim": A}, {"sim": B, "price": "9", "currency": "SEK"})
    assert tariffs.estimate("default", TO, 1) == Cost(Decimal("0.04"), "EUR", True)
    assert tariffs.estimates("default", TO, 2) == [
        Cost(Decimal("0.08"), "EUR", True),
        Cost(Decimal("18"), "SEK", True),
    ]


def test_a_sim_that_moves_has_the_tariff_of_its_new_modem() -> None:
    tariffs = of(
        {"modem": "m1"}, {"sim": A, "price": "0.09", "to_prefix": ["+44"]}, {"modem": "m2"}
    )
    assert tariffs.estimate("default", TO, 1) == Cost(Decimal("0.09"), "EUR", True)
    tariffs.seated("8999901000000000003", None, "m1")
    assert tariffs.estimate("default", TO, 1) == Cost(Decimal("0.04"), "EUR", True)
    tariffs = of({"modem": "m1"}, {"modem": "m2", "price": "0.07"})
    tariffs.seated(A, None, "m2")
    price = tariffs.price(A, TO)
    assert price is not None
    assert price.amount == Decimal("0.07")
    assert tariffs.estimate("default", TO, 1, modem="m1") == Cost(Decimal("0.04"), "EUR", True)


def test_an_operators_name_that_is_not_shown_just_now_is_the_last_one() -> None:
    shown: list[str | None] = ["Virtual"]
    config = parse(
        {
            "modem": [{"id": "m1", "device": "/dev/x"}],
            "tariff": [{"operator": "virtual", "price": 1, "currency": "EUR"}],
        }
    )
    tariffs = Tariffs(config, operator_of=lambda modem: shown[0])
    tariffs.seated(A, None, "m1")
    priced = []
    for name in ("Virtual", None, "Another"):
        shown[0] = name
        tariffs.look("m1")
        priced.append(tariffs.price(A, TO) is not None)
    assert priced == [True, True, False]


def test_without_a_tariff_nobody_knows_what_anything_costs() -> None:
    tariffs = of()
    assert not tariffs
    assert tariffs.price(A, TO) is None
    assert tariffs.estimate("default", TO, 1) is None


@given(st.lists(st.tuples(st.decimals("0", "1000", places=6), st.sampled_from(["EUR", "SEK"]))))
def test_a_sum_is_exact_and_of_one_currency(costs: list[tuple[Decimal, str]]) -> None:
    summed = total(Cost(*cost) for cost in costs)
    currencies = {currency for _, currency in costs}
    if len(currencies) == 1:
        assert summed == Cost(sum(amount for amount, _ in costs) + Decimal(), currencies.pop())
    else:
        assert summed is None
