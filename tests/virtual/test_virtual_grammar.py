"""What V.250 wants of a command line: repeats, registers, forms, quotes; octet by octet."""

from __future__ import annotations

import pytest
from labs.bench import Lab

from modemgw.virtual.commands import COMMANDS, known
from modemgw.virtual.personalities import PERSONALITIES

OK, ERROR = "\r\nOK\r\n", "\r\nERROR\r\n"
CSQ = "\r\n+CSQ: 20,99\r\n" + OK


# A/ (V.250 5.2.4)


def test_a_slash_repeats_at_once_without_a_line_end(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.at("+CSQ") == CSQ
    assert bench.type(b"A/") == CSQ
    assert bench.type(b"a/") == CSQ
    assert bench.type(b"A") == ""
    assert bench.type(b"/") == CSQ
    assert bench.type(b"A/A/") == CSQ * 2
    assert bench.type(b"A/\r\nAT\r") == CSQ + OK
    assert bench.type(b"AX\x08/") == OK  # X was taken back: it repeats AT
    assert bench.type(b"A/AT+CSQ\r") == OK + CSQ


def test_a_slash_is_echoed_and_nothing_behind_it_is(lab: Lab) -> None:
    bench = lab.bench(quiet=False)
    bench.at("")
    assert bench.type(b"A/") == "A/" + OK


def test_a_slash_inside_a_command_repeats_nothing(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CSQ")
    assert bench.type(b'AT+CSCA="+1","A/') == ""
    assert bench.type(b"\r") != CSQ
    assert bench.type(b"ATA/") == ""


def test_a_slash_before_any_command_repeats_the_empty_one(lab: Lab) -> None:
    assert lab.bench().type(b"A/") == OK


# S registers (V.250 6.2.1 to 6.2.3, 6.3.8 to 6.3.12)


@pytest.mark.parametrize(
    ("register", "default", "value"),
    [("S0", 0, 1), ("S0", 0, 255), ("S6", 2, 10), ("S7", 60, 50), ("S8", 2, 0), ("S10", 14, 254)],
)
def test_a_register_keeps_its_value(lab: Lab, register: str, default: int, value: int) -> None:
    bench = lab.bench()
    assert bench.at(f"{register}?") == f"\r\n{default:03d}\r\n{OK}"
    assert bench.at(f"{register}={value}") == OK
    assert bench.at(f"{register}?") == f"\r\n{value:03d}\r\n{OK}"
    bench.at("&W")
    bench.at(f"{register}={default}")
    bench.at("Z")
    assert f"\r\n{value:03d}\r\n" in bench.at(f"E0{register}?")
    bench.at("&F")
    assert f"\r\n{default:03d}\r\n" in bench.at(f"E0{register}?")


@pytest.mark.parametrize(
    "command", ["S0=256", "S3=128", "S4=200", "S5=128", "S6=1", "S6=11", "S7=0", "S10=255", "S99?"]
)
def test_a_value_out_of_range_is_refused(lab: Lab, command: str) -> None:
    assert lab.bench().at(command) == ERROR


def test_the_character_that_takes_back_is_a_register(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("S5=127")
    assert bench.type(b"AT+CSX\x7fQ\r") == CSQ
    assert bench.at("S5?") == f"\r\n127\r\n{OK}"


def test_a_saved_end_of_line_comes_back(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("S4=35")
    bench.at("&F")
    bench.at("E0")
    assert bench.at("+CSQ") == CSQ


@pytest.mark.parametrize("command", ["E2", "V2", "Q2", "X5", "&C2", "&D4", "L4", "M4", "H1", "Z2"])
def test_a_basic_command_has_its_range(lab: Lab, command: str) -> None:
    assert lab.bench().at(command) == ERROR


# forms (V.250 5.4.3, 5.4.4)


@pytest.mark.parametrize(
    "command",
    [
        *("+CSQ?", "+CSQ=1", "+CESQ?", "+CGMI?", "+CGMI=1", "+CGMM?", "+CGMR?", "+CGSN?", "+GMI?"),
        *("+CIMI?", "+CIMI=1", "+CNUM?", "+CLAC?", "+CPAS?", "+CBC?", "+GCAP?", "+GCAP=1"),
        *("+CMGR?", "+CMGD?", "+CMGL?", "+CMGS?", "+CMGW?", "+CMSS?", "+CMSS", "+CMGR", "+CMGD"),
        *("+CRSM?", "+CRSM", "+CLCK?", "+CPBR?", "+CPBR", "+CLCC?", "+CHUP?", "+CNMA?"),
        *("+CMEE", "+CREG", "+CFUN", "+CPMS", "+CNMI", "+CMGF", "+CSMS", "+CSCS", "+COPS", "+CUSD"),
        *("+CSCA", "+CPIN", "+CGATT", "+CCLK", "+CSMP", "+CSDH", "+CPBS", "+CCID=1"),
    ],
)
def test_a_form_that_a_command_does_not_have_is_an_error(lab: Lab, command: str) -> None:
    assert lab.bench().at(command) == ERROR


def test_the_imei_may_be_asked_for_by_its_number(lab: Lab) -> None:
    bench = lab.bench()
    imei = bench.modem.imei
    assert bench.at("+CGSN=1") == f'\r\n+CGSN: "{imei}"\r\n{OK}'
    assert bench.at("+CGSN=7") == ERROR


@pytest.mark.parametrize("name", sorted(PERSONALITIES))
def test_whatever_a_make_lists_it_has(name: str) -> None:
    refusal = PERSONALITIES[name].unknown_command
    make = {"chatter": (), "reset_commands": (), "off_commands": (), "refused": frozenset()}
    for command in known(PERSONALITIES[name]):
        bench = Lab().bench(name, make=make)
        forms = {form.value for form in COMMANDS[command].forms} - {"="}
        if command[0].isalpha() or command[0] == "&":
            forms = {"?"} if command[0] == "S" else {""}
        for form in forms:
            said = bench.at(command + form) + bench.after(30)
            fails = command in ("A", "D", "+CMGS", "+CMGW", "+CNMA")
            assert said.endswith(("OK\r\n", "0\r", "> ")) or fails or command in ("Q", "+CPIN"), (
                command + form,
                said,
            )
            assert f"\r\n{refusal}\r\n" not in said or fails, command + form
            bench.type(b"\x1b")


@pytest.mark.parametrize("name", sorted(PERSONALITIES))
def test_the_list_has_no_command_of_another_make(lab: Lab, name: str) -> None:
    bench = lab.bench(name, make={"refused": frozenset()})
    listed = [line[2:] for line in bench.at("+CLAC").split("\r\n") if line.startswith("AT")]
    others = {command for command, entry in COMMANDS.items() if entry.own}
    assert others & set(listed) == bench.modem.personality.own_commands & others
    assert "+CMGS" in listed


def test_the_phone_book_can_be_asked_for_whatever_the_sim_does(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.at("+CPBS?") == f'\r\n+CPBS: "SM",0,10\r\n{OK}'
    bench.faults.remove_sim()
    bench.heard()
    assert bench.at("+CPBS?") == f'\r\n+CPBS: "SM",0,0\r\n{OK}'
    assert bench.at("+CPBS=?") == f'\r\n+CPBS: ("SM","ON")\r\n{OK}'
    assert bench.at('+CPBS="SM"') == ERROR


# quotes (V.250 5.4.2.2)


@pytest.mark.parametrize(
    "command",
    [
        '+CMGS="+15550001234',
        '+CMGW="+15550001234',
        '+CSCA="+15550001234',
        '+CSCA="+1555"0001234"',
        '+CPMS="SM',
        '+CPMS="SM","SM',
        '+CPMS="SM"x,"SM"',
        '+CUSD=1,"*100#',
        '+CUSD=1,"*100#,15',
        '+CSCS="GSM',
        '+COPS=1,2,"00101',
        '+CSQ;+CMGS="+1555',
    ],
)
def test_an_unclosed_quote_is_refused_without_a_prompt(lab: Lab, command: str) -> None:
    bench = lab.bench()
    bench.at("+CMGF=1")
    centre = bench.modem.body.slot.service_centre
    assert bench.at(command) == ERROR
    assert bench.at("") == OK
    assert bench.modem.body.slot.service_centre == centre


def test_spaces_around_values_are_allowed(lab: Lab) -> None:
    bench = lab.bench()
    assert "OK" in bench.at('+CPMS= "SM" , "ME" ,"SM" ')
    assert '"SM",0,30,"ME",0,100,"SM",0,30' in bench.at("+CPMS?")
