"""Parts whose answer does not come: a slow modem is waited for, a forgetful one is found out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from labs.modem import Rig, RigMaker
from labs.timings import QUICK

from modemgw.modem import ModemState, NotSubmitted, SubmitAmbiguous
from modemgw.modem.profiles import PROFILES
from modemgw.virtual.personalities import PERSONALITIES, TypedAhead

PATIENT = replace(QUICK, submit=60.0, probe=0.3, reported=1.0)
"""A fiftieth of the product's times, but for the wait for an answer: that must not be the end."""
SOON = 4.0


async def ready_to_send(r: Rig) -> None:
    await r.ready()
    await r.until(lambda: "AT+CMGL=4" in r.commands())
    await asyncio.sleep(0.05)


async def part_in_the_air(r: Rig, **more: Any) -> asyncio.Task[int]:
    task = asyncio.create_task(r.submit(**more))
    await r.until(lambda: r.virtual.line.sender.in_air)
    return task


@pytest.mark.parametrize("make", ["generic", "huawei-e173", "quectel-ec25", "simcom-sim7600"])
async def test_a_part_lost_in_silence_is_found_out_and_nothing_is_doubled(
    rig: RigMaker, make: str
) -> None:
    bank = {"personality": make, "part_seconds": 5.0}
    async with rig(timings=PATIENT, bank=bank) as r:
        await ready_to_send(r)
        task = await part_in_the_air(r, text="lost")
        r.faults.brown_out()
        async with asyncio.timeout(SOON):
            with pytest.raises(SubmitAmbiguous):
                await task
        await r.ready(SOON)
        r.bank.smsc.accepted.clear()
        r.virtual.body.settings = replace(r.virtual.body.settings, part_seconds=0.0)
        await r.submit(text="next")
        assert [p.text for p in r.bank.smsc.accepted] == ["next"]


@pytest.mark.parametrize("passed", [True, False])
async def test_a_lost_answer_of_a_living_modem_is_not_waited_for(
    rig: RigMaker, *, passed: bool
) -> None:
    async with rig(timings=PATIENT) as r:
        await ready_to_send(r)
        r.faults.lose_next_answer(passed=passed)
        async with asyncio.timeout(SOON):
            with pytest.raises(SubmitAmbiguous):
                await r.submit()
        await r.ready(SOON)
        assert r.modem.status.resets == 0
        assert len(r.bank.smsc.accepted) == int(passed)


async def test_a_modem_that_hangs_for_a_while_is_found_out_when_it_lives_again(
    rig: RigMaker,
) -> None:
    async with rig(timings=PATIENT) as r:
        await ready_to_send(r)
        r.faults.hang_after_prompt(seconds=1.0)
        async with asyncio.timeout(SOON):
            with pytest.raises(SubmitAmbiguous):
                await r.submit()
        await r.ready(SOON)


@pytest.mark.parametrize("make", sorted(PERSONALITIES))
async def test_the_answer_of_a_slow_modem_is_taken_whatever_its_make(
    rig: RigMaker, make: str
) -> None:
    async with rig(timings=PATIENT, bank={"personality": make}) as r:
        await ready_to_send(r)
        r.faults.delay_answer(1.5)
        await r.submit(text="slow")
        await r.submit(text="next")
        assert [p.text for p in r.bank.smsc.accepted] == ["slow", "next"]
        status = r.modem.status
        assert (status.ambiguous, status.timeouts, status.recoveries) == (0, 0, 0)


async def test_the_refusal_of_a_slow_modem_is_taken(rig: RigMaker) -> None:
    async with rig(timings=PATIENT, bank={"part_seconds": 1.0}) as r:
        await ready_to_send(r)
        r.faults.refuse(38)
        with pytest.raises(Exception, match="38"):
            await r.submit()
        assert r.modem.ready
        assert r.modem.status.recoveries == 0


@pytest.mark.parametrize("habit", [TypedAhead.ABORTS, TypedAhead.DROPPED])
async def test_a_stranger_that_cannot_be_asked_is_asked_once_at_most_and_never_doubled(
    rig: RigMaker, habit: TypedAhead
) -> None:
    async with rig(timings=replace(PATIENT, submit=2.0), bank={"part_seconds": 0.8}) as r:
        r.virtual.body.personality = replace(r.virtual.body.personality, typed_while_sending=habit)
        await ready_to_send(r)
        aborts = habit is TypedAhead.ABORTS
        if aborts:
            with pytest.raises(SubmitAmbiguous):
                await r.submit(text="slow")
            await r.ready(SOON)
        else:
            await r.submit(text="slow")
        await asyncio.sleep(0.6)
        await r.submit(text="next")
        assert [p.text for p in r.bank.smsc.accepted] == ["slow", "next"]


def test_families_that_take_what_is_typed_ill_are_not_asked() -> None:
    by_make = {"simcom-2g": "simcom-sim800", "telit": "telit-le910", "wavecom": "wavecom-fastrack"}
    by_make["cinterion"] = "cinterion-bgs2"
    for profile in PROFILES:
        make = by_make.get(profile.name)
        habit = TypedAhead.QUEUED if make is None else PERSONALITIES[make].typed_while_sending
        if habit is not TypedAhead.QUEUED:
            assert profile.probe is None, profile.name


@pytest.mark.parametrize(
    "line", ["PB DONE", "+QIND: PB DONE", "+PBREADY", "SMS DONE", "Call Ready", "+CPIN: READY"]
)
@pytest.mark.parametrize("make", ["simcom-sim7600", "quectel-ec25", "cinterion-ehs6", "generic"])
async def test_the_end_of_a_banner_long_after_does_not_put_a_part_in_doubt(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch, make: str, line: str
) -> None:
    monkeypatch.setattr("modemgw.modem.reset_watch._BANNER_S", 0.0)
    timings = replace(PATIENT, probe=15.0)
    async with rig(timings=timings, bank={"personality": make, "part_seconds": 0.4}) as r:
        await ready_to_send(r)
        task = await part_in_the_air(r, text="once")
        r.faults.say(f"\r\n{line}\r\n")
        await task
        await r.ready()
        assert r.modem.status.ambiguous == 0
        await r.submit(text="next")
        assert [p.text for p in r.bank.smsc.accepted] == ["once", "next"]


async def test_a_line_nobody_knows_is_reason_to_ask_at_once(rig: RigMaker) -> None:
    timings = replace(PATIENT, probe=15.0)
    async with rig(timings=timings, bank={"part_seconds": 5.0}) as r:
        await ready_to_send(r)
        task = await part_in_the_air(r)
        r.faults.brown_out()
        r.faults.say("\r\nModem firmware 1.0\r\n")
        async with asyncio.timeout(SOON):
            with pytest.raises(SubmitAmbiguous):
                await task
        await r.ready(SOON)


# No prompt


@pytest.mark.parametrize("how", ["silent", "OK"])
async def test_a_modem_without_a_prompt_is_mended_and_in_the_end_left_alone(
    rig: RigMaker, how: str
) -> None:
    timings = replace(QUICK, prompt=0.1, steady=0.2, quarantine=(60.0,))
    async with rig(timings=timings, bank={"boot_seconds": 0.1}) as r:
        await r.ready()
        if how == "silent":
            r.faults.lose_prompt(1000)
        else:
            r.faults.fail_command("+CMGS", how, 1000)
        tries = 0
        while r.modem.state is not ModemState.QUARANTINED:
            await r.until(
                lambda: r.modem.ready or r.modem.state is ModemState.QUARANTINED, within=8
            )
            if r.modem.ready:
                tries += 1
                with pytest.raises(NotSubmitted):
                    await r.submit()
                await asyncio.sleep(0.25)  # a steady time: it must not count
            assert tries <= 8
        assert "prompt" in (r.modem.status.reason or "")
        assert r.modem.status.timeouts >= tries > 1
        assert not r.bank.smsc.accepted


async def test_a_prompt_that_was_only_lost_once_is_no_reason_to_mend_anything(
    rig: RigMaker,
) -> None:
    async with rig() as r:
        await r.ready()
        for text in ("one", "two", "three"):
            r.faults.lose_prompt()
            with pytest.raises(NotSubmitted):
                await r.submit()
            await r.ready()
            await r.submit(text=text)
        assert r.modem.status.recoveries == 0
        assert [p.text for p in r.bank.smsc.accepted] == ["one", "two", "three"]
