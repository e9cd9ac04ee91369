"""Sending: accepted, refused, ambiguous, never sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from labs.modem import RigMaker, granted, tpdu
from labs.timings import QUICK

from modemgw.modem import (
    ErrorClass,
    ModemState,
    NotSubmitted,
    SubmitAmbiguous,
    SubmitRefused,
)


async def test_a_part_is_accepted_and_its_reference_is_that_of_its_report(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        references = [await r.submit(text=f"part {n}") for n in range(5)]
        await r.until(lambda: len(r.sink.of_kind(2)) == 5)
        assert [p.reference for p in r.bank.smsc.accepted] == references
        assert sorted(p.tpdu[1] for p in r.sink.of_kind(2)) == sorted(references)
        assert r.modem.status.sent == 5


async def test_nothing_is_sent_before_the_attempt_is_committed(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        gate = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(r.modem.submit(tpdu(), authorise=gate))
        await r.until(lambda: r.commands()[-1].startswith("AT+CMGS"))
        await asyncio.sleep(0.05)
        assert not r.bank.smsc.accepted
        assert r.modem.status.state is ModemState.SENDING
        gate.set_result(None)
        await task
        assert len(r.bank.smsc.accepted) == 1


async def test_a_failed_commit_sends_nothing_and_the_next_part_goes_out(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()

        async def refuse() -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            await r.modem.submit(tpdu(), authorise=refuse())
        await r.ready()
        await r.submit(text="next")
        assert [p.text for p in r.bank.smsc.accepted] == ["next"]


async def test_a_second_part_at_the_same_time_is_not_submitted(rig: RigMaker) -> None:
    async with rig(bank={"part_seconds": 0.2}) as r:
        await r.ready()
        first = asyncio.create_task(r.submit())
        await r.state(ModemState.SENDING)
        with pytest.raises(NotSubmitted, match="sending"):
            await r.submit()
        await first


async def test_a_modem_that_is_not_ready_says_why(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.unplug()) as r:
        await asyncio.sleep(0.1)
        with pytest.raises(NotSubmitted, match="absent"):
            await r.modem.submit(tpdu(), authorise=granted())


@pytest.mark.parametrize(
    ("code", "error_class"),
    [
        (1, ErrorClass.RECIPIENT),
        (21, ErrorClass.OTHER_SIM),
        (38, ErrorClass.SAME_SIM),
        (50, ErrorClass.BARRED),
        (96, ErrorClass.MESSAGE),
        (197, ErrorClass.ACCEPTED),
        (208, ErrorClass.STORAGE),
        (500, ErrorClass.SAME_SIM),
    ],
)
async def test_a_refusal_bears_its_code_and_class_and_leaves_the_modem_ready(
    rig: RigMaker, code: int, error_class: ErrorClass
) -> None:
    async with rig() as r:
        await r.ready()
        with pytest.raises(SubmitRefused) as caught:
            await r.submit(to=f"+99901{code:03d}0001")
        assert caught.value.code is not None
        assert caught.value.code.number == code
        assert caught.value.verdict.error_class is error_class
        assert r.modem.ready
        assert r.modem.status.refused == 1


async def test_no_answer_after_the_pdu_is_ambiguous_and_the_modem_recovers(rig: RigMaker) -> None:
    async with rig(timings=replace(QUICK, submit=0.3)) as r:
        await r.ready()
        with pytest.raises(SubmitAmbiguous):
            await r.submit(to="+999080000001")
        assert len(r.bank.smsc.accepted) == 1
        await r.ready()
        await r.submit(text="next")
        assert r.modem.status.ambiguous == 1
        await r.until(lambda: len(r.sink.of_kind(2)) == 2)


async def test_a_network_timeout_after_the_pdu_is_ambiguous(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        with pytest.raises(SubmitAmbiguous) as caught:
            await r.submit(to="+999013320001")
        assert caught.value.code is not None
        assert r.modem.ready


async def test_a_lost_prompt_is_not_submitted_and_the_modem_goes_on(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.lose_prompt()
        with pytest.raises(NotSubmitted):
            await r.submit()
        await r.ready()
        await r.submit(text="next")
        assert [p.text for p in r.bank.smsc.accepted] == ["next"]


async def test_a_port_lost_before_the_pdu_is_not_submitted(rig: RigMaker) -> None:
    async with rig(bank={"prompt_seconds": 0.3}) as r:
        await r.ready()
        task = asyncio.create_task(r.submit())
        await r.state(ModemState.SENDING)
        r.faults.unplug()
        with pytest.raises(NotSubmitted):
            await task


async def test_a_port_lost_after_the_pdu_is_ambiguous(rig: RigMaker) -> None:
    async with rig(bank={"part_seconds": 1.0}) as r:
        await r.ready()
        task = asyncio.create_task(r.submit())
        await r.until(
            lambda: (
                "0011" in r.modem.trace.lines(texts=True)[-1].text
                or len(r.commands()[-1]) > 30
                or "hex digits" in r.modem.trace.lines()[-1].text
            )
        )
        r.faults.unplug()
        with pytest.raises(SubmitAmbiguous):
            await task


async def test_a_cancelled_part_before_the_pdu_is_never_sent(rig: RigMaker) -> None:
    async with rig(bank={"prompt_seconds": 0.2}) as r:
        await r.ready()
        task = asyncio.create_task(r.submit(text="cancelled"))
        await r.state(ModemState.SENDING)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await r.ready()
        await r.submit(text="next")
        assert [p.text for p in r.bank.smsc.accepted] == ["next"]


async def test_a_slow_acceptance_is_waited_for_and_sent_only_once(rig: RigMaker) -> None:
    # Other gateways give up after 35 to 60 s and send the same text again.
    async with rig() as r:
        await r.ready()
        r.faults.delay_answer(0.8)
        await r.submit(text="once")
        assert [p.text for p in r.bank.smsc.accepted] == ["once"]
        assert r.modem.status.recoveries == 0


async def test_more_to_send_keeps_the_link_up_once_per_burst(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        await r.submit(more=True)
        await r.submit(more=True)
        await r.submit(more=False)
        await r.submit(more=True)
        assert r.commands().count("AT+CMMS=1") == 2


async def test_a_lost_ok_after_the_reference_is_still_accepted(rig: RigMaker) -> None:
    quiet = replace(QUICK, poll=60.0, sweep=60.0, settings_check=60.0, operator_poll=60.0)
    async with rig(timings=quiet) as r:
        await r.ready()
        await asyncio.sleep(0.1)
        r.faults.lose_final()
        async with asyncio.timeout(8):
            await r.submit(text="once")
        await r.ready()
        assert r.modem.status.sent == 1
        assert len(r.bank.smsc.accepted) == 1


async def test_unsolicited_lines_in_every_gap_do_not_disturb_sending(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        for number in range(20):
            r.faults.interleave(["^RSSI: 3", "+CREG: 1", "RING", "^HCSQ: 1"])
            await r.submit(text=str(number))
        assert len(r.bank.smsc.accepted) == 20
        assert r.modem.status.timeouts == 0


async def test_octets_that_come_one_by_one_are_understood(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.split(0.0002)) as r:
        await r.ready()
        await r.submit()
        assert len(r.bank.smsc.accepted) == 1


async def test_garbage_on_the_line_costs_at_most_one_part(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        sent = 0
        for _ in range(10):
            await r.ready()
            r.faults.garbage(200)
            try:
                await r.submit()
                sent += 1
            except (NotSubmitted, SubmitRefused, SubmitAmbiguous):
                await asyncio.sleep(0.05)
        assert sent >= 5
        await r.ready()
