"""Modems that start in their own ways: refused greetings, echo that stays, SIMs being read."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from labs.channel import OK, ScriptedPort
from labs.clock import LoopClock, in_virtual_time
from labs.modem import Rig, RigMaker
from labs.timings import QUICK

from modemgw.at import CommandFailed
from modemgw.modem import ModemState, NotSubmitted, SubmitRefused
from modemgw.modem.initialise import greet, initialise
from modemgw.modem.patience import Patience
from modemgw.modem.profiles import GENERIC

ERROR = b"\r\nERROR\r\n"


@pytest.mark.parametrize(
    "refusal",
    [
        ERROR,
        b"\r\n+CME ERROR: 58\r\n",
        b"\r\nCOMMAND NOT SUPPORT\r\n",
        b"\r\nTOO MANY PARAMETERS\r\n",
    ],
)
@in_virtual_time
async def test_a_greeting_that_is_refused_as_a_chain_is_given_word_by_word(
    refusal: bytes,
) -> None:
    port = ScriptedPort({b"ATE0V1\r": refusal, b"ATE0\r": OK, b"ATV1\r": OK, b"AT+CMEE=1\r": OK})
    await greet(port.channel)
    assert b"ATE0\r" in port.log
    assert b"ATV1\r" in port.log
    assert not port.channel.echo.stays


@pytest.mark.parametrize("refused", [b"ATE0\r", b"ATV1\r", b"AT+CMEE=1\r"])
@in_virtual_time
async def test_no_word_of_the_greeting_is_needed_so_much_that_its_refusal_is_a_fault(
    refused: bytes,
) -> None:
    port = ScriptedPort({b"ATE0\r": OK, b"ATV1\r": OK, b"AT+CMEE=1\r": OK} | {refused: ERROR})
    await greet(port.channel)


@in_virtual_time
async def test_a_modem_in_numeric_mode_is_greeted_word_by_word_too() -> None:
    port = ScriptedPort({b"ATE0V1\r": b"4\r", b"ATE0\r": b"0\r", b"ATV1\r": OK, b"AT+CMEE=1\r": OK})
    await greet(port.channel)
    assert not port.channel.numeric


# Echo


async def _works(r: Rig) -> None:
    await r.ready()
    for text in ("one", "two"):
        await r.submit(text=text)
    r.bank.smsc.inject("+447911000001", r.virtual.number, "in")
    await r.until(lambda: r.sink.of_kind(0) and len(r.sink.of_kind(2)) == 2)
    await asyncio.sleep(1.0)
    assert [p.text for p in r.bank.smsc.accepted] == ["one", "two"]
    assert ModemState.RECOVERING not in r.sink.states
    assert r.modem.status.resets == 0


@pytest.mark.parametrize("make", ["generic", "huawei-e173", "simcom-sim800", "quectel-ec25"])
async def test_echo_that_stays_on_is_worked_with(rig: RigMaker, make: str) -> None:
    async with rig(
        before=lambda bank: bank.modems[0].faults.keep_echo(), bank={"personality": make}
    ) as r:
        await _works(r)


async def test_echo_that_cannot_be_refused_is_worked_with(rig: RigMaker) -> None:
    def refuse(bank: object) -> None:
        bank.modems[0].faults.fail_command("E", "ERROR", 1000)  # type: ignore[attr-defined]

    async with rig(before=refuse) as r:
        await _works(r)


async def test_echo_that_comes_back_by_itself_is_worked_with(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.keep_echo()
        await r.until(lambda: r.commands().count("AT+CMGF?") == 2)
        await _works(r)


async def test_a_modem_that_always_echoes_and_fell_into_text_mode_sends_no_digits(
    rig: RigMaker,
) -> None:
    calm = replace(QUICK, settings_check=60.0)
    async with rig(timings=calm, before=lambda bank: bank.modems[0].faults.keep_echo()) as r:
        await r.ready()
        r.virtual.line.parameters["+CMGF"] = (1,)
        with pytest.raises(NotSubmitted, match="text mode"):
            await r.submit()
        await r.until(lambda: not r.modem.ready)
        await r.ready()
        await r.submit(text="proper")
        assert [p.text for p in r.bank.smsc.accepted] == ["proper"]


# A SIM that is still being read


@pytest.mark.parametrize("code", [14, 515])
@pytest.mark.parametrize("make", ["generic", "huawei-e173", "simcom-sim7600", "wavecom-fastrack"])
async def test_a_sim_that_is_ready_and_busy_is_asked_again_without_a_reset(
    rig: RigMaker, make: str, code: int
) -> None:
    async with rig(
        before=lambda bank: bank.modems[0].faults.sim_unread(1.2, code),
        bank={"personality": make, "pin": "4711"},
        pin="4711",
    ) as r:
        await r.until(lambda: "busy" in (r.modem.status.reason or ""), 3)
        await r.ready(8)
        assert r.modem.status.recoveries == 0
        assert sum("CPIN=" in c for c in r.commands()) == 1
        assert r.modem.sim is not None
        assert r.modem.sim.iccid == r.virtual.sim.iccid
        assert r.modem.sim.imsi == r.virtual.sim.imsi


@pytest.mark.parametrize("name", ["+CIMI", "+CCID", "+CRSM", "+CNUM", "+CSCA", "+CPMS", "+CSMS"])
@pytest.mark.parametrize("final", ["+CME ERROR: 14", "+CME ERROR: 515", "+CMS ERROR: 314"])
async def test_one_busy_command_of_the_start_is_asked_again(
    rig: RigMaker, name: str, final: str
) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.fail_command(name, final, 5)) as r:
        await r.ready(8)
        assert r.modem.status.recoveries == 0
        assert r.modem.sim is not None
        assert r.modem.sim.iccid == r.virtual.sim.iccid
        assert r.modem.sim.imsi == r.virtual.sim.imsi


# Stores that cannot be asked for


def modem_without(answer: bytes, *, setting: bytes = OK) -> ScriptedPort:
    port = ScriptedPort()
    said = {
        b"AT+CPMS?\r": answer,
        b"AT+CPMS=?\r": answer,
        b"AT+CNMI?\r": b"\r\n+CNMI: 2,1,0,1,0\r\n" + OK,
    }

    class Answers(dict[bytes, object]):
        def get(self, data: bytes, default: object = None) -> object:
            return said.get(data) or (setting if data.startswith(b"AT+CPMS=") else OK)

    port.answers = Answers()
    return port


async def _initialise(port: ScriptedPort) -> float:
    began = asyncio.get_running_loop().time()
    patience = Patience(LoopClock(), 60.0, 1.0, told.append)
    setup = await initialise(port.channel, GENERIC, None, patience)
    assert setup.cnmi is not None
    return asyncio.get_running_loop().time() - began


told: list[str] = []


@pytest.mark.parametrize(
    "answer",
    [
        ERROR,
        b"\r\n+CME ERROR: 3\r\n",
        b"\r\n+CME ERROR: 4\r\n",
        b"\r\n+CME ERROR: 100\r\n",
        b"\r\n+CMS ERROR: 303\r\n",
        b"\r\nCOMMAND NOT SUPPORT\r\n",
        b"\r\n+CMS ERROR: 500\r\n",
        b"\r\n+CMS ERROR: 302\r\n",
    ],
)
@in_virtual_time
async def test_a_store_that_cannot_be_asked_for_is_set_at_once(answer: bytes) -> None:
    assert await _initialise(modem_without(answer)) < 1


@pytest.mark.parametrize("answer", [ERROR, b"\r\n+CME ERROR: 4\r\n", b"\r\n+CMS ERROR: 303\r\n"])
@in_virtual_time
async def test_a_modem_without_any_store_commands_is_not_waited_for(answer: bytes) -> None:
    assert await _initialise(modem_without(answer, setting=answer)) < 1


@pytest.mark.parametrize(
    "answer",
    [b"\r\n+CMS ERROR: 500\r\n", b"\r\n+CMS ERROR: 302\r\n", b"\r\n+CME ERROR: 14\r\n"],
)
@in_virtual_time
async def test_a_store_that_is_starting_is_waited_for_and_that_is_told(answer: bytes) -> None:
    told.clear()
    assert 59 < await _initialise(modem_without(answer, setting=answer)) < 65
    assert told
    assert all("store" in reason or "busy" in reason for reason in told)


@in_virtual_time
async def test_a_modem_that_knows_nothing_but_pdu_mode_is_in_it() -> None:
    port = modem_without(OK)
    inner = port.answers.get
    port.answers.get = lambda data, default=None: (  # type: ignore[method-assign]
        {b"AT+CMGF=0\r": ERROR, b"AT+CMGF?\r": b"\r\n+CMGF: 0\r\n" + OK}.get(data)
        or inner(data, default)
    )
    assert await _initialise(port) < 1


@in_virtual_time
async def test_a_modem_that_refuses_pdu_mode_is_refused_in_the_end() -> None:
    port = modem_without(OK)
    inner = port.answers.get
    port.answers.get = lambda data, default=None: (  # type: ignore[method-assign]
        {b"AT+CMGF=0\r": b"\r\n+CMS ERROR: 304\r\n"}.get(data) or inner(data, default)
    )
    with pytest.raises(CommandFailed):
        await _initialise(port)


# The service centre


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize("how", ["lost", "lost, 38", "shown and not used"])
async def test_a_service_centre_that_is_gone_is_given_back_and_the_part_sent(
    rig: RigMaker, how: str, *, configured: bool
) -> None:
    more = {"smsc": "+447700900888"} if configured else {}
    async with rig(**more) as r:
        await r.ready()
        if how == "shown and not used":
            r.faults.miss_smsc()
        else:
            r.faults.lose_smsc(code=38 if "38" in how else 330)
        for text in ("one", "two"):
            await r.submit(text=text)
        assert [p.text for p in r.bank.smsc.accepted] == ["one", "two"]
        assert r.virtual.sim.smsc == ("+447700900888" if configured else "+447700900999")
        assert sum(c.startswith("AT+CSCA=") for c in r.commands()) == 1 + configured


async def test_a_service_centre_that_cannot_be_written_is_named_in_each_part(
    rig: RigMaker,
) -> None:
    async with rig(smsc="+447700900999") as r:
        await r.ready()
        r.faults.lose_smsc()
        r.faults.fail_command("+CSCA", "ERROR", 1000)
        for text in ("one", "two"):
            await r.submit(text=text)
        assert [p.text for p in r.bank.smsc.accepted] == ["one", "two"]


async def test_a_refusal_before_the_prompt_is_mended_as_one_behind_it(rig: RigMaker) -> None:
    async with rig(smsc="+447700900999") as r:
        await r.ready()
        r.faults.fail_command("+CMGS", "+CMS ERROR: 330", 1)
        await r.submit(text="one")
        assert [p.text for p in r.bank.smsc.accepted] == ["one"]
        assert r.modem.status.refused == 0


async def test_a_modem_that_nothing_helps_is_refused_and_not_asked_for_ever(
    rig: RigMaker,
) -> None:
    async with rig(smsc="+447700900999") as r:
        await r.ready()
        r.faults.fail_command("+CMGS", "+CMS ERROR: 330", 1000)
        with pytest.raises(SubmitRefused):
            await r.submit()
        assert r.commands().count('AT+CSCA="+447700900999",145') == 1


async def test_a_service_centre_that_is_lost_while_idle_is_given_back(rig: RigMaker) -> None:
    async with rig(smsc="+447700900999") as r:
        await r.ready()
        r.faults.lose_smsc()
        await r.until(lambda: r.virtual.sim.smsc == "+447700900999")
        assert r.modem.status.recoveries == 0


async def test_an_operator_chosen_by_hand_is_left_alone(rig: RigMaker) -> None:
    timings = replace(QUICK, radio_after=0.2, radio_every=0.4)
    async with rig(timings=timings) as r:
        await r.ready()
        for mode in (1, 4):
            r.virtual.radio.selection = mode
            r.faults.cover("searching")
            await asyncio.sleep(0.8)
            assert not any(c.startswith("AT+COPS=") for c in r.commands())
            r.faults.cover("home")
            await r.ready()
        r.virtual.radio.selection = 0
        r.faults.cover("searching")
        await r.until(lambda: "AT+COPS=0" in r.commands())
