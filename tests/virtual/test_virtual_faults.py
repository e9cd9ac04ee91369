"""Faults: each one bites as described, and ends as described."""

from __future__ import annotations

import inspect
from itertools import pairwise
from typing import Any

import pytest
from labs.bench import Lab

from modemgw.virtual.calls import Ended
from modemgw.virtual.faults import INJECTABLE, Faults

OK = "\r\nOK\r\n"


def test_a_hang_is_silent_for_its_time(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.hang(30)
    assert bench.at("") == ""
    bench.modem.line.announce("+CREG: 2")
    assert bench.after(29) == ""
    lab.timers.advance(2)
    assert bench.at("") == OK


def test_the_network_cannot_reach_a_hanging_modem_and_delivers_afterwards(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.send("+15550001234")
    bench.faults.hang(30)
    assert bench.after(30) == ""
    assert "+CDS:" in bench.after(1)


def test_clearing_a_hang_brings_what_waited(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.faults.hang()
    assert lab.smsc is not None
    lab.smsc.inject("+15550001234", bench.modem.number, "x")
    assert bench.heard() == ""
    bench.faults.clear()
    assert bench.heard() == '\r\n+CMTI: "SM",0\r\n'


def test_a_hang_for_ever_ends_with_a_replug(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.hang()
    lab.timers.advance(1e6)
    assert bench.at("") == ""
    bench.faults.unplug()
    bench.faults.replug()
    lab.timers.advance(10)
    bench.heard()
    assert bench.at("").endswith(OK)


def test_deaf_it_still_talks(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.deafen(10)
    assert bench.at("") == ""
    bench.modem.line.announce("^RSSI:20")
    assert bench.heard() == "\r\n^RSSI:20\r\n"


@pytest.mark.parametrize("passed", [True, False])
def test_hanging_after_the_prompt_leaves_open_whether_it_was_sent(lab: Lab, passed: bool) -> None:
    bench = lab.bench()
    bench.faults.hang_after_prompt(passed=passed)
    assert bench.send("+15550001234") == ""
    assert bench.at("") == ""
    assert lab.smsc is not None
    assert len(lab.smsc.accepted) == passed


@pytest.mark.parametrize("passed", [True, False])
def test_a_lost_answer_leaves_the_modem_alive(lab: Lab, passed: bool) -> None:
    bench = lab.bench()
    bench.faults.lose_next_answer(passed=passed)
    assert bench.send("+15550001234") == ""
    assert bench.at("") == OK
    assert "+CMGS:" in bench.send("+15550001234")
    assert lab.smsc is not None
    assert len(lab.smsc.accepted) == 1 + passed


def test_a_delayed_answer_comes_late_and_only_once(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.delay_answer(70)
    assert bench.send("+15550001234") == ""
    assert bench.after(69) == ""
    assert "+CMGS: 0" in bench.after(2)
    assert "+CMGS: 1" in bench.send("+15550001234")


def test_a_stuck_prompt_swallows_commands_until_escape(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.stick_prompt()
    assert bench.at("") == ""
    assert bench.type(b"\x1b") == OK
    assert bench.at("") == OK


def test_ctrl_z_at_a_stuck_prompt_sends_nothing(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.stick_prompt()
    assert "ERROR" in bench.type(b"AT\r\x1a")
    assert lab.smsc is not None
    assert lab.smsc.accepted == []


def test_a_lost_prompt_is_waited_for_in_vain(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.lose_prompt()
    assert bench.at("+CMGS=19") == ""
    assert bench.type(b"\x1b") == OK
    assert bench.at("+CMGS=19") == "\r\n> "


def test_garbage_comes_as_it_is(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.garbage(100)
    assert len(bench.heard()) == 100


def test_split_octets_come_one_by_one(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.split(0.01)
    assert bench.at("") == "\r"
    assert bench.after(0.0101) == "\n"
    assert bench.after(1) == "OK\r\n"
    bench.faults.split(None)
    assert bench.at("") == OK


def test_a_storm_is_as_long_as_asked(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.storm(1000, "+ZUSIMR:2")
    assert bench.heard().count("+ZUSIMR:2") == 1000


def test_interleaved_results_come_before_between_and_behind(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.interleave(["+CREG: 2", "^RSSI:3"])
    assert bench.at("+CSQ;+CGSN") == (
        f"\r\n+CREG: 2\r\n\r\n+CSQ: 20,99\r\n\r\n^RSSI:3\r\n\r\n{bench.modem.imei}\r\n\r\nOK\r\n"
    )


def test_a_lost_final_result_leaves_the_text(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.lose_final()
    assert bench.at("+CSQ") == "\r\n+CSQ: 20,99\r\n"
    assert bench.at("") == OK


def test_a_reboot_loses_the_settings_and_shows_the_banner(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMEE=1;+CNMI=2,1,0,1,0")
    bench.faults.ask_pin("1234")
    bench.at('+CPIN="1234"')
    lab.timers.advance(1)
    bench.heard()
    bench.faults.reboot()
    assert bench.after(10).startswith("\r\nRDY\r\n")
    assert bench.at("+CNMI?") == "AT+CNMI?\r\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n"
    assert "+CPIN: SIM PIN" in bench.at("+CPIN?")
    assert "+CMEE: 0" in bench.at("+CMEE?")


def test_before_sms_is_ready_the_commands_of_sms_are_refused(lab: Lab) -> None:
    bench = lab.bench(boot=True)
    bench.modem.line.engine.echo = False
    lab.timers.advance(2)
    bench.heard()
    assert bench.at("+CPMS?") == "\r\n+CMS ERROR: 515\r\n"
    lab.timers.advance(5)
    bench.heard()
    assert "+CPMS:" in bench.at("+CPMS?")


def test_a_restart_takes_an_unanswered_send_with_it(lab: Lab) -> None:
    bench = lab.bench(part_seconds=10)
    bench.send("+15550001234")
    lab.timers.advance(5)
    bench.faults.reboot()
    assert "+CMGS" not in bench.after(60)


def test_forgotten_settings_come_without_a_banner(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.faults.forget_settings(text_mode=True)
    assert bench.heard() == ""
    assert bench.at("+CMGF?").startswith("AT+CMGF?\r\r\n+CMGF: 1")
    assert "+CNMI: 0,0,0,0,0" in bench.at("+CNMI?")


def test_cnmi_is_answered_ok_and_dropped(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.drop_cnmi()
    assert bench.at("+CNMI=2,1,0,1,0") == OK
    assert "+CNMI: 0,0,0,0,0" in bench.at("+CNMI?")
    bench.at("+CNMI=2,1,0,1,0")
    assert "+CNMI: 2,1,0,1,0" in bench.at("+CNMI?")


def test_a_busy_sim_says_so_for_a_while(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMEE=1")
    bench.faults.sim_busy(10)
    assert bench.at("+CIMI") == "\r\n+CME ERROR: 14\r\n"
    assert bench.at("+CMGL=4") == "\r\n+CMS ERROR: 314\r\n"
    lab.timers.advance(11)
    assert "OK" in bench.at("+CIMI")


def test_without_a_sim_nothing_of_it_works(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMEE=1;+CREG=1")
    bench.faults.remove_sim()
    assert bench.heard() == "\r\n+CPIN: NOT INSERTED\r\n\r\n+CREG: 0\r\n"
    assert bench.at("+CPIN?") == "\r\n+CME ERROR: 10\r\n"
    assert bench.at("+CMGS=19") == "\r\n+CMS ERROR: 310\r\n"


def test_a_sim_taken_out_while_its_message_is_in_the_air_is_an_error(lab: Lab) -> None:
    bench = lab.bench(part_seconds=5)
    bench.send("+15550001234")
    bench.faults.remove_sim()
    bench.heard()
    assert "ERROR" in bench.after(5)
    assert lab.smsc is not None
    assert lab.smsc.accepted == []


def test_a_swapped_sim_has_another_iccid_and_takes_its_messages_along(lab: Lab) -> None:
    one, other = lab.bench(), lab.bench()
    assert lab.smsc is not None
    lab.smsc.inject("+15550001234", one.modem.number, "mine")
    before = one.modem.iccid
    first, second = one.faults.remove_sim(), other.faults.remove_sim()
    assert first is not None
    assert second is not None
    one.faults.insert_sim(second)
    other.faults.insert_sim(first)
    assert before in other.at("+CCID")
    assert "+CMGR: 0" in other.at("+CMGR=0")


def test_three_wrong_pins_ask_for_the_puk_and_ten_wrong_puks_kill(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CMEE=1")
    bench.faults.ask_pin("1234")
    for code in (16, 16, 12):
        bench.at('+CPIN="0000"')
        assert bench.after(1) == f"\r\n+CME ERROR: {code}\r\n"
    assert "+CPIN: SIM PUK" in bench.at("+CPIN?")
    for _ in range(10):
        bench.at('+CPIN="00000000","1111"')
        bench.after(1)
    assert bench.at("+CPIN?") == "\r\n+CME ERROR: 13\r\n"


def test_the_right_puk_sets_a_new_pin(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.ask_pin()
    bench.faults.block_pin()
    bench.at('+CPIN="12345678","4321"')
    assert bench.after(1) == OK
    assert bench.modem.sim is not None
    assert bench.modem.sim.pin == "4321"


@pytest.mark.parametrize(
    ("coverage", "stat"),
    [("home", 1), ("roaming", 5), ("searching", 2), ("denied", 3), ("none", 0)],
)
def test_coverage_shows_in_creg(lab: Lab, coverage: str, stat: int) -> None:
    bench = lab.bench()
    bench.faults.cover("none" if coverage == "home" else "home")
    bench.at("+CREG=1")
    bench.faults.cover(coverage)
    assert bench.heard() == f"\r\n+CREG: {stat}\r\n"
    assert bench.at("+CREG?").startswith(f"\r\n+CREG: 1,{stat}\r\n")
    assert ("+CSQ: 99" in bench.at("+CSQ")) == (stat not in (1, 5))


def test_refusals_are_counted(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.refuse(41, 2)
    assert bench.send("+15550001234") == "\r\n+CMS ERROR: 41\r\n"
    assert bench.send("+15550001234") == "\r\n+CMS ERROR: 41\r\n"
    assert "+CMGS:" in bench.send("+15550001234")


def test_a_blocked_sim_refuses_until_it_is_unblocked(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.block(8)
    for _ in range(5):
        assert bench.send("+15550001234") == "\r\n+CMS ERROR: 8\r\n"
    bench.faults.block(None)
    assert "+CMGS:" in bench.send("+15550001234")


def test_the_block_follows_the_sim_to_another_modem(lab: Lab) -> None:
    one, other = lab.bench(), lab.bench()
    one.faults.block(8)
    first, second = one.faults.remove_sim(), other.faults.remove_sim()
    assert first is not None
    assert second is not None
    one.faults.insert_sim(second)
    other.faults.insert_sim(first)
    one.heard()
    other.heard()
    assert "+CMGS:" in one.send("+15550001234")
    assert other.send("+15550001234") == "\r\n+CMS ERROR: 8\r\n"


def test_swallowed_messages_look_accepted_and_go_nowhere(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.faults.swallow()
    assert "+CMGS: 0" in bench.send("+15550001234")
    assert bench.after(60) == ""
    assert lab.smsc is not None
    assert lab.smsc.accepted == []


def test_a_sim_is_blocked_after_so_many_messages(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.block(41, after=2)
    answers = [bench.send("+15550001234") for _ in range(4)]
    assert ["ERROR" in answer for answer in answers] == [False, False, True, True]


@pytest.mark.parametrize(
    ("how", "statuses", "early"),
    [
        ({"copies": 0}, [], False),
        ({"copies": 2}, [0, 0], False),
        ({"status": 0x30}, [0x30], False),
        ({"early": True}, [0], True),
        ({"usual": True}, [0], False),
    ],
)
def test_reports_can_be_bent_for_ordinary_numbers(
    lab: Lab, how: dict[str, Any], statuses: list[int], early: bool
) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.faults.report(**how)
    said = bench.send("+15550001234")
    assert ("+CDS" in said) == early
    said += bench.after(60)
    lines = said.split("\r\n")
    pdus = [pdu for header, pdu in pairwise(lines) if header.startswith("+CDS")]
    assert [int(pdu[-2:], 16) for pdu in pdus] == statuses


def test_a_late_report_is_late(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.faults.report(late=3600)
    bench.send("+15550001234")
    assert bench.after(3600) == ""
    assert "+CDS" in bench.after(10)


@pytest.mark.parametrize("final", ["ERROR", "+CMS ERROR: 301", ""])
def test_a_command_fails_as_often_as_asked(lab: Lab, final: str) -> None:
    bench = lab.bench()
    bench.faults.fail_command("+cmgl", final)
    assert bench.at("+CMGL=4") == (f"\r\n{final}\r\n" if final else "")
    assert bench.at("+CMGL=4") == OK


def test_a_call_rings_as_the_settings_have_it(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.ring(2)
    assert bench.heard() == "\r\nRING\r\n"
    bench.at("+CLIP=1;+CRC=1")
    assert '\r\n+CRING: VOICE\r\n\r\n+CLIP: "+15550001234",145' in bench.after(5)
    assert bench.after(60) == "\r\nNO CARRIER\r\n"


def test_a_caller_is_turned_away(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CLIP=1")
    bench.faults.ring(3, None)
    assert bench.heard().endswith('+CLIP: "",128,,,,1\r\n')
    assert bench.at("H") == OK
    assert bench.after(60) == ""
    assert [call.ended for call in bench.modem.body.calls.ended] == [Ended.REFUSED]


def test_a_call_is_taken_and_listed(lab: Lab) -> None:
    bench = lab.bench()
    assert bench.at("A") == "\r\nNO CARRIER\r\n"
    bench.faults.ring(3, "07700900123")
    bench.heard()
    assert bench.at("+CLCC") == f'\r\n+CLCC: 1,1,4,0,0,"07700900123",129\r\n{OK}'
    assert bench.at("A") == OK
    assert bench.after(60) == ""
    assert bench.at("+CLCC") == f'\r\n+CLCC: 1,1,0,0,0,"07700900123",129\r\n{OK}'
    assert bench.at("+CHUP") == OK
    assert [call.ended for call in bench.modem.body.calls.ended] == [Ended.HUNG_UP]


def test_a_huawei_stays_at_the_prompt_after_a_bad_pdu(lab: Lab) -> None:
    bench = lab.bench("huawei-e173")
    bench.at("^CURC=0")
    bench.at("+CMGS=19")
    assert bench.type(b"00\x1a") == ""
    assert bench.at("") == ""
    assert bench.type(b"\x1b") == OK


def test_a_sim800_starts_its_references_anew_with_every_power_up(lab: Lab) -> None:
    bench = lab.bench("simcom-sim800")
    bench.send("+15550001234")
    assert "+CMGS: 1" in bench.send("+15550001234")
    bench.faults.reboot()
    lab.timers.advance(10)
    bench.at("E0")
    assert "+CMGS: 0" in bench.send("+15550001234")


def test_a_wrong_index_and_store_are_shown(lab: Lab) -> None:
    bench = lab.bench()
    bench.at("+CNMI=2,1,0,1,0")
    bench.faults.show(index=-1, memory="ME")
    assert lab.smsc is not None
    lab.smsc.inject("+15550001234", bench.modem.number, "x")
    assert bench.heard() == '\r\n+CMTI: "ME",-1\r\n'


def test_clear_ends_every_fault(lab: Lab) -> None:
    bench = lab.bench()
    bench.faults.hang()
    bench.faults.block(41)
    bench.faults.refuse(21, 5)
    bench.faults.lose_final(5)
    bench.faults.clear()
    assert "+CMGS:" in bench.send("+15550001234")


@pytest.mark.parametrize("name", INJECTABLE)
def test_what_can_be_injected_exists_and_says_what_it_does(name: str) -> None:
    assert inspect.getdoc(getattr(Faults, name))
