"""What a trace shows, and what it does not."""

from __future__ import annotations

import pytest

from modemgw.at.trace import masked


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('AT+CUSD=1,"*100#",15', 'AT+CUSD=1,"<masked>",15'),
        ('AT+CUSD=1,"*100#"', 'AT+CUSD=1,"<masked>"'),
        ('+CUSD: 0,"Balance\n"5.00"",15', '+CUSD: 0,"<masked>",15'),
        ('+CUSD: 0, "Balance", 0', '+CUSD: 0,"<masked>", 0'),
        ('+CUSD: 2,"cut off 50,04', '+CUSD: 2,"<masked>"'),
        ("+CUSD: 0,no quotes 5,15", '+CUSD: 0,"<masked>"'),
        ("+CUSD: 2", "+CUSD: 2"),
        ("AT+CUSD=2", "AT+CUSD=2"),
        ('AT+CPIN="1234"', "AT+CPIN=<masked>"),
        ("07915155000000F0040B915155001032F4", "<34 hex digits>"),
        ('+CREG: 1,"00C3"', '+CREG: 1,"00C3"'),
    ],
)
def test_texts_and_secrets_are_masked_however_they_are_written(line: str, shown: str) -> None:
    assert masked(line) == shown
