"""What real modems print where the specifications want something else (numbers are invented)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from labs.channel import OK, ScriptedPort
from labs.clock import in_virtual_time
from labs.modem import RigMaker
from labs.timings import QUICK

from modemgw.at import Urc, UrcKind
from modemgw.at.commands import kind_of
from modemgw.at.cursor import split
from modemgw.at.dialogue import Dialogue, Finished, Question
from modemgw.at.parser import Parser
from modemgw.config import ModemMatch
from modemgw.modem.identify import iccid_of, read_iccid
from modemgw.modem.locator import matches
from modemgw.modem.pdus import direct_pdu, entries
from modemgw.modem.profiles import select
from modemgw.modem.registration import Network, Registration, poll_registration
from modemgw.modem.simlock import LockState, report_of_word
from modemgw.sms import Deliver, StatusReport, decode_mt

# What interrupts a text or a line that is never finished


def test_a_line_that_power_cut_off_does_not_swallow_the_banner() -> None:
    assert Parser().feed(b"\r\n+CSQ: 2\x00\x00\x00RDY\r\n") == ["+CSQ: 2", "RDY"]


@pytest.mark.parametrize("line", ["COMMAND NOT SUPPORT", "OK", "+CME ERROR: 14", "RDY", "RING"])
def test_a_header_without_its_pdu_swallows_nothing(line: str) -> None:
    for asked in (True, False):
        dialogue = Dialogue()
        if asked:
            dialogue.ask(Question("AT+CSQ", kind_of("+CSQ")))
        _, found = dialogue.feed(f"\r\n+CDS: 24\r\n\r\n{line}\r\n".encode())
        assert found[0] == Urc(UrcKind.DIRECT, "+CDS", "+CDS: 24")
        assert any(
            isinstance(h, Finished) or (isinstance(h, Urc) and h.line == line) for h in found[1:]
        )


def test_a_quote_that_is_never_closed_encloses_nothing() -> None:
    assert split('2,1,"39E5,0123') == ["2", "1", '"39E5', "0123"]
    assert split('"SM",3,20,"ME,4,100') == ['"SM"', "3", "20", '"ME', "4", "100"]


# ICCID: 20 semi-octets


@pytest.mark.parametrize(
    ("text", "iccid"),
    [
        ("898600B5192271001234", "898600B5192271001234"),
        ("898600F5192271001234", "898600F5192271001234"),
        ("898600f519227100123f", "898600F519227100123"),
        ('"898600C5192271001234"', "898600C5192271001234"),
        ("9868005B912217002143", "898600B5192271001234"),
        ("9868005F91221700213F", "898600F51922710012F3"),
        ("89332422217010081060,89044050000000000000000000012345", "89332422217010081060"),
        ('"89332422217010081060","89044050000000000000000000012345"', "89332422217010081060"),
        ("0,8986001234567890123", "8986001234567890123"),
        ('1,"8986001234567890123F"', "8986001234567890123"),
        ("0 8986001234567890123", "8986001234567890123"),
        ("ICCID: 8986 0012 3456 7890 123", "8986001234567890123"),
        ("89044050000000000000000000012345", None),
        ("000000FFFFFFFFFFFFFF", None),
        ("FFFFFFFFFFFFFFFFFFFF", None),
    ],
)
def test_an_iccid_is_read_whole(text: str, iccid: str | None) -> None:
    assert iccid_of(text) == iccid


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT+CICCID", "+ICCID: 89860012345678901234"),
        ("AT+ICCID", "+CCID: 89860012345678901234"),
        ("AT^ICCID?", "+ICCID: 89860012345678901234"),
        ("AT+QCCID", "ICCID: 89860012345678901234"),
        ("AT#CCID", "89860012345678901234"),
    ],
)
@in_virtual_time
async def test_an_answer_under_another_name_is_taken(command: str, answer: str) -> None:
    port = ScriptedPort({command.encode() + b"\r": f"\r\n{answer}\r\n".encode() + OK})
    assert await read_iccid(port.channel, (command,)) == "89860012345678901234"


def test_a_sim_can_be_named_by_an_iccid_with_letters() -> None:
    match = ModemMatch(iccid="898600b5192271001234")
    assert matches(match, None, "898600B5192271001234")
    assert not matches(match, None, "8986005192271001234")
    assert matches(ModemMatch(iccid="8986001234567890123f"), None, "8986001234567890123")


@pytest.mark.parametrize("iccid", ["xyz", "8999", "898600G5192271001234", "8986001234567890123456"])
def test_what_is_no_iccid_is_refused_with_what_would_be_one(iccid: str) -> None:
    with pytest.raises(ValueError, match="18 to 20 digits"):
        ModemMatch(iccid=iccid)


# Registration


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("+CREG: 1, 599, 39E5", Registration.HOME),
        ("+CREG: 1,388,1A2B", Registration.HOME),
        ("+CREG: 1,3,1A2B", Registration.HOME),
        ("+CREG: 1,7,2F41", Registration.HOME),
        ("+CREG: 1,7,2F41,2", Registration.HOME),
        ("+CREG: 5,2,00AB", Registration.ROAMING),
        ("+CREG: 5,11,2F41,7", Registration.ROAMING),
        ("+CREG: 3,0,0,0", Registration.DENIED),
        ("+CREG: 0, 0, 0", Registration.NONE),
        ('+CREG: 1,"7","2F41"', Registration.HOME),
        ('+CREG: 1,7,"2F41"', Registration.HOME),
        ("+CREG: 1,,", Registration.HOME),
        ("+CREG: 2", Registration.SEARCHING),
        ("+CEREG: 1,1,1,7", Registration.HOME),
        # And answers.
        ("+CREG: 2,1,1A2B,39E5", Registration.HOME),
        ("+CREG: 2,5, 599, 39E5, 7", Registration.ROAMING),
        ('+CREG: 2,1,"0007","0003",7', Registration.HOME),
        ('+CREG: 0,1,"0007","0003"', Registration.HOME),
        ("+CREG: 000,001", Registration.HOME),
        ("+CREG: 2,0,,", Registration.NONE),
        ("+CREG: 1,3", Registration.DENIED),
    ],
)
def test_the_stat_of_a_registration_is_found(line: str, state: Registration) -> None:
    network = Network()
    network.hear(line)
    assert network.registration is state


@pytest.mark.parametrize("line", ["+CREG: 599", "+CREG: 12", "+CREG:", "+CREG: x", '+CREG: ""'])
def test_what_is_no_stat_changes_nothing(line: str) -> None:
    network = Network()
    network.hear("+CREG: 1")
    network.hear(line)
    assert network.registration is Registration.HOME


@in_virtual_time
async def test_every_domain_is_asked_at_each_poll() -> None:
    # Registered in EPS only; later not even there, and no URC says so.
    port = ScriptedPort(
        {
            b"AT+CREG?\r": b"\r\n+CREG: 2,0\r\n" + OK,
            b"AT+CEREG?\r": [b"\r\n+CEREG: 2,1\r\n" + OK, b"\r\n+CEREG: 2,2\r\n" + OK],
            b"AT+CGREG?\r": b"\r\nERROR\r\n",
        }
    )
    network = Network()
    await poll_registration(port.channel, network)
    assert network.registration is Registration.HOME
    await poll_registration(port.channel, network)
    assert network.registration is Registration.SEARCHING


@in_virtual_time
async def test_a_domain_that_the_modem_no_longer_knows_counts_no_more() -> None:
    port = ScriptedPort(
        {
            b"AT+CREG?\r": b"\r\n+CREG: 2,0\r\n" + OK,
            b"AT+CEREG?\r": [b"\r\n+CEREG: 2,1\r\n" + OK, b"\r\n+CME ERROR: 4\r\n"],
            b"AT+CGREG?\r": b"\r\n+CGREG: 2,0\r\n" + OK,
        }
    )
    network = Network()
    await poll_registration(port.channel, network)
    await poll_registration(port.channel, network)
    assert network.registration is Registration.NONE


async def test_a_network_that_is_lost_for_a_moment_costs_a_moment(rig: RigMaker) -> None:
    # The search is announced, and the end of it is not; the next poll is half a minute away.
    async with rig(timings=replace(QUICK, poll=60.0, pulse=60.0)) as r:
        await r.ready()
        await asyncio.sleep(0.2)
        r.virtual.line.announce("+CREG: 2")
        r.virtual.line.announce("+CEREG: 2")
        r.virtual.line.announce("+CGREG: 2")
        await r.until(lambda: not r.modem.ready, 1)
        await r.ready(2)


# The SIM's state


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("SIM FAILURE", LockState.FAILED),
        ("SIM ERROR", LockState.FAILED),
        ("SIM WRONG", LockState.FAILED),
        ("REJECTED", LockState.FAILED),
        ("BLOCKED", LockState.PUK),
        ("SIM BLOCKED", LockState.PUK),
        ("SIM PUK", LockState.PUK),
        ("SIM PUK2", LockState.READY),
        ("NOT READY", LockState.BUSY),
        ("SIM NOT READY", LockState.BUSY),
        ("SIM BUSY", LockState.BUSY),
        ("NOT INSERTED", LockState.MISSING),
        ("SIM REMOVED", LockState.MISSING),
        ("SIM ABSENT", LockState.MISSING),
        ("PH-NET PIN", LockState.OTHER_LOCK),
        ("PH-SP PUK", LockState.OTHER_LOCK),
    ],
)
def test_a_state_of_the_card_is_no_lock_of_the_modem(word: str, state: LockState) -> None:
    assert report_of_word(word).state is state


# PDUs

REPORT = "06550A912143658709122022118314801220221183148000"
DELIVER = "040B915155001032F400005280104103514005C8329BFD06"
CENTRE = "07915155000000F0"


def direct(header: str, pdu: str) -> bytes:
    return direct_pdu(Urc(UrcKind.DIRECT, header.partition(":")[0], header, pdu)).tpdu


def stored(header: str, pdu: str) -> bytes:
    return entries((header, pdu), "SM", None)[0].pdu.tpdu


@pytest.mark.parametrize(
    ("read", "header"),
    [
        (direct, "+CDS: 24"),
        (direct, "+CDS: ,24"),
        (stored, "+CMGL: 1,1,,24"),
        (stored, "+CMGR: 1,,24"),
    ],
)
@pytest.mark.parametrize("behind", ["", "0", "F", ",0", " ", "0D", "FFFFFFFF", " junk"])
@pytest.mark.parametrize("before", ["", "00", CENTRE])
def test_a_report_is_read_with_and_without_a_centre_and_whatever_is_behind(
    read: Callable[[str, str], bytes], header: str, before: str, behind: str
) -> None:
    assert read(header, before + REPORT + behind) == bytes.fromhex(REPORT)


@pytest.mark.parametrize("header", ["+CMT: ,24", "+CMT: 24", '+CMT: "name",24'])
@pytest.mark.parametrize("pdu", [DELIVER, CENTRE + DELIVER, DELIVER + "7", f'"{DELIVER}"'])
def test_a_message_is_read_with_and_without_a_centre(header: str, pdu: str) -> None:
    tpdu = direct(header, pdu)
    assert tpdu == bytes.fromhex(DELIVER)
    assert isinstance(decode_mt(tpdu), Deliver)


@pytest.mark.parametrize("line", ["Call me", "RDY", "0", "xyz", ""])
def test_what_is_no_pdu_is_kept_as_it_is(line: str) -> None:
    pdu = direct_pdu(Urc(UrcKind.DIRECT, "+CMT", "+CMT: ,24", line))
    assert (pdu.tpdu, pdu.raw) == (b"", line or "+CMT: ,24")


def test_without_a_length_the_octets_decide() -> None:
    assert isinstance(decode_mt(direct("+CDS:", REPORT)), StatusReport)
    assert isinstance(decode_mt(direct("+CDS:", CENTRE + REPORT)), StatusReport)


def test_a_header_that_counts_the_centre_too_does_no_harm() -> None:
    assert direct("+CDS: 32", CENTRE + REPORT) == bytes.fromhex(REPORT)


def test_a_listed_pdu_with_rubbish_behind_it_is_part_of_the_answer() -> None:
    dialogue, question = Dialogue(), Question("AT+CMGL=4", kind_of("+CMGL"))
    dialogue.ask(question)
    dialogue.feed(f"\r\n+CMGL: 1,1,,24\r\n{DELIVER}0 \\x\r\n\r\nOK\r\n".encode())
    assert len(question.lines) == 2


# Makers


@pytest.mark.parametrize(
    ("maker", "model", "profile"),
    [
        ("FOXCOM MODEM", "X1", "generic"),
        ("INCORPORATED", "X1", "generic"),
        ("Aztech", "X1", "generic"),
        ("Intelitronics", "X1", "generic"),
        ("Nothuawei", "X1", "generic"),
        ("ZTE", "MF190", "zte"),
        ("Huawei Technologies Co., Ltd.", "E3372", "huawei"),
        ("SIMCOM_Ltd", "SIMCOM_SIM900", "simcom-2g"),
        ("SIMCOM_Ltd", "SIM868", "simcom-2g"),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM7000E", "simcom"),
        *(("Quectel", f"M{n}", "quectel-2g") for n in (10, 26, 35, 66, 72, 85, 95)),
        ("Quectel_Ltd", "Quectel_M26", "quectel-2g"),
        ("Quectel", "MC60", "quectel-2g"),
        ("QUECTEL", "Quectel M95", "quectel-2g"),
        ("Quectel", "EC25", "quectel"),
        ("Quectel", "BG96", "quectel"),
        ("Quectel", "EM06", "quectel"),
        (None, "Quectel_M95", "quectel-2g"),
    ],
)
def test_a_maker_is_known_by_whole_words(maker: str | None, model: str, profile: str) -> None:
    assert select(maker, model).name == profile
