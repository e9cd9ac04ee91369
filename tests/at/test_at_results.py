"""Final results and unsolicited ones."""

from __future__ import annotations

import pytest

from modemgw.at import ErrorCode, UrcKind
from modemgw.at.commands import is_registration_answer, kind_of, name_of
from modemgw.at.results import final_result
from modemgw.at.urc import classify


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("+CMS ERROR: 38", ErrorCode("CMS", 38)),
        ("+CME ERROR: 10", ErrorCode("CME", 10)),
        ("+CME ERROR: SIM not inserted", ErrorCode("CME", 10, "SIM not inserted")),
        ("+CME ERROR: SIMnotinserted", ErrorCode("CME", 10, "SIMnotinserted")),
        ("+CMS ERROR: Unknown error", ErrorCode("CMS", 500, "Unknown error")),
        ("+CMS ERROR: No network service", ErrorCode("CMS", 331, "No network service")),
        ("+CMS ERROR: what is this", ErrorCode("CMS", None, "what is this")),
        ("ERROR", ErrorCode("ERROR")),
        ("COMMAND NOT SUPPORT", ErrorCode("ERROR")),
        ('ERROR+CNUM: "",""', ErrorCode("ERROR", None, 'ERROR+CNUM: "",""')),
    ],
)
def test_errors_are_read_as_numbers_and_as_words(line: str, code: ErrorCode) -> None:
    final = final_result(line)
    assert final is not None
    assert final.error == code


@pytest.mark.parametrize("line", ["+CMTI: 1", "RING", "NO CARRIER", "OKAY", "0", "SIM800"])
def test_other_lines_are_no_final_results(line: str) -> None:
    assert final_result(line) is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('+CMTI: "SM",-1', UrcKind.STORED),
        ('+CDSI: "SR",3', UrcKind.STORED),
        ("RDY", UrcKind.BOOT),
        ("+CFUN: 1", UrcKind.BOOT),
        ("+CFUN: 4", UrcKind.CHATTER),
        ("^SYSSTART", UrcKind.BOOT),
        ("^RSSI: 20", UrcKind.CHATTER),
        ('^SMMEMFULL:"SM"', UrcKind.MEMORY_FULL),
        ("UNDER-VOLTAGE WARNNING", UrcKind.CHATTER),
        ("Call Ready", UrcKind.STARTED),
        ("+QIND: SMS DONE", UrcKind.STARTED),
        ('+QIND: "csq",20,99', UrcKind.CHATTER),
        ("^SIMST:1", UrcKind.STARTED),
        ("+CPIN: READY", UrcKind.SIM),
        ("@@@@", UrcKind.UNKNOWN),
    ],
)
def test_unsolicited_lines_are_sorted_by_what_they_are_about(line: str, kind: UrcKind) -> None:
    assert classify(line) is kind


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        (["2", "1"], True),
        (["2", "1", '"00C3"', '"A1B2"', "7"], True),
        (["2", "1", "00C3", "0000A1B2"], True),
        (["000", "001"], True),
        (["1"], False),
        (["1", '"00C3"', '"A1B2"', "7"], False),
        (["1", "00C3", "0000A1B2"], False),
        (["1", "0010", "0000A1B2", "7"], False),
    ],
)
def test_a_registration_answer_is_told_from_its_urc(parameters: list[str], answer: bool) -> None:
    assert is_registration_answer(parameters) is answer


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AT", ""),
        ("ATE0V1", "E"),
        ("AT&F", "&F"),
        ("AT+CMGS=23", "+CMGS"),
        ("AT^ICCID?", "^ICCID"),
        ("AT!RESET", "!RESET"),
    ],
)
def test_a_command_line_has_a_name(text: str, name: str) -> None:
    assert name_of(text) == name


def test_slow_commands_are_given_their_time() -> None:
    assert kind_of("+CMGL").timeout_s > kind_of("+CSQ").timeout_s
