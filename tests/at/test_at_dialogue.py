"""Answers and unsolicited results told apart, wherever the latter come."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from modemgw.at import Urc
from modemgw.at.commands import kind_of, name_of
from modemgw.at.dialogue import Dialogue, Echoed, Finished, Happening, Question

PDU = "07915155000000F006400B915155001032F4528010410351405280104103124000"


def asked(text: str) -> tuple[Dialogue, Question]:
    dialogue = Dialogue()
    question = Question(text, kind_of(name_of(text)))
    dialogue.ask(question)
    return dialogue, question


def urcs(happenings: list[Happening]) -> list[str]:
    return [h.line for h in happenings if isinstance(h, Urc)]


def test_a_urc_inside_an_answer_does_not_become_part_of_it() -> None:
    dialogue, question = asked("AT+CSQ")
    _, happenings = dialogue.feed(
        b'\r\n^RSSI: 19\r\n\r\n+CSQ: 20,99\r\n\r\n+CMTI: "SM",4\r\n\r\nOK\r\n'
    )
    assert question.lines == ["+CSQ: 20,99"]
    assert urcs(happenings) == ["^RSSI: 19", '+CMTI: "SM",4']
    assert isinstance(happenings[-1], Finished)


def test_a_direct_report_between_two_listed_messages_is_no_listed_message() -> None:
    dialogue, question = asked("AT+CMGL=4")
    _, happenings = dialogue.feed(
        f"\r\n+CMGL: 1,1,,24\r\n{PDU}\r\n\r\n+CDS: 25\r\n{PDU}\r\n"
        f"\r\n+CMGL: 2,1,,24\r\n{PDU}\r\n\r\nOK\r\n".encode()
    )
    assert question.lines == ["+CMGL: 1,1,,24", PDU, "+CMGL: 2,1,,24", PDU]
    reports = [h for h in happenings if isinstance(h, Urc)]
    assert [(r.name, r.pdu) for r in reports] == [("+CDS", PDU)]


def test_a_listing_glued_without_line_ends_is_all_answer() -> None:
    dialogue, question = asked("AT+CMGL=4")
    dialogue.feed(f"\r\n+CMGL: 1,1,,24\r\n{PDU}+CMGL: 2,1,,24\r\n{PDU}\r\nOK\r\n".encode())
    assert question.lines == ["+CMGL: 1,1,,24", f"{PDU}+CMGL: 2,1,,24", PDU]


def test_a_registration_urc_is_not_taken_for_the_answer_to_the_query() -> None:
    dialogue, question = asked("AT+CREG?")
    _, happenings = dialogue.feed(b'\r\n+CREG: 5,"00C3","00A1",7\r\n\r\n+CREG: 2,1\r\n\r\nOK\r\n')
    assert question.lines == ["+CREG: 2,1"]
    assert urcs(happenings) == ['+CREG: 5,"00C3","00A1",7']


def test_a_blank_line_between_header_and_pdu_does_no_harm() -> None:
    dialogue = Dialogue()
    _, happenings = dialogue.feed(f"\r\n+CDS: 25\r\n\r\n{PDU}\r\n".encode())
    assert [h.pdu for h in happenings if isinstance(h, Urc)] == [PDU]


def test_a_header_whose_pdu_was_lost_does_not_swallow_the_final_result() -> None:
    dialogue, _ = asked("AT")
    _, happenings = dialogue.feed(b"\r\n+CDS: 25\r\n\r\nOK\r\n")
    assert isinstance(happenings[-1], Finished)
    assert [h.pdu for h in happenings if isinstance(h, Urc)] == [None]


def test_unprefixed_identity_is_taken_and_chatter_around_it_is_not() -> None:
    dialogue, question = asked("AT+CGMM")
    _, happenings = dialogue.feed(b"\r\n^HCSQ: 1\r\nE3372\r\n^RSSI:21\r\n\r\nOK\r\n")
    assert question.lines == ["E3372"]
    assert urcs(happenings) == ["^HCSQ: 1", "^RSSI:21"]


def test_the_echo_of_command_and_pdu_is_noticed_and_dropped() -> None:
    dialogue, question = asked("AT+CMGS=19")
    question.body = "0011ABCD"
    _, happenings = dialogue.feed(b"AT+CMGS=19\r\r\n0011ABCD\x1a\r\n+CMGS: 7\r\n\r\nOK\r\n")
    assert sum(isinstance(h, Echoed) for h in happenings) == 2
    assert question.lines == ["+CMGS: 7"]


def test_digits_are_results_only_while_numeric_results_are_expected() -> None:
    dialogue, _ = asked("AT")
    _, happenings = dialogue.feed(b"0\r")
    assert not any(isinstance(h, Finished) for h in happenings)
    dialogue.numeric = True
    _, happenings = dialogue.feed(b"0\r")
    assert any(isinstance(h, Finished) for h in happenings)


def test_a_result_that_nobody_waits_for_finishes_nothing() -> None:
    _, happenings = Dialogue().feed(b"\r\nOK\r\n+CMGS: 5\r\n")
    assert not any(isinstance(h, Finished) for h in happenings)


_STREAM = (
    b'AT+CSQ\r\r\n+CMTI: "SM",1\r\n\r\n+CSQ: 20,99\r\n\r\n+CDS: 25\r\n'
    + PDU.encode()
    + b"\r\n^RSSI: 3\r\n\r\nOK\r\n\r\n+CREG: 5\r\n"
)


@given(st.lists(st.integers(0, len(_STREAM)), max_size=20))
def test_any_split_of_the_octets_means_the_same(cuts: list[int]) -> None:
    def meaning(edges: list[int]) -> tuple[list[Happening], list[str]]:
        dialogue, question = asked("AT+CSQ")
        found: list[Happening] = []
        for start, end in pairwise(edges):
            found += dialogue.feed(_STREAM[start:end])[1]
        return found, question.lines

    whole = meaning([0, len(_STREAM)])
    assert meaning([0, *sorted(cuts), len(_STREAM)]) == whole
