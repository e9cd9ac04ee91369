"""USSD: services, dialogues, encodings (TS 27.007 7.15)."""

from __future__ import annotations

import pytest
from labs.bench import Lab

from modemgw.virtual.ussd import pack_septets, unpack_text

OK = "\r\nOK\r\n"


def test_the_balance_comes_after_ok(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.at('+CUSD=1,"*100#",15') == OK
    assert bench.after(1) == '\r\n+CUSD: 0,"Your balance is 12.34.",15\r\n'


def test_a_menu_leads_through_several_steps(lab: Lab) -> None:
    bench = lab.bench()
    for request, m, text in [
        ("*101#", 1, "1 Balance"),
        ("3", 1, "Number of the SIM?"),
        ("1", 0, "Your balance"),
    ]:
        bench.at(f'+CUSD=1,"{request}",15')
        assert bench.after(1).startswith(f'\r\n+CUSD: {m},"{text}')


def test_a_cancelled_dialogue_is_over(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CUSD=1,"*101#",15')
    lab.timers.advance(1)
    bench.heard()
    assert bench.at("+CUSD=2") == OK
    bench.at('+CUSD=1,"2",15')
    assert bench.after(1) == "\r\n+CUSD: 4\r\n"


def test_a_request_cancelled_in_flight_is_never_answered(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CUSD=1,"*100#",15')
    bench.at("+CUSD=2")
    assert bench.after(60) == ""


@pytest.mark.parametrize(
    ("request_", "seconds", "answer"),
    [
        ("*103#", 31, "+CUSD: 5"),
        ("*104#", 1, '+CUSD: 2,"Session ended by the network.",15'),
        ("*106#", 31, '+CUSD: 0,"Late, but here.",15'),
        ("*107#", 1, '+CUSD: 0,"596F75722062616C616E636520697320352E3030",68'),
        ("*109#", 1, '+CUSD: 2,"The closing quote of this text is mis5'),
        ("*999#", 1, "+CUSD: 4"),
    ],
)
def test_other_ends(lab: Lab, request_: str, seconds: int, answer: str) -> None:
    bench = lab.bench()
    bench.at(f'+CUSD=1,"{request_}",15')
    assert bench.after(seconds - 0.5) == ""
    assert bench.after(1) == f"\r\n{answer}\r\n"


def test_a_text_beyond_gsm_comes_as_ucs2_hex(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CUSD=1,"*102#",15')
    said = bench.after(1)
    assert said.endswith('",72\r\n')
    assert bytes.fromhex(said.split('"')[1]).decode("utf-16-be").startswith("Ваш баланс")


def test_under_ucs2_request_and_answer_are_hex(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CSCS="UCS2"')
    bench.at('+CUSD=1,"002A0031003000300023"')
    assert bench.after(1).startswith('\r\n+CUSD: 0,"0059006F0075')


def test_a_huawei_wants_packed_septets_and_answers_in_them(lab: Lab) -> None:
    bench = lab.bench("huawei-e173", make={"chatter": ()})
    bench.at('+CUSD=1,"AA180C3602",15')
    said = bench.after(1)
    assert unpack_text(bytes.fromhex(said.split('"')[1])) == "Your balance is 12.34."
    bench.at('+CUSD=1,"*100#",15')
    assert bench.after(1) == "\r\n+CUSD: 4\r\n"


def test_packing_fills_the_last_octet_with_cr() -> None:
    assert pack_septets(b"*100#").hex().upper() == "AA180C3602"
    assert pack_septets(b"*100*1#").hex().upper() == "AA180CA68A8D1A"
    assert unpack_text(bytes.fromhex("AA180CA68A8D1A")) == "*100*1#"
    assert unpack_text(bytes.fromhex("AA180C3602")) == "*100#"


def test_some_makes_answer_before_ok(lab: Lab) -> None:
    bench = lab.bench(make={"ussd_before_ok": True})
    assert bench.at('+CUSD=1,"*100#",15') == ""
    said = bench.after(1)
    assert said.index("+CUSD:") < said.index("OK")


def test_unregistered_there_is_no_ussd(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMEE=1")
    bench.faults.cover("none")
    assert bench.at('+CUSD=1,"*100#",15') == "\r\n+CME ERROR: 30\r\n"
