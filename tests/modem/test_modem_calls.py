"""Voice calls: told of once each, with their number where there is one, and turned away."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from labs.clock import LoopClock
from labs.modem import RigMaker
from labs.timings import QUICK

from modemgw.at import AtChannel, Charset, Urc, UrcKind
from modemgw.modem import Call
from modemgw.modem.calls import Calls, caller
from modemgw.virtual.calls import Ended

CALLER = "+15550001234"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('+CLIP: "+447700900123",145,"",0,"",0', Call("+447700900123")),
        ('+CLIP: "447700900123",145', Call("+447700900123")),  # the + is left out by some
        ('+CLIP: "07700900123",161,,,"Anna",0', Call("07700900123", "Anna")),
        ('+CLIP: "07700900123",129,,,,0', Call("07700900123")),
        ('+CLIP: "",128,,,,1', Call()),  # withheld
        ("+CLIP: ,128,,,,2", Call()),  # not available from where the call comes
        ("+CLIP:", Call()),
    ],
)
def test_who_calls_is_read(line: str, told: Call) -> None:
    assert caller(line, Charset.IRA) == told


def test_a_name_is_read_in_the_modems_alphabet() -> None:
    assert caller('+CLIP: "123",129,,,"00C500730061",0', Charset.UCS2) == Call("123", "Åsa")


@pytest.mark.parametrize("personality", ["simcom-sim800", "huawei-e173", "generic"])
async def test_a_caller_is_told_of_once_and_turned_away(rig: RigMaker, personality: str) -> None:
    async with rig(bank={"personality": personality}) as r:
        await r.ready()
        r.faults.ring(20, CALLER, every_s=0.05)
        calls = r.virtual.body.calls
        await r.until(lambda: calls.ended)
        assert [(c.number, c.ended) for c in calls.ended] == [(CALLER, Ended.REFUSED)]
        assert r.sink.calls == [Call(CALLER)]
        assert await r.submit() == 0


async def test_two_calls_are_two(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        for number in (CALLER, None):
            r.faults.ring(20, number, every_s=0.05)
            await r.until(lambda: r.virtual.body.calls.current is None)
            await r.until(lambda: len(r.sink.calls) == len(r.virtual.body.calls.ended))
        assert r.sink.calls == [Call(CALLER), Call()]


async def test_a_caller_is_left_to_ring(rig: RigMaker) -> None:
    async with rig(calls="ignore") as r:
        await r.ready()
        r.faults.ring(8, CALLER, every_s=0.2)
        calls = r.virtual.body.calls
        await r.until(lambda: calls.ended)
        assert [c.ended for c in calls.ended] == [Ended.GIVEN_UP]
        assert r.sink.calls == [Call(CALLER)]  # eight rings, one call
        assert not {"AT+CHUP", "ATH"} & set(r.commands())


async def test_a_modem_without_clip_tells_of_a_call_without_a_number(rig: RigMaker) -> None:
    async with rig() as r:
        r.faults.fail_command("+CLIP", "ERROR", 1000)
        await r.ready()
        r.virtual.line.parameters["+CLIP"] = (0,)
        r.faults.ring(20, CALLER, every_s=0.05)
        await r.until(lambda: r.sink.calls)
        assert r.sink.calls == [Call()]


async def test_each_call_waits_for_its_own_number() -> None:
    told: list[Call] = []
    calls = Calls(
        cast(AtChannel, None),  # nobody is hung up on
        reject=False,
        told=told.append,
        clock=LoopClock(),
        timings=QUICK,
    )
    task = asyncio.create_task(calls.attend())
    for number in (CALLER, "+15550005678"):
        calls.hear(Urc(UrcKind.CALL, "RING", "RING"), Charset.IRA)
        await asyncio.sleep(QUICK.caller_shown / 4)  # the number comes a moment later
        calls.hear(Urc(UrcKind.CALL, "+CLIP", f'+CLIP: "{number}",145'), Charset.IRA)
        await asyncio.sleep(2 * QUICK.pulse + QUICK.rings_apart)
    task.cancel()
    assert told == [Call(CALLER), Call("+15550005678")]
