"""Two AT ports of one modem: what is the modem's, and what is each port's own."""

from __future__ import annotations

import pytest
from labs.bench import Bench, Lab, submit

from modemgw import sms

OK = "\r\nOK\r\n"


@pytest.fixture
def ports(lab: Lab) -> tuple[Bench, Bench]:
    first = lab.bench(second_port=True)
    (second,) = lab.second_ports
    return first, second


def test_settings_are_each_ports_own(ports: tuple[Bench, Bench]) -> None:
    first, second = ports
    first.at('+CMEE=1;+CSCS="UCS2"')
    first.at("+CNMI=2,1,0,1,0")
    assert second.at("+CMEE?") == "\r\n+CMEE: 0\r\n" + OK
    assert second.at("+CSCS?") == '\r\n+CSCS: "IRA"\r\n' + OK
    assert second.at("+CNMI?") == "\r\n+CNMI: 0,0,0,0,0\r\n" + OK
    first.at('+CPMS="ME","ME","ME"')
    assert '"SM"' in second.at("+CPMS?")


def test_sim_stores_and_radio_are_the_modems(ports: tuple[Bench, Bench]) -> None:
    first, second = ports
    draft = sms.pack_pdu(submit("+15550001234")).encode() + b"\x1a"
    first.at(f"+CMGW={len(submit('+15550001234'))}")
    assert "+CMGW: 0" in first.type(draft)
    assert "+CMGL: 0,2,," in second.at("+CMGL=2")
    assert second.at("+CIMI") == first.at("+CIMI")
    second.at("+CFUN=4")
    second.after(1)
    assert "+CREG: 0,0" in first.at("+CREG?")


def test_one_message_service_command_at_a_time(ports: tuple[Bench, Bench]) -> None:
    first, second = ports
    length = len(submit("+15550001234"))
    assert first.at(f"+CMGS={length}").endswith("> ")
    second.at("+CMEE=1")
    assert second.at(f"+CMGS={length}") == "\r\n+CMS ERROR: 301\r\n"
    first.type(b"\x1b")
    assert second.at(f"+CMGS={length}").endswith("> ")


def test_a_restart_takes_the_settings_of_both(ports: tuple[Bench, Bench]) -> None:
    first, second = ports
    second.at("+CMEE=2")
    second.at('+CUSD=1,"*106#",15')
    first.faults.reboot()
    assert second.after(60) == ""
    assert "+CMEE: 0" in second.at("+CMEE?")


def test_unsolicited_results_come_on_the_first(ports: tuple[Bench, Bench]) -> None:
    first, second = ports
    for port in ports:
        port.at("+CREG=1")
        port.at("+CNMI=2,1,0,0,0")
    first.faults.cover("none")
    assert first.lab.smsc is not None
    first.faults.cover("home")
    first.lab.smsc.inject("+15550001234", first.modem.number, "Hello")
    said = first.heard()
    assert "+CREG: 1" in said
    assert "+CMTI" in said
    assert second.heard() == ""


def test_who_hangs_is_the_modem_and_who_is_deaf_the_port(ports: tuple[Bench, Bench]) -> None:
    first, second = ports
    first.faults.deafen(5)
    assert first.at("") == ""
    assert second.at("") == OK
    first.faults.hang(5)
    assert second.at("") == ""
    first.after(6)
    assert [port.at("") for port in ports] == [OK, OK]
