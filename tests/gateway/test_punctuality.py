"""Messages that come later than their type wants are counted, and told of once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labs.clock import START, FakeClock
from labs.outbox import Lab, config_of, refusal, running

from modemgw.gateway.errors import NotYet
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.punctuality import CALM_S, STALE, Tally
from modemgw.store.records import MessageStatus

TO = "+447700900123"
SOON: dict[str, Any] = {"otp": {"target_seconds": 30}}
DELIVERED: dict[str, Any] = {"otp": {"target_seconds": 30, "target": "delivered"}}


def tally(lab: Lab, type: str = "otp") -> Tally:
    return lab.outbox.punctuality.tallies[type]


def figures(lab: Lab) -> tuple[int, int, int]:
    """In time, late, and late and still awaited."""
    found = tally(lab)
    return found.in_time, found.late, len(found.overdue)


async def pass_time(lab: Lab, seconds: float) -> None:
    await lab.pass_time(seconds)
    lab.outbox.punctuality.look()
    await lab.settle()


def told(lab: Lab) -> list[tuple[str, int]]:
    return [(e.type, e.data["late"]) for e in lab.events if e.type.startswith("target.")]


async def test_who_has_no_target_is_not_watched(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON) as lab:
        await lab.accept(TO, type="transactional")
        await lab.settle()
        assert list(lab.outbox.punctuality.tallies) == ["otp"]
        assert not lab.outbox.punctuality._aims


async def test_what_is_sent_in_time_is_counted_and_forgotten(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON) as lab:
        for _ in range(3):
            await lab.accept(TO, type="otp")
        await lab.settle()
        assert figures(lab) == (3, 0, 0)
        assert not lab.outbox.punctuality._aims
        await pass_time(lab, 60)
        assert figures(lab) == (3, 0, 0)
        assert told(lab) == []
        assert lab.outbox.punctuality.troubles() == []


async def test_a_burst_of_late_ones_is_told_once_and_when_it_is_over(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON, ready=False) as lab:
        first = await lab.accept(TO, type="otp")
        await pass_time(lab, 10)
        for _ in range(4):
            await lab.accept(TO, type="otp")
        await pass_time(lab, 19)
        assert figures(lab) == (0, 0, 0)
        await pass_time(lab, 1)
        assert figures(lab) == (0, 1, 1)
        await pass_time(lab, 10)
        assert figures(lab) == (0, 5, 5)
        assert told(lab) == [("target.missed", 1)]
        (event,) = [e for e in lab.events if e.type == "target.missed"]
        assert event.data == {
            "type": "otp", "target": "sent", "target_seconds": 30.0, "late": 1, "message": first.id
        }  # fmt: skip
        (trouble,) = lab.outbox.punctuality.troubles()
        assert trouble == "5 otp messages are not sent 30 s after they should have been sent"
        await lab.up("m1")
        await lab.settle()
        assert figures(lab) == (0, 5, 0)
        assert lab.outbox.punctuality.troubles() == []
        await pass_time(lab, CALM_S - 1)
        assert len(told(lab)) == 1
        await pass_time(lab, 1)
        assert told(lab) == [("target.missed", 1), ("target.met", 5)]
        lab.down("m1")
        await lab.accept(TO, type="otp")
        await pass_time(lab, 30)
        assert told(lab)[2:] == [("target.missed", 1)], "another burst"


async def test_one_that_is_sent_late_before_anybody_looked_is_late(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON, ready=False) as lab:
        await lab.accept(TO, type="otp")
        await lab.pass_time(31)
        await lab.up("m1")
        await lab.settle()
        assert figures(lab) == (0, 1, 0)
        assert told(lab) == [("target.missed", 1)]


async def test_the_time_of_a_scheduled_one_runs_from_then_on(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON, ready=False) as lab:
        await lab.accept(TO, type="otp", send_at=START + 100, validity_s=600)
        await pass_time(lab, 129)
        assert figures(lab) == (0, 0, 0)
        await pass_time(lab, 1)
        assert figures(lab) == (0, 1, 1)


async def test_and_of_one_that_was_put_off_too(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON) as lab:

        def not_yet(job: Job) -> None:
            if lab.clock.time() < START + 100:
                raise NotYet(START + 100, "not now", "not-now")

        lab.ask_again = not_yet
        message = await lab.accept(TO, type="otp")
        assert (await lab.message(message)).status is MessageStatus.SCHEDULED
        lab.down("m1")
        await pass_time(lab, 129)
        assert figures(lab) == (0, 0, 0)
        await pass_time(lab, 1)
        assert figures(lab) == (0, 1, 1)


async def test_what_failed_or_was_canceled_before_was_not_late(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON) as lab:
        lab.modems["m1"].script.append(refusal(1))
        failed = await lab.accept(TO, type="otp")
        assert (await lab.message(failed)).status is MessageStatus.FAILED
        lab.down("m1")
        await lab.accept(TO, type="otp")
        await lab.outbox.cancel(2)
        await pass_time(lab, 31)
        assert figures(lab) == (0, 0, 0)


async def test_one_that_expires_is_awaited_no_longer(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON, ready=False) as lab:
        await lab.accept(TO, type="otp", validity_s=60)
        await pass_time(lab, 31)
        assert figures(lab) == (0, 1, 1)
        await pass_time(lab, 31)
        assert figures(lab) == (0, 1, 0)


async def test_delivered_is_when_the_report_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, type=DELIVERED) as lab:
        await lab.accept(TO, type="otp")
        await lab.accept(TO, type="otp")
        await lab.accept(TO, type="otp", receipt=False)
        await lab.settle()
        assert figures(lab) == (1, 0, 0), "without a report, sent is all there will be"
        await lab.report("m1", TO, 0)
        await lab.settle()
        assert figures(lab) == (2, 0, 0)
        await pass_time(lab, 31)
        assert figures(lab) == (2, 1, 1)
        await lab.report("m1", TO, 1)
        await lab.settle()
        assert figures(lab) == (2, 1, 0)


async def test_what_a_restart_finds_is_watched(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON, ready=False) as lab:
        await lab.accept(TO, type="otp")
    clock = FakeClock(START + 20)
    async with running(tmp_path, clock=clock, type=SOON, ready=False) as lab:
        await pass_time(lab, 9)
        assert figures(lab) == (0, 0, 0)
        await pass_time(lab, 1)
        assert figures(lab) == (0, 1, 1)


async def test_another_target_begins_anew_with_what_waits(tmp_path: Path) -> None:
    async with running(tmp_path, type=SOON, ready=False) as lab:
        await lab.accept(TO, type="otp")
        await lab.accept(TO, type="promotional")
        await pass_time(lab, 31)
        assert figures(lab) == (0, 1, 1)
        both = {"otp": {"target_seconds": 90}, "promotional": {"target_seconds": 60}}
        await lab.outbox.follow(config_of(tmp_path, type=both))
        assert figures(lab) == (0, 0, 0)
        await pass_time(lab, 30)
        assert (figures(lab), tally(lab, "promotional").late) == ((0, 0, 0), 1)
        await pass_time(lab, 30)
        assert figures(lab) == (0, 1, 1)
        await lab.outbox.follow(config_of(tmp_path, type=both))
        assert figures(lab) == (0, 1, 1), "the same target goes on"
        await lab.outbox.follow(config_of(tmp_path))
        assert lab.outbox.punctuality.tallies == {}


async def test_nothing_piles_up_of_what_is_over(tmp_path: Path) -> None:
    async with running(tmp_path, type={"otp": {"target_seconds": 86400}}) as lab:
        for _ in range(STALE + 10):
            await lab.accept(TO, type="otp", receipt=False)
        await lab.settle()
        assert figures(lab) == (STALE + 10, 0, 0)
        lab.outbox.punctuality.look()
        assert len(lab.outbox.punctuality._deadlines) == 0
