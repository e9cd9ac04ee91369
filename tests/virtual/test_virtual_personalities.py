"""Personalities: what makes each make itself, checked against what is known of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from labs.bench import Lab

from modemgw.virtual.fates import KINDS
from modemgw.virtual.faults import INJECTABLE
from modemgw.virtual.personalities import PERSONALITIES, personality_named
from modemgw.virtual.sim import luhn

NAMES = sorted(PERSONALITIES)


@pytest.mark.parametrize("name", NAMES)
def test_it_identifies_itself(lab: Lab, name: str) -> None:
    make = personality_named(name)
    bench = lab.bench(name)
    assert make.manufacturer in bench.at("+CGMI")
    assert make.model in bench.at("+CGMM")
    assert make.revision in bench.at("+CGMR")
    imei = bench.modem.imei
    assert imei in bench.at("+CGSN")
    assert len(imei) == 15
    assert luhn(imei[:-1]) == imei[-1]
    assert "{" not in bench.at("I")


@pytest.mark.parametrize("name", NAMES)
def test_its_iccid_can_be_read_by_a_command_of_its_own_or_from_the_file(
    lab: Lab, name: str
) -> None:
    bench = lab.bench(name)
    command, _ = bench.modem.personality.iccid_commands[0]
    said = bench.at(command if command.startswith(("+", "#")) else f"{command}?")
    digits = re.findall(r"\d{18,}", said.upper())[0]
    swapped = "".join(b + a for a, b in zip(digits[::2], digits[1::2], strict=False))
    assert bench.modem.iccid[:18] in (digits[:18], swapped[:18])
    said = bench.at("+CRSM=176,12258,0,0,10")
    content = said.split('"')[1]
    assert len(content) == 20
    assert "".join(b + a for a, b in zip(content[::2], content[1::2], strict=True)) == (
        bench.modem.iccid + "F"
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_cnmi_it_accepts_is_kept_and_the_others_are_refused(lab: Lab, name: str) -> None:
    bench = lab.bench(name)
    cnmi = bench.modem.personality.cnmi
    bench.at("+CSMS=1")
    accepted = 0
    for mode in range(4):
        for mt in range(4):
            for ds in range(3):
                for bfr in range(2):
                    values = (mode, mt, 0, ds, bfr)
                    said = bench.at("+CNMI=" + ",".join(map(str, values)))
                    assert ("OK" in said) == cnmi.takes(values), values
                    if "OK" in said:
                        accepted += 1
                        assert "+CNMI: " + ",".join(map(str, values)) in bench.at("+CNMI?")
    assert accepted


@pytest.mark.parametrize("name", NAMES)
def test_it_sends_stores_and_reports_one_way_or_another(lab: Lab, name: str) -> None:
    bench = lab.bench(name, make={"chatter": ()})
    for line in ("2,1,0,1,0", "1,1,0,1,0", "2,1,0,2,1"):
        if "OK" in bench.at(f"+CNMI={line}"):
            break
    assert re.search(r"\+CMGS: \d+(\r\n)+OK", bench.send("+15550001234"))
    assert "+CDS" in bench.after(5)
    assert lab.smsc is not None
    lab.smsc.inject("+15550001234", bench.modem.number, "x")
    announced = re.search(r'\+CMTI: "(\w+)",(\d+)', bench.heard())
    assert announced is not None
    assert int(announced[2]) == bench.modem.personality.index_base
    assert "+CMGR: " in bench.at(f"+CMGR={announced[2]}")


@pytest.mark.parametrize("name", NAMES)
def test_after_a_reboot_it_is_deaf_then_not_ready_then_ready(lab: Lab, name: str) -> None:
    bench = lab.bench(name, boot=True)
    make = bench.modem.personality
    if make.wake_seconds:
        assert bench.at("") == ""
    said = bench.after(make.wake_seconds)
    stores = '+CPMS="SM"'
    assert "314" in bench.at(f"E0{stores}")
    said += bench.after(make.sim_seconds - make.wake_seconds)
    assert make.initialising in bench.at(stores)
    said += bench.after(make.boot_seconds)
    for _, line in make.boot_lines:
        assert line.format(pin="READY") in said
    assert "+CPMS:" in bench.at(stores)


@pytest.mark.parametrize("name", [n for n in NAMES if personality_named(n).reset_commands])
def test_its_own_reset_command_restarts_it(lab: Lab, name: str) -> None:
    bench = lab.bench(name)
    bench.at("+CMEE=1")
    bench.at(bench.modem.personality.reset_commands[0])
    assert bench.modem.power.boots == (not bench.modem.personality.reset_unplugs)
    lab.timers.advance(60)
    assert bench.modem.power.boots == 1
    assert bench.modem.power.sms_ready


@pytest.mark.parametrize("name", NAMES)
def test_cfun_1_1_restarts_it_or_is_an_error(lab: Lab, name: str) -> None:
    bench = lab.bench(name)
    assert ("OK" in bench.at("+CFUN=1,1")) == bench.modem.personality.cfun_resets
    lab.timers.advance(60)
    assert bench.modem.power.boots == bench.modem.personality.cfun_resets


@pytest.mark.parametrize("name", [n for n in NAMES if personality_named(n).off_commands])
def test_switched_off_it_stays_off(lab: Lab, name: str) -> None:
    bench = lab.bench(name)
    bench.at(bench.modem.personality.off_commands[0])
    lab.timers.advance(600)
    bench.heard()
    assert bench.at("") == ""


@pytest.mark.parametrize("name", [n for n in NAMES if personality_named(n).chatter])
def test_its_chatter_goes_on_until_it_is_switched_off(lab: Lab, name: str) -> None:
    bench = lab.bench(name)
    chatter = bench.modem.personality.chatter[0]
    assert bench.after(10.5).count(chatter.line) == 10 // chatter.every_seconds
    bench.at(chatter.silenced_by)
    assert bench.after(60) == ""


@pytest.mark.parametrize("name", [n for n in NAMES if personality_named(n).pin_counter])
def test_its_pin_counter_counts(lab: Lab, name: str) -> None:
    bench = lab.bench(name)
    bench.faults.ask_pin("1234")
    counter = bench.modem.personality.pin_counter
    assert counter is not None
    before = bench.at(counter[0])
    bench.at('+CPIN="0000"')
    lab.timers.advance(1)
    bench.heard()
    after = bench.at(counter[0])
    assert before.replace("3", "2", 1) == after or before != after


def test_values_left_out_of_cnmi_stay_or_are_zero_by_make(lab: Lab) -> None:
    plain, siemens = lab.bench(), lab.bench("cinterion-ehs6")
    for bench, read in ((plain, "2,1,0,1,0"), (siemens, "2,1,0,0,0")):
        bench.at("+CSMS=1")
        bench.at("+CNMI=2,1,0,1,0")
        bench.at("+CNMI=2,1")
        assert f"+CNMI: {read}" in bench.at("+CNMI?")


def test_wavecom_shows_the_pin_state_without_ok_and_takes_two_stores_but_not_three(
    lab: Lab,
) -> None:
    bench = lab.bench("wavecom-fastrack")
    assert bench.at("+CPIN?") == "\r\n+CPIN: READY\r\n"
    assert '+CPMS: (("SM","BM","SR"),("SM"))' in bench.at("+CPMS=?")
    assert bench.at('+CPMS="SM","SM"') == "\r\n+CPMS: 0,15,0,15\r\n\r\nOK\r\n"
    assert bench.at('+CPMS="SM"') == "\r\n+CPMS: 0,15,0,15\r\n\r\nOK\r\n"
    assert bench.at('+CPMS="SM","SM","SM"') == "\r\n+CMS ERROR: 302\r\n"
    assert bench.at("+CPMS?") == '\r\n+CPMS: "SM",0,15,"SM",0,15\r\n\r\nOK\r\n'


def test_a_make_may_refuse_chains_of_basic_commands(lab: Lab) -> None:
    bench = lab.bench("generic-one-by-one")
    for chain in ("E0V1", "E0Q0V1", "V1&C1"):
        assert bench.at(chain) == "\r\nERROR\r\n"
    for command in ("E0", "V1", "&C1", "+CMEE=1;+CSQ", "E0+CSQ"):
        assert bench.at(command).endswith("\r\nOK\r\n")


def test_a_make_may_let_its_stores_be_chosen_and_not_asked_for(lab: Lab) -> None:
    bench = lab.bench("generic-unasked-stores")
    assert bench.at("+CPMS?") == "\r\nERROR\r\n"
    assert bench.at("+CMEE?") == "\r\nERROR\r\n"
    assert bench.at("+CMEE=1") == "\r\nOK\r\n"
    assert "+CPMS: (" in bench.at("+CPMS=?")
    assert "+CPMS: 0,100" in bench.at('+CPMS="ME","ME","ME"')


def test_a_make_may_answer_ussd_before_its_ok(lab: Lab) -> None:
    bench = lab.bench("generic-ussd-first")
    bench.at('+CUSD=1,"*100#",15')
    assert bench.after(2) == '\r\n+CUSD: 0,"Your balance is 12.34.",15\r\n\r\nOK\r\n'


def test_a_wavecom_report_is_filled_with_ff_behind_its_length(lab: Lab) -> None:
    bench = lab.bench("wavecom-fastrack")
    bench.at("+CNMI=2,1,0,1,0")
    bench.send("+15550001234")
    _, header, pdu, _ = bench.after(5).split("\r\n")
    assert header == "+CDS: 25"
    assert pdu.endswith("FF" * 100)


def test_ep06_lists_by_words_only(lab: Lab) -> None:
    bench = lab.bench("quectel-ep06")
    assert bench.at("+CMGL=4") == "\r\n+CMS ERROR: 303\r\n"
    assert bench.at('+CMGL="ALL"') == "\r\nOK\r\n"


def test_ec200a_writes_lower_case(lab: Lab) -> None:
    bench = lab.bench("quectel-ec200a")
    assert lab.smsc is not None
    lab.smsc.inject("+15550001234", bench.modem.number, "Hello")
    pdu = bench.at("+CMGR=0").split("\r\n")[2]
    assert pdu == pdu.lower()
    assert "c8329bfd06" in pdu


def test_ec200a_counts_what_it_cannot_show(lab: Lab) -> None:
    bench = lab.bench("quectel-ec200a")
    bench.at('+CPMS="ME","ME","ME"')
    assert lab.smsc is not None
    lab.smsc.inject("+15550001234", bench.modem.number, "Hello")
    assert '"ME",1,255' in bench.at("+CPMS?")
    assert bench.at("+CMGL=4") == "\r\nOK\r\n"
    assert "321" in bench.at("+CMGR=0")


def test_zte_writes_a_comma_before_the_length_of_a_report(lab: Lab) -> None:
    bench = lab.bench("zte-mf190", make={"chatter": ()})
    assert "303" in bench.at("+CNMI=2,1,0,1,0")
    bench.at("+CNMI=1,1,0,1,0")
    bench.send("+15550001234")
    assert "\r\n+CDS: ,25\r\n" in bench.after(5)


def test_a_sierra_says_ok_to_cfun_long_before_it_is_registered(lab: Lab) -> None:
    bench = lab.bench("sierra-mc7304")
    bench.at("+CFUN=4")
    lab.timers.advance(5)
    bench.at("+CFUN=1")
    assert "OK" in bench.after(2)
    assert "+CREG: 0,0" in bench.at("+CREG?")
    lab.timers.advance(7)
    assert "+CREG: 0,1" in bench.at("+CREG?")


def test_ehs6_takes_direct_delivery_only_with_csms_1(lab: Lab) -> None:
    bench = lab.bench("cinterion-ehs6")
    assert "303" in bench.at("+CNMI=2,2,0,1,0")
    bench.at("+CSMS=1")
    assert "OK" in bench.at("+CNMI=2,2,0,1,0")


def test_an_advertised_value_may_be_ignored_though_answered_ok(lab: Lab) -> None:
    ignoring = personality_named("generic").cnmi.__class__(ds=(0, 2))
    bench = lab.bench(make={"cnmi_ignored": ignoring})
    assert bench.at("+CNMI=2,1,0,1,0") == "\r\nOK\r\n"
    assert "+CNMI: 0,0,0,0,0" in bench.at("+CNMI?")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ({"lead": b"", "tail": b"\n"}, "+CMGR: 0,,{n}\r\n{pdu}\nOK\n"),
        ({"blank_before_pdu": True}, "\r\n+CMGR: 0,,{n}\r\n\r\n{pdu}\r\n\r\nOK\r\n"),
        ({"pdu_tail": ",0"}, "\r\n+CMGR: 0,,{n}\r\n{pdu},0\r\n\r\nOK\r\n"),
        ({"read_header": "+CMGR: {length}"}, "\r\n+CMGR: {n}\r\n{pdu}\r\n\r\nOK\r\n"),
    ],
)
def test_framing_knobs(lab: Lab, make: dict[str, object], said: str) -> None:
    plain = Lab().bench()
    bench = lab.bench(make=make)
    for one in (plain, bench):
        assert one.lab.smsc is not None
        one.lab.smsc.inject("+15550001234", one.modem.number, "Hello")
    header, pdu = plain.at("+CMGR=0").split("\r\n")[1:3]
    expected = said.replace("{n}", header.rpartition(",")[2]).replace("{pdu}", pdu)
    assert bench.at("+CMGR=0") == expected


def test_a_glued_list_has_no_line_end_between_its_entries(lab: Lab) -> None:
    bench = lab.bench(make={"glued_list": True})
    assert lab.smsc is not None
    for _ in range(2):
        lab.smsc.inject("+15550001234", bench.modem.number, "Hello")
    assert re.search(r"[0-9A-F]\+CMGL: 1,", bench.at("+CMGL=4"))


def test_every_personality_fault_and_magic_number_is_in_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "virtual.md").read_text("utf-8")
    for name in (*NAMES, *INJECTABLE):
        assert f"| `{name}` |" in manual
    for kind in KINDS:
        assert f"| {kind.digits} | " in manual
