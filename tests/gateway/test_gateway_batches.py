"""What is asked of batches, by an outbox whose modems do as the test says; the clock by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from labs.clock import FakeClock
from labs.outbox import Lab, refusal, running

from modemgw.gateway.errors import Conflict, NotFound, Rejected
from modemgw.modem import SubmitAmbiguous, Submitted
from modemgw.store import BatchQuery, BatchState, MessageQuery, NewBatch, Span
from modemgw.store.records import Mailing, NewMessage

LONG = "x" * 200


def number(n: int) -> str:
    return f"+4477009{n:05d}"


async def take(lab: Lab, count: int, id: str = "bat_1", text: str = "hello", **about: Any) -> None:
    """A batch is accepted."""
    now = lab.clock.time()
    new = NewBatch(id, "test", now, **about)
    message = lab.check(NewMessage(to=number(0), text=text, send_at=new.send_at))
    message = message._replace(batch=id)
    recipients = [(f"msg_{id}_{n}", number(n), message.route) for n in range(count)]
    await lab.outbox.accept(
        [Mailing(message, recipients)],
        then=lambda tx, first: tx.batches.insert(new, first, count, 0),
        committed=lambda first: lab.outbox.batches.opened(new, Span(first, first + count - 1)),
    )


async def work(lab: Lab) -> None:
    """What the background does with batches, once."""
    task = asyncio.create_task(lab.outbox.batches.run())
    await lab.settle()
    task.cancel()
    await asyncio.wait([task])
    await lab.settle()


def sent_to(lab: Lab) -> list[str]:
    return [str(s.destination) for m in lab.modems.values() for s in m.sent]


async def test_a_message_whose_first_part_is_out_is_finished_though_its_batch_is_canceled(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script += [Submitted(0), refusal(42)]
        await take(lab, 3, text=LONG)
        await lab.settle()
        await lab.outbox.batches.pause("bat_1")
        begun = len(lab.modems["m1"].sent)
        await lab.outbox.batches.cancel("bat_1")
        await work(lab)
        seen = await lab.outbox.batches.get("bat_1")
        assert seen.counts.get("sending", 0) == 1
        await lab.pass_time(3600)
        await work(lab)
        seen = await lab.outbox.batches.get("bat_1")
        assert seen.counts.get("sent", 0) >= 1
        assert sum(seen.counts.values()) == 3
        assert begun >= 2
        assert not any(s == "sending" for s in seen.counts)


async def test_what_is_in_doubt_is_neither_canceled_nor_held(tmp_path: Path) -> None:
    otp = {"otp": {"ambiguous": "retry", "ambiguous_wait": 60}}
    async with running(tmp_path, type=otp) as lab:
        lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
        message = lab.check(NewMessage(to=number(0), text="code", type="otp"))
        new = NewBatch("bat_1", "test", lab.clock.time())
        await lab.outbox.accept(
            [Mailing.of(message._replace(batch="bat_1"))],
            then=lambda tx, first: tx.batches.insert(new, first, 1, 0),
            committed=lambda first: lab.outbox.batches.opened(new, Span(first, first)),
        )
        await lab.settle()
        await lab.outbox.batches.cancel("bat_1")
        await work(lab)
        assert (await lab.outbox.batches.get("bat_1")).counts == {"sending": 1}
        await lab.pass_time(61)
        assert len(lab.modems["m1"].sent) == 2, "sent once more: the first may not have gone out"


async def test_a_rate_is_held_by_the_queue_of_a_gateway_on_a_clock_moved_by_hand(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with running(tmp_path, 2, clock=clock) as lab:
        await take(lab, 100, rate_per_minute=30)
        await lab.pass_time(0)
        for _ in range(119):
            await lab.pass_time(1)
        assert len(lab.sent()) == pytest.approx(60, rel=0.05)
        assert len(set(sent_to(lab))) == len(lab.sent())
        of_each = [len(modem.sent) for modem in lab.modems.values()]
        assert max(of_each) - min(of_each) <= 2, "evenly across SIMs"
    async with running(tmp_path, 2, clock=clock) as lab:
        await lab.pass_time(0)
        for _ in range(60):
            await lab.pass_time(1)
        assert len(lab.sent()) == pytest.approx(30, rel=0.05)
        await lab.outbox.batches.change("bat_1", {"rate_per_minute": None})
        await lab.settle()
        await work(lab)
        seen = await lab.outbox.batches.get("bat_1")
        assert seen.counts == {"sent": 100}
        assert (seen.state, seen.batch.ended_at is not None) == (BatchState.DONE, True)


async def test_the_clock_that_is_set_neither_stops_a_pace_nor_hurries_it(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:
        await take(lab, 100, rate_per_minute=60)
        await lab.pass_time(10)
        before = len(lab.sent())
        for by in (3600.0, -7200.0):
            clock.set(by)
            for _ in range(10):
                await lab.pass_time(1)
        assert len(lab.sent()) - before == pytest.approx(20, abs=1)


async def test_what_is_asked_and_cannot_be_says_why_and_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        batches = lab.outbox.batches
        await take(lab, 2, name="spring")
        for verb in (batches.get, batches.kept, batches.pause, batches.resume, batches.cancel):
            with pytest.raises(NotFound, match="bat_2"):
                await verb("bat_2")
        with pytest.raises(Rejected, match="cursor"):
            await batches.find(BatchQuery(cursor="x"))
        with pytest.raises(Rejected, match="cursor"):
            await batches.messages("bat_1", MessageQuery(batch="bat_1", cursor="1~x"))
        await batches.cancel("bat_1")
        await work(lab)
        with pytest.raises(Conflict, match="canceled"):
            await batches.change("bat_1", {"rate_per_minute": 5})
        seen = await batches.change("bat_1", {"name": "summer"})
        assert (seen.batch.name, seen.batch.rate_per_minute) == ("summer", None)
        assert seen.counts == {"canceled": 2}
        types = [e.type for e in lab.events if e.type.startswith("batch.")]
        assert types == ["batch.canceled", "batch.completed"]


async def test_a_caller_that_leaves_amid_a_pause_leaves_it_in_force(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        await take(lab, 3000)
        pausing = asyncio.create_task(lab.outbox.batches.pause("bat_1"))
        while not lab.outbox.queue.matchmaking.gates:
            await asyncio.sleep(0)
        pausing.cancel()
        await asyncio.wait([pausing])
        await lab.up("m1")
        await lab.settle()
        assert lab.sent() == []
        assert (await lab.outbox.batches.get("bat_1")).state is BatchState.PAUSED
        assert lab.outbox.queue.matchmaking._waiting.counts["batch:bat_1"] == 3000


async def test_counting_keeps_no_reader_busy(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock, ready=False) as lab:
        await take(lab, 3)
        asked = 0
        read = lab.store.read

        async def slow(query: Any) -> Any:
            nonlocal asked
            asked += 1
            clock.now += 0.1
            return await read(query)

        lab.store.read = slow  # type: ignore[method-assign]
        for _ in range(35):
            assert (await lab.outbox.batches.get("bat_1")).counts == {"queued": 3}
            clock.now += 0.05
        assert asked == 2, "a tenth of the time at the most"
