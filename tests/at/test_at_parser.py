"""Octets cut into lines and prompts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at.parser import MAX_LINE, PROMPT, Event, Parser


def events_of(data: bytes, cuts: list[int] | None = None, *, prompt: bool = False) -> list[Event]:
    parser = Parser()
    parser.expect_prompt(prompt)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]
    found: list[Event] = []
    for start, end in pairwise(edges):
        found += parser.feed(data[start:end])
    return found


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"\r\nOK\r\n", ["OK"]),
        (b"AT\r\r\nOK\r\n", ["AT", "OK"]),
        (b"OK\n", ["OK"]),
        (b"\r\r\n+CSQ: 20,99\r\r\n\r\n\r\nOK\r\n", ["+CSQ: 20,99", "OK"]),
        (b"\x00\x00\r\nRDY\r\n", ["RDY"]),
        (b"0\r", ["0"]),
        (b"\r\nOK  \r\n", ["OK"]),
        (b"0011AB\x1a\r\n+CMGS: 4\r\n", ["0011AB", "+CMGS: 4"]),
        (b"\r\nOK", []),
        (b"\x1b\r\r\nOK\r\n", ["OK"]),
    ],
)
def test_lines_end_in_every_way_that_modems_end_them(data: bytes, lines: list[str]) -> None:
    assert events_of(data) == lines


@pytest.mark.parametrize("data", [b"\r\n> ", b"\r\n>", b"> ", b"AT+CMGS=23\r\r\n> "])
def test_a_prompt_needs_no_line_end(data: bytes) -> None:
    assert events_of(data, prompt=True)[-1] is PROMPT


def test_a_greater_than_sign_is_no_prompt_when_none_is_expected() -> None:
    assert events_of(b"\r\n> ") == []


def test_a_second_prompt_before_the_answer_is_noise() -> None:
    assert events_of(b"\r\n> \r\n> +CMGS: 34\r\n\r\nOK\r\n", prompt=True) == [
        PROMPT,
        "+CMGS: 34",
        "OK",
    ]


def test_a_ussd_text_keeps_its_line_ends_and_quotes() -> None:
    data = b'\r\n+CUSD: 0,"Line one\r\nLine "two"",15\r\n\r\nOK\r\n'
    assert events_of(data) == ['+CUSD: 0,"Line one\nLine "two"",15', "OK"]


def test_an_unclosed_ussd_text_does_not_swallow_the_answers_after_it() -> None:
    data = b'\r\n+CUSD: 0,"broken\r\nOK\r\n+CSQ: 1,99\r\n'
    assert events_of(data) == ['+CUSD: 0,"broken', "OK", "+CSQ: 1,99"]


def test_a_line_without_end_does_not_grow_without_bound() -> None:
    parser = Parser()
    for _ in range(100):
        for line in parser.feed(b"x" * 1000):
            assert isinstance(line, str)
            assert len(line) == MAX_LINE
    assert parser.feed(b"\r\n\r\nOK\r\n")[-1] == "OK"


_PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\r",
        b"\n",
        b"OK",
        b"> ",
        b">",
        b"+CMTI: ",
        b'"SM",3',
        b'+CUSD: 0,"a',
        b'b",15',
        b"\x00",
        b"\x1a",
        b"\x1b",
        b" ",
        b"+CDS: 25",
        b"07915155000000F0",
        b"\xff\x80",
    ]
)


@given(
    st.lists(_PIECES | st.binary(max_size=6), max_size=30).map(b"".join),
    st.lists(st.integers(0, 400), max_size=12),
    st.booleans(),
)
def test_the_events_do_not_depend_on_how_the_octets_are_cut(
    data: bytes, cuts: list[int], prompt: bool
) -> None:
    whole = events_of(data, prompt=prompt)
    assert events_of(data, cuts, prompt=prompt) == whole
    assert events_of(data, list(range(len(data))), prompt=prompt) == whole
