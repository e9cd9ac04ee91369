"""The line: echo, framing, concatenation, prompt (V.250 5, TS 27.005 3.5)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labs.bench import Lab, submit

from modemgw import sms


def test_echo_is_on_at_power_up_and_the_echo_of_a_command_ends_in_cr_alone(lab: Lab) -> None:
    bench = lab.bench(quiet=False)
    assert bench.at("") == "AT\r\r\nOK\r\n"
    assert bench.at("E0") == "ATE0\r\r\nOK\r\n"
    assert bench.at("") == "\r\nOK\r\n"


def test_v0_answers_in_digits_without_a_leading_line_end(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.at("V0") == "0\r"
    assert bench.at("+CSQ") == "+CSQ: 20,99\r\n0\r"
    assert bench.at("+NONSENSE") == "4\r"
    assert bench.at("V1") == "\r\nOK\r\n"


def test_q1_says_no_final_results(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.at("Q1") == ""
    assert bench.at("+CSQ") == "\r\n+CSQ: 20,99\r\n"
    assert bench.at("Q0") == "\r\nOK\r\n"


@pytest.mark.parametrize("line", ["AT+CSQ", "at+csq", "At+CsQ", "xxAT+CSQ", "\x1b\nAT+CSQ"])
def test_the_prefix_is_found_in_any_case_behind_any_noise(lab: Lab, line: str) -> None:
    assert lab.bench().type(line.encode() + b"\r") == "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"


def test_a_line_without_the_prefix_is_not_answered(lab: Lab) -> None:
    assert lab.bench().type(b"hello\r") == ""


def test_backspace_takes_back_and_a_slash_repeats(lab: Lab) -> None:
    bench = lab.bench()
    assert "+CSQ:" in bench.type(b"AT+CSX\x08Q\r")
    assert "+CSQ:" in bench.type(b"A/\r")


def test_commands_of_a_line_share_one_final_result(lab: Lab) -> None:
    bench = lab.bench(quiet=False)
    said = bench.at("E0V1&C1;+CMEE=1;+CMEE?;+CSQ")
    assert said.endswith("\r\n+CMEE: 1\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n")
    assert said.count("OK") == 1


def test_the_first_failure_ends_the_line(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.at("+CMEE=1;+NONSENSE;+CMEE=2") == "\r\nERROR\r\n"
    assert "+CMEE: 1" in bench.at("+CMEE?")


def test_a_semicolon_in_quotes_does_not_separate(lab: Lab) -> None:
    bench = lab.bench()
    bench.at('+CSCA="+123;45"')
    assert bench.modem.body.slot.service_centre == "+123;45"


def test_what_follows_atz_on_its_line_is_lost(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMEE=1")
    bench.at("Z;+CMEE=2")
    bench.at("E0")
    assert "+CMEE: 0" in bench.at("+CMEE?")


def test_saved_settings_come_back_with_atz_and_go_with_at_f(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMEE=1")
    bench.at("&W")
    bench.at("+CMEE=2")
    bench.at("Z")
    assert "+CMEE: 1" in bench.at("E0+CMEE?")
    bench.at("&F")
    assert "+CMEE: 0" in bench.at("E0+CMEE?")


def test_a_line_over_the_limit_is_an_error_and_nothing_of_it_is_done(lab: Lab) -> None:
    bench = lab.bench("cinterion-bgs2")
    assert bench.at("+CMEE=1" + ";+CSQ" * 100) == "\r\nERROR\r\n"
    assert "+CMEE: 0" in bench.at("+CMEE?")


@pytest.mark.parametrize(
    ("mode", "answer"),
    [(0, "ERROR"), (1, "+CME ERROR: 10"), (2, "+CME ERROR: SIM not inserted")],
)
def test_errors_are_bare_numbers_or_words_by_cmee(lab: Lab, mode: int, answer: str) -> None:
    bench = lab.bench()
    bench.faults.remove_sim()
    bench.at(f"+CMEE={mode}")
    assert bench.at("+CIMI") == f"\r\n{answer}\r\n"


def test_a_wrong_parameter_is_told_in_the_commands_own_kind_of_error(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMEE=1")
    assert bench.at("+CREG=x") == "\r\n+CME ERROR: 50\r\n"
    assert bench.at("+CMGS=x") == "\r\n+CMS ERROR: 304\r\n"
    bench.at("+CMGF=1")
    assert bench.at("+CMGS") == "\r\n+CMS ERROR: 305\r\n"


def test_the_prompt_is_four_octets_without_a_line_end(lab: Lab) -> None:
    assert lab.bench().at("+CMGS=19") == "\r\n> "


def test_the_typed_pdu_is_echoed_with_its_ctrl_z_and_without_cr(lab: Lab) -> None:
    bench = lab.bench(quiet=False)
    tpdu = submit("+15550001234")
    bench.at(f"+CMGS={len(tpdu)}")
    said = bench.type(b"00" + tpdu.hex().encode() + b"\x1a")
    assert said == f"00{tpdu.hex()}\x1a\r\n+CMGS: 0\r\n\r\nOK\r\n"


def test_escape_at_the_prompt_sends_nothing_and_answers_ok(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGS=19")
    assert bench.type(b"0031\x1b") == "\r\nOK\r\n"
    assert bench.at("") == "\r\nOK\r\n"
    assert lab.smsc is not None
    assert lab.smsc.accepted == []


def test_at_typed_at_the_prompt_becomes_message_text(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGS=19")
    assert bench.at("") == ""
    assert bench.type(b"\x1a") == "\r\n+CMS ERROR: 304\r\n"


def test_unsolicited_results_wait_for_the_end_of_the_prompt(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMGS=19")
    bench.modem.line.announce("+CREG: 2")
    assert bench.heard() == ""
    assert bench.type(b"\x1b") == "\r\nOK\r\n\r\n+CREG: 2\r\n"


def test_a_huawei_shows_them_in_the_prompt(lab: Lab) -> None:
    bench = lab.bench("huawei-e173")
    bench.at("+CMGS=19")
    bench.modem.line.announce("^RSSI:12")
    assert bench.heard() == "\r\n^RSSI:12\r\n"


def test_commands_typed_ahead_are_run_when_the_radio_is_free(lab: Lab) -> None:
    bench = lab.bench(part_seconds=3)
    assert bench.send("+15550001234") == ""
    assert bench.at("+CSQ") == ""
    assert bench.after(3) == "\r\n+CMGS: 0\r\n\r\nOK\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n"


def test_any_octet_aborts_a_network_scan(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.at("+COPS=?") == ""
    assert bench.at("") == "\r\nERROR\r\n"
    assert bench.after(60) == ""


_SESSION = b"".join(
    [
        b"ATE0\r",
        b"AT+CMEE=1;+CSQ\r\n",
        b"AT+CNMI=2,1,0,1,0\r",
        b"AT+CMGS=%d\r" % len(submit("+15550001234")),
        sms.pack_pdu(submit("+15550001234")).encode() + b"\x1a",
        b"AT+CMGS=19\r001\x1bAT+CMGL=4\r",
        b"junk\r\x1b\x1aAT+CPMS?\r",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, len(_SESSION) - 1), max_size=40))
def test_how_the_octets_are_cut_makes_no_difference(cuts: list[int]) -> None:
    def run(pieces: list[bytes]) -> str:
        bench = Lab().bench()
        return "".join(bench.type(piece) for piece in pieces)

    places = sorted({0, *cuts, len(_SESSION)})
    pieces = [_SESSION[a:b] for a, b in itertools.pairwise(places)]
    assert run(pieces) == run([_SESSION])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"AT", b"\r", b"+CMGS=20", b'"'])),
        max_size=20,
    )
)
def test_no_octets_upset_it(pieces: list[bytes]) -> None:
    bench = Lab().bench()
    for piece in pieces:
        bench.type(piece)
    bench.type(b"\x1b\r")
    bench.modem.line.engine.reset()
    assert bench.at("") == "AT\r\r\nOK\r\n"
