"""Back at work after whatever happens to a modem."""

from __future__ import annotations

import asyncio
import fcntl
import os
from dataclasses import replace
from pathlib import Path

import pytest
from labs.modem import RigMaker, granted, tpdu
from labs.timings import QUICK

from modemgw.modem import ModemState, NotSubmitted, SubmitAmbiguous, reset_watch
from modemgw.virtual import Bank

DYING = replace(QUICK, boot_tries=2, reinit_tries=2, answer=0.03, patience=0.01)
"""For modems that do not come back: the whole ladder in a second."""


async def test_states_are_passed_in_order_from_absent_to_ready(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        assert r.sink.states == [
            ModemState.OPENING,
            ModemState.IDENTIFYING,
            ModemState.PIN,
            ModemState.INITIALISING,
            ModemState.REGISTERING,
            ModemState.READY,
        ]


async def test_a_reset_with_a_banner_is_noticed_and_the_settings_are_restored(
    rig: RigMaker,
) -> None:
    # Other gateways go on in text mode with echo, and receive nothing any more.
    async with rig() as r:
        await r.ready()
        r.faults.reboot()
        started = asyncio.get_running_loop().time()
        await r.until(lambda: not r.modem.ready, 3)
        await r.ready()
        assert asyncio.get_running_loop().time() - started < 0.5 + 2
        await r.submit()
        r.bank.smsc.inject("+447911000001", r.virtual.number, "after the reset")
        await r.until(lambda: r.sink.of_kind(0) and r.sink.of_kind(2))


async def test_a_reset_without_a_banner_is_noticed_by_its_echo(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.forget_settings(text_mode=True)
        await r.until(lambda: r.modem.status.resets == 1)
        await r.ready()
        r.bank.smsc.inject("+447911000001", r.virtual.number, "after the reset")
        await r.until(lambda: r.sink.of_kind(0))


async def test_lost_announcements_are_noticed_by_reading_them_back(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.lose_cnmi()
        await r.until(lambda: r.modem.status.recoveries == 1)
        await r.ready()
        assert "CNMI" in " ".join(reason or "" for reason in r.sink.reasons)
        await r.submit()
        await r.until(lambda: r.sink.of_kind(2))


async def test_resets_are_survived_however_often_they_come(rig: RigMaker) -> None:
    # Another gateway gives a modem up for an hour after three errors.
    async with rig(bank={"boot_seconds": 0.1}) as r:
        for _ in range(6):
            await r.ready()
            r.faults.reboot()
            await r.until(lambda: not r.modem.ready, 3)
        await r.ready()
        assert ModemState.QUARANTINED not in r.sink.states
        await r.submit()


@pytest.mark.parametrize("how", ["reboot", "forget_settings", "lose_cnmi", "brown_out"])
async def test_a_modem_that_flaps_without_end_is_left_alone_in_the_end(
    rig: RigMaker, how: str
) -> None:
    timings = replace(QUICK, steady=60.0, quarantine=(60.0,))
    async with rig(timings=timings, bank={"boot_seconds": 0.05}) as r:
        async with asyncio.timeout(40):
            while r.modem.state is not ModemState.QUARANTINED:
                if r.modem.ready:
                    before = r.modem.status.recoveries
                    getattr(r.faults, how)()
                    await r.until(lambda n=before: r.modem.status.recoveries > n)  # type: ignore[misc]
                await asyncio.sleep(0.01)
        assert r.modem.status.recoveries < 20


async def test_an_unplugged_modem_is_absent_and_back_within_two_seconds_of_its_return(
    rig: RigMaker,
) -> None:
    async with rig(bank={"boot_seconds": 0.2}) as r:
        await r.ready()
        r.faults.unplug()
        await r.state(ModemState.ABSENT, 1)
        await asyncio.sleep(0.5)
        r.faults.replug()
        started = asyncio.get_running_loop().time()
        await r.ready()
        assert asyncio.get_running_loop().time() - started < 0.2 + 2
        await r.submit()


async def test_a_short_silence_is_bridged_and_nothing_is_sent_meanwhile(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.hang(1.0)
        with pytest.raises((NotSubmitted, SubmitAmbiguous)):
            await r.submit()
        with pytest.raises(NotSubmitted):
            await r.submit()
        await r.ready()
        await r.submit()


async def test_a_dead_modem_is_quarantined_and_tried_again(rig: RigMaker) -> None:
    timings = DYING
    async with rig(timings=timings, bank={"boot_seconds": 0.1}) as r:
        await r.ready()
        r.faults.hang()
        await r.state(ModemState.QUARANTINED, 15)
        assert "nothing helped" in (r.modem.status.reason or "")
        steps = [reason for reason in r.sink.reasons if reason]
        assert steps
        r.faults.revive()
        await r.ready(5)
        await r.submit()


async def test_an_administrator_ends_a_quarantine(rig: RigMaker) -> None:
    timings = replace(DYING, quarantine=(60.0,))
    async with rig(timings=timings, bank={"boot_seconds": 0.1}) as r:
        await r.ready()
        r.faults.hang()
        await r.state(ModemState.QUARANTINED, 15)
        r.faults.revive()
        r.modem.restart()
        await r.ready(5)


async def test_replugging_ends_a_quarantine(rig: RigMaker) -> None:
    timings = replace(DYING, quarantine=(60.0,))
    async with rig(timings=timings, bank={"boot_seconds": 0.1}) as r:
        await r.ready()
        r.faults.hang()
        await r.state(ModemState.QUARANTINED, 15)
        r.faults.unplug()
        await asyncio.sleep(0.2)
        r.faults.replug()
        await r.ready(5)


async def test_a_stuck_prompt_is_left_with_escape(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.stick_prompt()
        await r.until(lambda: r.modem.status.recoveries > 0, 35)
        await r.ready()
        await r.submit()
        assert r.modem.status.resets == 0


async def test_a_prompt_left_open_by_a_killed_daemon_is_closed_on_opening(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.stick_prompt()) as r:
        await r.ready()
        await r.submit(text="mine")
        assert [p.text for p in r.bank.smsc.accepted] == ["mine"]


async def test_a_modem_left_in_numeric_mode_is_brought_back_to_words(rig: RigMaker) -> None:
    def numeric(bank: object) -> None:
        bank.modems[0].line.received(b"ATV0\r")  # type: ignore[attr-defined]

    async with rig(before=numeric) as r:
        await r.ready()
        await r.submit()


async def test_a_modem_that_stops_reading_is_recovered(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.stall()
        await r.until(lambda: not r.modem.ready, 35)
        r.faults.stall(stalled=False)
        await r.ready(20)


async def test_a_restart_by_the_administrator_resets_the_modem(rig: RigMaker) -> None:
    async with rig(bank={"boot_seconds": 0.2}) as r:
        await r.ready()
        r.modem.restart()
        await r.until(lambda: "AT+CFUN=1,1" in r.commands())
        await r.ready()
        await r.submit()


async def test_a_paused_modem_receives_but_does_not_send(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.modem.pause()
        assert r.modem.status.state is ModemState.PAUSED
        with pytest.raises(NotSubmitted, match="paused"):
            await r.modem.submit(tpdu(), authorise=granted())
        r.bank.smsc.inject("+447911000001", r.virtual.number, "hello")
        await r.until(lambda: r.sink.of_kind(0))
        r.modem.resume()
        await r.ready(1)
        await r.submit()


async def test_a_pause_waits_for_the_part_in_the_air_and_survives_a_reset(rig: RigMaker) -> None:
    async with rig(bank={"part_seconds": 0.3, "boot_seconds": 0.1}) as r:
        await r.ready()
        task = asyncio.create_task(r.submit())
        await r.state(ModemState.SENDING)
        r.modem.pause()
        await task
        await r.state(ModemState.PAUSED)
        r.faults.reboot()
        await r.until(lambda: r.modem.status.resets == 1, 3)
        await r.state(ModemState.PAUSED)


async def test_chatter_without_end_does_not_keep_a_modem_from_work(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.storm(2000)
        await r.submit()
        assert r.modem.status.timeouts == 0


async def test_a_port_that_somebody_else_holds_is_waited_for(rig: RigMaker) -> None:
    held: list[int] = []

    def hold(bank: object) -> None:
        fd = os.open(str(bank.paths[0]), os.O_RDWR | os.O_NOCTTY)  # type: ignore[attr-defined]
        fcntl.flock(fd, fcntl.LOCK_EX)
        held.append(fd)

    async with rig(before=hold) as r:
        await r.until(lambda: "in use" in (r.modem.status.reason or ""))
        assert r.modem.status.state is ModemState.OPENING
        os.close(held[0])
        await r.ready()


async def test_a_dead_usb_modem_is_taken_off_the_bus_where_that_is_configured(
    rig: RigMaker, tmp_path: Path
) -> None:
    sysfs = tmp_path / "sys"

    def plug_into_sysfs(bank: Bank) -> None:
        stick = sysfs / "devices/usb1/1-1"
        place = stick / "1-1:1.0"
        place.mkdir(parents=True)
        for name, value in (("idVendor", "12d1"), ("idProduct", "1001"), ("authorized", "1")):
            (stick / name).write_text(value)
        tty = sysfs / "class/tty" / bank.paths[0].resolve().name
        tty.mkdir(parents=True)
        (tty / "device").symlink_to(place)

    timings = replace(DYING, answer=0.4, reauthorise_off=0.2, quarantine=(60.0,))
    async with rig(
        timings=timings,
        before=plug_into_sysfs,
        usb_reauthorize=True,
        modem_more={"sysfs": sysfs},
    ) as r:
        await r.ready()
        attribute = sysfs / "devices/usb1/1-1/authorized"
        r.faults.hang()
        await r.until(lambda: attribute.read_text() == "0", 15)
        r.faults.revive()
        await r.until(lambda: attribute.read_text() == "1")
        await r.ready()


async def test_a_search_without_end_is_begun_anew(rig: RigMaker) -> None:
    timings = replace(QUICK, radio_after=0.3, radio_every=60.0)
    async with rig(timings=timings) as r:
        await r.ready()
        r.faults.cover("searching")
        await r.until(lambda: "AT+COPS=0" in r.commands())
        assert r.commands().count("AT+COPS=2") == 1


async def test_a_caller_is_hung_up_on(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.storm(1, "RING")
        await r.until(lambda: "AT+CHUP" in r.commands())
        await r.ready()
        await r.submit()


async def test_cancelling_ends_a_modem_in_any_state_and_frees_its_port(rig: RigMaker) -> None:
    async with rig(bank={"part_seconds": 0.5}) as r:
        for pause in (0.0, 0.01, 0.03, 0.05, 0.1, 0.2, 0.4):
            task = asyncio.create_task(r.modem.run()) if r.task.done() else r.task
            await asyncio.sleep(pause)
            task.cancel()
            async with asyncio.timeout(2):
                with pytest.raises(asyncio.CancelledError):
                    await task
        fd = os.open(str(r.bank.paths[0]), os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(fd)


async def test_doubtful_parts_with_good_ones_between_them_do_not_climb_the_ladder(
    rig: RigMaker,
) -> None:
    async with rig(timings=replace(QUICK, submit=0.3)) as r:
        for number in range(4):
            await r.ready()
            await r.submit(text=str(number))
            with pytest.raises(SubmitAmbiguous):
                await r.submit(to="+999200000001")
        await r.ready()
        assert r.modem.status.resets == 0


async def test_doubtful_parts_without_end_lead_to_a_reset(rig: RigMaker) -> None:
    timings = replace(QUICK, submit=0.3)
    async with rig(timings=timings, bank={"boot_seconds": 0.1}) as r:
        for _ in range(3):
            await r.ready()
            with pytest.raises(SubmitAmbiguous):
                await r.submit(to="+999200000001")
        await r.until(lambda: r.modem.status.resets > 0)
        await r.ready()


async def test_an_idle_modem_that_dies_is_noticed_before_the_next_part_is_due(
    rig: RigMaker,
) -> None:
    calm = replace(QUICK, poll=60.0, sweep=60.0, settings_check=60.0, operator_poll=60.0)
    async with rig(timings=calm) as r:
        await r.ready()
        await asyncio.sleep(0.1)
        r.faults.hang(1.0)
        await r.until(lambda: not r.modem.ready, 1)
        await r.ready()


@pytest.mark.parametrize("make", ["simcom-sim7600", "huawei-e173", "telit-le910"])
async def test_a_part_in_the_air_is_given_up_when_the_end_of_a_banner_tells_of_a_reset(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch, make: str
) -> None:
    # These makes do not say when they begin; the answer to the part would be awaited for minutes.
    monkeypatch.setattr(reset_watch, "_BANNER_S", 0.2)
    timings = replace(QUICK, submit=60.0, reported=1.0)
    bank = {"personality": make, "part_seconds": 5.0, "boot_seconds": 0.4}
    async with rig(bank=bank, timings=timings) as r:
        await r.ready(8)
        await asyncio.sleep(0.3)
        task = asyncio.create_task(r.submit())
        await r.until(lambda: r.virtual.busy_seconds > 0)
        r.faults.reboot()
        async with asyncio.timeout(3):
            with pytest.raises(SubmitAmbiguous):
                await task
        await r.ready(0.4 + 4)
