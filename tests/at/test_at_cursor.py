"""Parameters of result lines."""

from __future__ import annotations

import pytest

from modemgw.at import Cursor
from modemgw.at.cursor import parameters


def test_strings_numbers_and_omitted_parameters_come_in_order() -> None:
    cursor = Cursor('+CMGL: 3,1,,"a,b",25')
    assert cursor.number() == 3
    assert cursor.number() == 1
    assert cursor.string() is None
    assert cursor.string() == "a,b"
    assert cursor.number() == 25
    assert cursor.number() is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("(0-3)", {0, 1, 2, 3}),
        ("(0,1,5-7)", {0, 1, 5, 6, 7}),
        ("(2)", {2}),
        ("2", {2}),
        ("()", set()),
        ("(x,1)", {1}),
    ],
)
def test_ranges_and_lists_become_sets(text: str, numbers: set[int]) -> None:
    assert Cursor(f"+CNMI: {text}").numbers() == numbers


def test_a_huge_range_is_not_unrolled_without_bound() -> None:
    assert len(Cursor("+X: (0-4294967295)").numbers()) < 5000


def test_bracketed_lists_of_strings_are_read_however_deep() -> None:
    cursor = Cursor('+CPMS: ("SM","ME"),("SM"),(("SM","BM"))')
    assert cursor.strings() == ("SM", "ME")
    assert cursor.strings() == ("SM",)
    assert cursor.strings() == ("SM", "BM")


def test_an_unquoted_or_broken_string_is_still_read() -> None:
    assert Cursor("+CPIN: SIM PIN").string() == "SIM PIN"
    assert Cursor('+COPS: 0,0,"half').skip(2).string() == "half"


def test_a_line_without_a_name_is_all_parameters() -> None:
    assert parameters("+CGMI: Maker") == "Maker"
    assert parameters("8999901000000000013") == "8999901000000000013"
    assert parameters('"a: b"') == '"a: b"'
