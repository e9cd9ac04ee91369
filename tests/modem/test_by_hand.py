"""AT commands that a person types at a modem's port."""

from __future__ import annotations

import asyncio

import pytest
from labs.modem import RigMaker

from modemgw.at.trace import masked
from modemgw.modem import AtUntypable, ModemState, PortClosed, check_command


@pytest.mark.parametrize(
    "command",
    [
        "AT",
        "ATI",
        "at+csq",
        "AT&V",
        "ATS3?",
        "ATE0V1",
        "AT+CPBR=1,5",
        'AT+CSCA="+44;7"',
        "AT^SYSCFGEX?",
        "AT$QCPWRDN",
        "AT+CMGS=?",
        "AT+COPS=3,0",
    ],
)
def test_commands_that_end_with_a_result_may_be_typed(command: str) -> None:
    check_command(command)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("AT+CMGS=23", "waits for data"),
        ("at+cmgw", "waits for data"),
        ("ATE0+CMGS=23", "waits for data"),
        ("AT+CNMA=1,12", "waits for data"),
        ("ATD+447700900123;", "one command"),
        ("ATD123", "dials"),
        ("ATE1D123", "dials"),
        ("ATE1 D123", "begins with AT"),
        ("ATA", "answers a call"),
        ("ATO", "data mode"),
        ("AT+CSQ;+CMGS=23", "one command"),
        ("AT+CSQ\rAT+CMGS=23", "printable"),
        ("AT+CSQ\x1a", "printable"),
        ("AT+CSCA=é", "printable"),
        ("+++", "begins with AT"),
        ("A/", "begins with AT"),
        ("AT" + "+" * 400, "400"),
    ],
)
def test_commands_that_leave_the_port_in_another_state_are_refused(command: str, why: str) -> None:
    with pytest.raises(AtUntypable, match=why):
        check_command(command)


@pytest.mark.parametrize(
    "command",
    [
        'AT+CPIN="1234"',
        "at+cpin = 1234",
        'AT+CLCK="SC",0,"1234"',
        "AT+CPIN2=1234",
        "AT^CPIN=1234",
        "AT+CSIM=26,0020000108313233343132",
    ],
)
def test_no_spelling_of_a_pin_is_told(command: str) -> None:
    assert "1234" not in masked(command, texts=True)
    assert "3132" not in masked(command, texts=True)


async def test_a_command_is_answered_with_its_lines_and_its_result(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        answer = await r.modem.by_hand("AT+CSQ")
        assert (answer.result, answer.meaning) == ("OK", None)
        assert answer.lines[0].startswith("+CSQ: ")
        free = await r.modem.by_hand("ATI")
        assert free.lines, "lines without a prefix belong to it"
        failed = await r.modem.by_hand("AT+NOSUCH=1")
        assert failed.result != "OK"
        assert failed.meaning


async def test_a_command_waits_for_the_part_in_the_air(rig: RigMaker) -> None:
    async with rig(bank={"part_seconds": 0.3}) as r:
        await r.ready()
        part = asyncio.create_task(r.submit())
        await r.state(ModemState.SENDING)
        await r.until(lambda: any(c.startswith("AT+CMGS") for c in r.commands()))
        assert (await r.modem.by_hand("AT+CGMI")).result == "OK"
        assert part.done() or (await asyncio.wait_for(part, 0.1)) is not None
        said = [line.text for line in r.modem.trace.lines()]
        sent = max(n for n, text in enumerate(said) if text.startswith("+CMGS:"))
        typed = max(n for n, text in enumerate(said) if text == "AT+CGMI")
        assert sent < typed


async def test_settings_that_a_command_undid_are_made_anew(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        before = r.commands().count("AT+CMGF=0")
        await r.modem.by_hand("AT+CMGF=1")
        await r.until(lambda: r.commands().count("AT+CMGF=0") > before)
        await r.ready()
        await r.submit()


async def test_without_an_open_port_nothing_is_typed(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.unplug()) as r:
        await r.state(ModemState.ABSENT)
        with pytest.raises(PortClosed, match="absent"):
            await r.modem.by_hand("AT")


async def test_a_trace_goes_on_behind_a_line(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        lines = r.modem.trace.lines()
        ids = [line.id for line in lines]
        assert ids == sorted(set(ids))
        assert r.modem.trace.lines(after=ids[2])[: len(lines) - 3] == lines[3:]
        assert r.modem.trace.lines(after=ids[-1] + 10_000_000)[: len(lines)] == lines
