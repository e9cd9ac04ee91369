"""A PIN is typed once: over resets, restarts and kills, until the configured PIN is another one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from labs.modem import Remembered, RigMaker, granted, tpdu

from modemgw.modem import ModemState, NotSubmitted
from modemgw.modem.pin_guard import PinGuard, PinTry, SimPlace
from modemgw.virtual.personalities import PERSONALITIES

BANK = {"pin": "4711", "boot_seconds": 0.1}
HERE, THERE = SimPlace("imei-1", "iccid-1"), SimPlace("imei-2", "iccid-2")


def typed(commands: list[str]) -> int:
    return sum("CPIN=" in command for command in commands)


async def test_a_wrong_pin_is_tried_once_and_never_again(rig: RigMaker) -> None:
    memory = Remembered()
    async with rig(bank=BANK, pin="0000", pins=PinGuard(memory)) as r:
        await r.until(lambda: "refused" in (r.modem.status.reason or ""))
        await asyncio.sleep(0.4)
        assert r.modem.status.state is ModemState.PIN
        assert r.virtual.sim.pin_tries == 2
        r.faults.reboot()
        await r.until(
            lambda: r.modem.status.resets > 0 or r.sink.states.count(ModemState.PIN) > 1, 3
        )
        await asyncio.sleep(0.6)
        assert r.virtual.sim.pin_tries == 2
        with pytest.raises(NotSubmitted, match="pin"):
            await r.modem.submit(tpdu(), authorise=granted())
    for _ in range(3):  # the process begins anew, and has nothing but what was written down
        async with rig(bank=BANK, pin="0000", pins=PinGuard(memory)) as r:
            await r.until(lambda: "refused this PIN before" in (r.modem.status.reason or ""))
            assert "correct `pin`" in (r.modem.status.reason or "")
            assert typed(r.commands()) == 0
    async with rig(bank=BANK, pin="4711", pins=PinGuard(memory)) as r:
        await r.ready()


@pytest.mark.parametrize("make", sorted(PERSONALITIES))
async def test_no_make_is_brought_to_its_puk_by_starting_again(rig: RigMaker, make: str) -> None:
    memory = Remembered()
    tries = 0
    for _ in range(4):
        bank = BANK | {"personality": make}
        async with rig(bank=bank, pin="0000", pins=PinGuard(memory)) as r:
            await r.state(ModemState.PIN)
            await r.until(lambda: "refused" in (r.modem.status.reason or ""))
            tries += typed(r.commands())
    assert tries == 1


async def test_a_kill_between_the_record_and_the_typing_counts_as_a_try(rig: RigMaker) -> None:
    memory, recorded = Remembered(), asyncio.Event()

    async def stop_here() -> None:
        recorded.set()
        await asyncio.Event().wait()

    memory.after_keep = stop_here
    async with rig(bank=BANK, pin="0000", pins=PinGuard(memory)) as r:
        await r.until(recorded.is_set)
        assert typed(r.commands()) == 0
    memory.after_keep = None
    async with rig(bank=BANK, pin="0000", pins=PinGuard(memory)) as r:
        await r.until(lambda: "nobody knows" in (r.modem.status.reason or ""))
        assert "set `pin`" in (r.modem.status.reason or "")
        await asyncio.sleep(0.3)
        assert typed(r.commands()) == 0
    # Where the modem says that no try was spent, none was.
    async with rig(
        bank=BANK | {"personality": "huawei-e173"}, pin="0000", pins=PinGuard(memory)
    ) as r:
        await r.until(lambda: typed(r.commands()) == 1)


async def test_a_kill_after_the_typing_is_settled_by_a_sim_that_is_open(rig: RigMaker) -> None:
    memory = Remembered()
    guard = PinGuard(memory)
    async with rig(bank={}, pin="4711", pins=guard) as r:
        await r.ready()
        assert r.modem.sim is not None
        place = SimPlace(r.virtual.imei, r.modem.sim.iccid)
    await guard.begin(place, "4711")
    assert await guard.why_not(place, "4711", None)
    async with rig(bank={}, pin="4711", pins=PinGuard(memory)) as r:
        await r.ready()
    assert await PinGuard(memory).why_not(place, "4711", None) is None


async def test_the_right_pin_is_typed_at_every_power_up(rig: RigMaker) -> None:
    memory = Remembered()
    for _ in range(3):
        async with rig(bank=BANK, pin="4711", pins=PinGuard(memory)) as r:
            await r.ready()
            r.faults.reboot()
            await r.until(lambda: not r.modem.ready, 3)
            await r.ready()
            assert typed(r.commands()) == 2
    assert len(memory.tries) == 1


async def test_a_pin_is_not_typed_while_that_cannot_be_recorded(rig: RigMaker) -> None:
    memory = Remembered()
    memory.fail = True
    async with rig(bank=BANK, pin="4711", pins=PinGuard(memory)) as r:
        await r.until(lambda: "cannot be recorded: disk full" in (r.modem.status.reason or ""))
        assert typed(r.commands()) == 0
        memory.fail = False
        await r.ready()
        assert typed(r.commands()) == 1


async def test_another_pin_in_the_file_is_another_pin(rig: RigMaker, tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text("0000\n")
    async with rig(bank=BANK, pin_file=file) as r:
        await r.until(lambda: "refused" in (r.modem.status.reason or ""))
        file.write_text("4711\n")
        await r.ready()
        assert typed(r.commands()) == 2


async def test_a_busy_sim_has_not_judged_the_pin(rig: RigMaker) -> None:
    def busy(bank: object) -> None:
        faults = bank.modems[0].faults  # type: ignore[attr-defined]
        for code in (14, 515):
            faults.fail_command("+CPIN", "+CPIN: SIM PIN", 1)
            faults.fail_command("+CPIN", f"+CME ERROR: {code}", 1)

    memory = Remembered()
    async with rig(bank=BANK, pin="4711", pins=PinGuard(memory), before=busy) as r:
        await r.ready()


async def test_a_pin_that_is_taken_and_asked_for_again_is_not_typed_on_and_on(
    rig: RigMaker,
) -> None:
    # Some modems say OK before the SIM has judged it: a wrong one would go to the PUK in seconds.
    memory = Remembered()

    def take_anything(bank: object) -> None:
        faults = bank.modems[0].faults  # type: ignore[attr-defined]
        faults.fail_command("+CPIN", "+CPIN: SIM PIN", 1)
        faults.fail_command("+CPIN", "OK", 1)

    tries = []
    for before in (take_anything, lambda bank: None):
        async with rig(bank=BANK, pin="0000", pins=PinGuard(memory), before=before) as r:
            await r.state(ModemState.PIN)
            await asyncio.sleep(0.7)
            assert not r.modem.ready
            assert r.virtual.sim.pin_tries == 3
            tries.append(typed(r.commands()))
    assert tries == [1, 0]


# The guard alone


async def refused(place: SimPlace = HERE, pin: str = "0000") -> PinGuard:
    guard = PinGuard(Remembered())
    await guard.begin(place, pin)
    await guard.refused(place, pin)
    return guard


async def test_a_refused_pin_is_remembered_by_sim_and_where_that_is_unknown_by_modem() -> None:
    guard = await refused()
    assert await guard.why_not(HERE, "0000", 3)
    assert await guard.why_not(SimPlace("imei-2", "iccid-1"), "0000", None)
    assert await guard.why_not(SimPlace("imei-1", None), "0000", None)
    assert await guard.why_not(SimPlace("imei-1", "iccid-2"), "0000", None) is None
    assert await guard.why_not(HERE, "1111", None) is None


async def test_a_pin_whose_answer_was_lost_is_tried_again_only_if_the_sim_has_all_its_tries() -> (
    None
):
    guard = PinGuard(Remembered())
    await guard.begin(HERE, "0000")
    assert await guard.why_not(HERE, "0000", None)
    assert await guard.why_not(HERE, "0000", 2)
    assert await guard.why_not(HERE, "0000", 3) is None


async def test_a_pin_that_was_right_may_lose_one_answer_but_not_two() -> None:
    guard = PinGuard(Remembered())
    await guard.begin(HERE, "4711")
    await guard.accepted(HERE, "4711")
    await guard.begin(HERE, "4711")
    assert await guard.why_not(HERE, "4711", None) is None
    await guard.begin(HERE, "4711")
    assert await guard.why_not(HERE, "4711", None)


async def test_a_try_that_was_made_before_the_iccid_was_known_is_settled_with_it() -> None:
    guard = PinGuard(Remembered())
    await guard.begin(SimPlace("imei-1", None), "4711")
    await guard.works(HERE, "4711")
    assert await guard.why_not(SimPlace("imei-1", None), "4711", None) is None


async def test_the_memory_holds_no_pin() -> None:
    memory = Remembered()
    guard = PinGuard(memory)
    for place in (HERE, THERE):
        await guard.begin(place, "4711")
    assert "4711" not in repr(memory.tries)
    one, other = memory.tries.values()
    assert isinstance(one, PinTry)
    assert one.hash != other.hash
