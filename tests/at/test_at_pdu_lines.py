"""Which lines are PDUs: by what stands behind their digits, or by how many there are."""

from __future__ import annotations

import pytest

from modemgw.at.dialogue import looks_like_pdu

DIGITS = "0791447758100650"


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("00", True),
        (f'"{DIGITS}"', True),
        (f"{DIGITS},0", True),
        (f"{DIGITS}+CMGL: 2,1,,24", True),
        (f"{DIGITS}ab", True),
        (f"{DIGITS}00 rubbish", True),  # eighteen digits
        (f"{DIGITS}0 rubbish", False),  # seventeen
        ("OK", False),
        ("0", False),
        ("DEADLINE", False),
        ("", False),
        ("RING", False),
    ],
)
def test_a_line_is_a_pdu_or_not(line: str, is_one: bool) -> None:
    assert looks_like_pdu(line) is is_one
