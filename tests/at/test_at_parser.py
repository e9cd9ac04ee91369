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


def _quiet(data: bytes, *, prompt: bool = False) -> list[Event]:
    """The events of `data`, after which nothing more comes; the same ones however it is cut."""
    found = []
    for cuts in ([], list(range(len(data)))):
        parser = Parser()
        parser.expect_prompt(prompt)
        edges = [0, *cuts, len(data)]
        events = [event for a, b in pairwise(edges) for event in parser.feed(data[a:b])]
        found.append(events + parser.flush())
        assert not parser.waits
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    "text",
    [
        "1 Balance\nOK\n2 Top up",
        "ERROR\nOK\nRING\nRDY\n+CME\nNO CARRIER",
        'Welcome to "Prepaid"\n1 Balance\n2 Data',
        '"Prepaid" menu\n1 "A"\n2 "B", 5\n3 "C",15 EUR\n0 End',
        'Tariff "A",5\nTariff "B",7\nend',
        'TV 5" offer\nmore',
        "Menu\n> Next page\n>\n> ",
        "COMMAND NOT SUPPORT\nSTART\nBUSY\n0\n4\n>",
        "\n".join(f"{n} item" for n in range(1, 21)),
        "50,04 zl,15\n1,5 EUR\nuntil 12:30, 5",
        "*100#: balance\n+4477: call\n^: up\n#1: one",
        "at\x00example\x1beuro\x1axi",
    ],
)
@pytest.mark.parametrize("end", ['",15', '", 0', '",72  '])
def test_every_line_of_a_menu_is_its_text_whatever_it_looks_like(text: str, end: str) -> None:
    data = f'\r\n+CUSD: 1,"{text}{end}\r\n\r\nOK\r\n+CSQ: 1,99\r\n'
    data = data.replace("\n", "\r\n").replace("\r\r", "\r")
    whole = [f'+CUSD: 1,"{text}{end.rstrip()}', "OK", "+CSQ: 1,99"]
    events = events_of(data.encode("latin-1"), prompt=True)
    assert [e if e is PROMPT else str(e).replace(" \n", "\n") for e in events] == [
        line.replace(" \n", "\n") for line in whole
    ]


@pytest.mark.parametrize(
    "behind",
    [
        ["RDY", "+CFUN: 1"],
        ["RING"],
        ["COMMAND NOT SUPPORT"],
        ['+CMTI: "SM",3'],
        ["+CDS: 24", "06550A912143658709122022118314801220221183148000"],
        ["OK"],
        ["+CME ERROR: 100"],
        ['+CUSD: 0,"another",15'],
        ['+CREG: 1,"00C3","1A2B"', "OK"],
        ["^RSSI:12", "RDY"],
        ["SMS Ready"],
        ["AT+CSQ", "+CSQ: 20,99", "OK"],
    ],
)
@pytest.mark.parametrize(
    "text", ["Pozostalo Ci 50,04zl. Dodatko5", "two\nlines", 'a "quote', "", "ends with 15"]
)
def test_a_text_without_its_end_swallows_nothing(text: str, behind: list[str]) -> None:
    data = "\r\n".join(["", f'+CUSD: 2,"{text}'.replace("\n", "\r\n"), *behind, ""])
    assert _quiet(data.encode()) == [f'+CUSD: 2,"{text}', *behind]


def test_a_prompt_behind_a_text_without_end_is_found() -> None:
    assert _quiet(b'+CUSD: 2,"cut off\r\n\r\n> ', prompt=True) == ['+CUSD: 2,"cut off', PROMPT]


def test_a_text_that_never_ends_is_given_up_by_its_length() -> None:
    events = events_of(b'+CUSD: 0,"x\r\n' + b"noise of a flood\r\n" * 200)
    assert len(events) > 100


def test_octets_in_quotes_are_characters_and_noise_outside_of_them() -> None:
    data = b'\x00\x00+COPS: 0,0,"a\x00b\x1be",7\r\n\x1b\x00OK\r\n'
    assert events_of(data) == ['+COPS: 0,0,"a\x00b\x1be",7', "OK"]


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
        b'\r\n\x00+CUSD: 0,"a\r\n',
        b'b",15',
        b"RDY\r\n",
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
    parser = Parser()
    parser.feed(data)
    parser.flush()
    assert not parser.waits
