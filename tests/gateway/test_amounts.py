"""Amounts as networks write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.fleet.amounts import read_amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.34", "12.34"),
        ("12,34", "12.34"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234.5", "1234.5"),
        ("1'234.50", "1234.50"),
        ("1.234", "1234"),
        ("1.234.567", "1234567"),
        ("0.125", "0.125"),
        ("-0,50", "-0.50"),
        ("+7", "7"),
        ("12.", "12"),
        ("5", "5"),
        ("", None),
        (".", None),
        ("--5", None),
        ("1-2", None),
    ],
)
def test_an_amount(text: str, amount: str | None) -> None:
    assert read_amount(text) == (None if amount is None else Decimal(amount))


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from([",.", ".,", " ,", " ."]))
def test_what_was_written_is_read(amount: Decimal, marks: str) -> None:
    written = f"{amount:,.2f}".translate(str.maketrans(",.", marks))
    assert read_amount(written) == amount


@given(st.text(alphabet="0123456789.,+- '\u00a0", max_size=30))
def test_anything_is_an_amount_or_none(text: str) -> None:
    amount = read_amount(text)
    assert amount is None or amount.is_finite()
