"""One TP-MR many times a day: each report finds the part that it is about, or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.outbox import Lab, running
from labs.units import run_units_twice

from modemgw.gateway.outgoing.receipts import Early, Matched
from modemgw.modem import SubmitAmbiguous, Submitted
from modemgw.sms import Submit
from modemgw.store.records import Message, MessageStatus

S = MessageStatus
TO = "+447700900123"
HOUR = 3600.0


@pytest.fixture(params=["each unit once", "each unit twice"], autouse=True)
def _units(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "each unit twice":
        run_units_twice(monkeypatch)


async def sent_as(lab: Lab, reference: int, **more: Any) -> Message:
    lab.modems["m1"].script.append(Submitted(reference))
    message = await lab.accept(TO, **more)
    await lab.settle()
    return message


async def doubted(lab: Lab, **more: Any) -> Message:
    lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
    message = await lab.accept(TO, **more)
    await lab.settle()
    return message


async def status(lab: Lab, message: Message) -> MessageStatus:
    return (await lab.message(message)).status


@pytest.fixture(params=[60.0, 3600.0, 5 * HOUR, 23 * HOUR, 47 * HOUR])
def since(request: pytest.FixtureRequest) -> float:
    """How long ago the TP-MR was used before."""
    value: float = request.param
    return value


@pytest.mark.parametrize("receipt", [True, False])
@pytest.mark.parametrize("clock_known", [True, False])
async def test_a_report_is_of_the_part_in_the_air_and_not_of_an_old_one(
    tmp_path: Path, since: float, receipt: bool, clock_known: bool
) -> None:
    async with running(tmp_path) as lab:
        if clock_known:
            known = await sent_as(lab, 9)
            await lab.report("m1", TO, 9)
            assert await status(lab, known) is S.DELIVERED
        old = await sent_as(lab, 7, receipt=receipt)  # its report was lost, or not asked for
        lab.clock.now += since

        async def early(submit: Submit) -> Submitted:
            assert not isinstance(await lab.report("m1", TO, 7), Matched)
            return Submitted(7)

        lab.modems["m1"].script.append(early)
        new = await lab.accept(TO)
        assert await status(lab, new) is S.DELIVERED
        assert await status(lab, old) is S.SENT


@pytest.mark.parametrize("receipt", [True, False])
async def test_a_report_is_of_the_doubt_and_not_of_an_old_part_and_no_otp_is_doubled(
    tmp_path: Path, since: float, receipt: bool
) -> None:
    async with running(tmp_path) as lab:
        old = await sent_as(lab, 7, receipt=receipt)
        lab.clock.now += since
        for _ in range(3):  # the clock of the service centre is not poisoned by the first
            doubt = await doubted(lab, type="otp")
            lab.clock.now += 5
            await lab.report("m1", TO, 7, sc_time=lab.clock.now - 5)
            assert await status(lab, doubt) is S.DELIVERED
            await lab.pass_time(300)
        assert await status(lab, old) is S.SENT
        assert len(lab.sent()) == 4


@pytest.mark.parametrize("offset", [0.0, -2 * HOUR, 5.5 * HOUR])
async def test_a_late_report_goes_to_the_old_part_though_a_new_one_is_in_the_air(
    tmp_path: Path, since: float, offset: float
) -> None:
    async with running(tmp_path) as lab:
        await sent_as(lab, 1)
        await lab.report("m1", TO, 1, sc_time=lab.clock.now + offset)
        lab.clock.now += 60
        old = await sent_as(lab, 7)
        at = lab.clock.now
        lab.clock.now += max(since, 300)

        async def late(submit: Submit) -> Submitted:
            assert not isinstance(await lab.report("m1", TO, 7, sc_time=at + offset), Early)
            return Submitted(7)

        lab.modems["m1"].script.append(late)
        new = await lab.accept(TO)
        assert (await status(lab, old), await status(lab, new)) == (S.DELIVERED, S.SENT)


async def test_a_late_duplicate_changes_nothing_and_teaches_nothing(
    tmp_path: Path, since: float
) -> None:
    async with running(tmp_path) as lab:
        old = await sent_as(lab, 7)
        await lab.report("m1", TO, 7)
        lab.clock.now += since
        new = await sent_as(lab, 7)
        lab.clock.now += 30
        await lab.report("m1", TO, 7, sc_time=START)  # once more, as its RP-ACK was lost
        assert (await status(lab, old), await status(lab, new)) == (S.DELIVERED, S.SENT)
        doubt = await doubted(lab, type="otp")
        await lab.report("m1", TO, 8)
        assert await status(lab, doubt) is S.DELIVERED
        await lab.report("m1", TO, 7, 0x41, sc_time=lab.clock.now - 30)
        assert await status(lab, new) is S.UNDELIVERED


async def test_a_report_of_what_we_do_not_know_is_kept_and_not_given_to_an_old_part(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        old = await sent_as(lab, 7)
        lab.clock.now += 10 * HOUR
        assert await lab.report("m1", TO, 7) is None
        assert await status(lab, old) is S.SENT
        await lab.report("m1", TO, 7, sc_time=START)
        assert await status(lab, old) is S.DELIVERED


async def test_the_clock_of_a_service_centre_is_known_after_a_restart(tmp_path: Path) -> None:
    clock, wrong = FakeClock(), -3 * HOUR
    async with running(tmp_path, clock=clock) as lab:
        await sent_as(lab, 1)
        await lab.report("m1", TO, 1, sc_time=clock.now + wrong)
    clock.now += HOUR
    async with running(tmp_path, clock=clock) as lab:
        rounds = []
        for _ in range(4):
            rounds.append(await sent_as(lab, 5))
            clock.now += HOUR
        await lab.report("m1", TO, 5, sc_time=START + 3 * HOUR + wrong)
        assert [await status(lab, m) for m in rounds] == [S.SENT, S.SENT, S.DELIVERED, S.SENT]


async def test_a_service_centre_whose_clock_is_set_is_followed_after_two_reports(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        for reference, offset in ((1, 0.0), (2, HOUR), (3, HOUR)):
            message = await sent_as(lab, reference)
            lab.clock.now += 5
            await lab.report("m1", TO, reference, sc_time=lab.clock.now - 5 + offset)
            assert await status(lab, message) is S.DELIVERED
        first = await sent_as(lab, 9)
        at = lab.clock.now
        lab.clock.now += HOUR
        second = await sent_as(lab, 9)
        await lab.report("m1", TO, 9, sc_time=at + HOUR)
        assert (await status(lab, first), await status(lab, second)) == (S.DELIVERED, S.SENT)


async def test_a_report_on_an_old_doubt_is_not_looked_for_for_ever(tmp_path: Path) -> None:
    async with running(tmp_path, gateway={"receipt_timeout": 600}) as lab:
        doubt = await doubted(lab, type="transactional")
        await lab.pass_time(30 * 24 * HOUR)
        assert await lab.report("m1", TO, 3, sc_time=lab.clock.now - 60) is None
        assert await status(lab, doubt) is S.UNKNOWN


@dataclass
class _Sent:
    message: Message
    reference: int
    taken_at: float | None
    """When the service centre took it; None: it never did."""


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_comes_when_no_report_finds_a_part_that_it_is_not_about(
    tmp_path: Path, seed: int
) -> None:
    """Early, late, doubled, lost, before and after a restart, with a TP-MR used over and over."""
    random, clock = Random(seed), FakeClock()
    offset = random.choice([0.0, 1.0, -30.0, 2 * HOUR, -5.5 * HOUR, 90.0])
    sent: list[_Sent] = []
    open_reports: list[_Sent] = []
    told: set[str] = set()

    async def act(lab: Lab, n: int) -> None:
        reference, kind = n % 3, random.random()
        asked = random.random() < 0.8
        silent, taken = kind < 0.3, kind > 0.1
        early = asked and taken and random.random() < 0.3
        took_s = random.choice([0.0, 2.0, 40.0])

        async def answer(submit: Submit) -> Submitted:
            clock.now += took_s
            now = _Sent(message, reference, clock.now if taken else None)
            sent.append(now)
            if early:
                await report(lab, now)
                clock.now += 1
            elif asked and taken:
                open_reports.append(now)
            if silent:
                raise SubmitAmbiguous("silent")
            return Submitted(reference)

        lab.modems["m1"].script.append(answer)
        message = lab.check(_new(f"{n}", receipt=asked))
        await lab.outbox.accept([_mailing(message)])
        while not sent or sent[-1].message is not message or lab.receipts.on_early:
            await lab.settle()

    async def report(lab: Lab, one: _Sent) -> None:
        assert one.taken_at is not None
        told.add(one.message.id)
        await lab.report("m1", TO, one.reference, sc_time=one.taken_at + offset)
        await lab.settle()

    async def steps(lab: Lab, first: int) -> None:
        for n in range(first, first + 12):
            await act(lab, n)
            clock.now += random.choice([20.0, 90.0, 700.0, HOUR, 6 * HOUR])
            while open_reports and random.random() < 0.5:
                one = open_reports.pop(random.randrange(len(open_reports)))
                await report(lab, one)
                if random.random() < 0.3:
                    clock.now += random.choice([1.0, 300.0, HOUR])
                    await report(lab, one)
            delivered = {s.message.id for s in sent if await status(lab, s.message) is S.DELIVERED}
            assert delivered <= told, "no part has the report of another one"

    async with running(tmp_path, clock=clock) as lab:
        known = await sent_as(lab, 200)
        await lab.report("m1", TO, 200, sc_time=clock.now + offset)
        assert await status(lab, known) is S.DELIVERED
        clock.now += 120
        await steps(lab, 0)
    async with running(tmp_path, clock=clock) as lab:
        await steps(lab, 100)
        found = {s.message.id for s in sent if await status(lab, s.message) is S.DELIVERED}
        assert found == told, "and every report has found its part"


def _new(text: str, **more: Any):
    from modemgw.store.records import NewMessage

    return NewMessage(to=TO, text=text, **more)


def _mailing(message: Message):
    from modemgw.store.records import Mailing

    return Mailing.of(message)
