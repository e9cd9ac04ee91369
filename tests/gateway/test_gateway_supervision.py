"""What fails in the background is begun anew; no message is lost or doubled by it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.clock import FakeClock
from labs.outbox import config_of, running
from labs.raw_sql import raw
from labs.waiting import until
from test_gateway_handlers import message

from modemgw.gateway import Gateway
from modemgw.gateway.outgoing.endings import Endings
from modemgw.gateway.outgoing.lane import MAX_FAULTS, Lane
from modemgw.gateway.outgoing.queue import Queue
from modemgw.gateway.supervision import LONGEST_WAIT_S, STEADY_S, Keeper
from modemgw.modem import ModemState, SimIdentity
from modemgw.store import MessageQuery, StoreUnavailable
from modemgw.store.records import MessageStatus


class Sleeper(FakeClock):
    """Remembers how long it was slept."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


def keeper_of(clock: FakeClock) -> Keeper:
    return Keeper(clock=clock, random=Random(1))


class Work:
    """Raises what it was given, one after the other, then returns."""

    def __init__(self, *faults: BaseException, first: Callable[[], None] = lambda: None) -> None:
        self.faults = list(faults)
        self.first = first
        self.done = False

    async def __call__(self) -> None:
        self.first()
        if self.faults:
            raise self.faults.pop(0)
        self.done = True


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("a fault"),
        SystemExit(1),
        StoreUnavailable("the disk is full"),
        sqlite3.OperationalError("disk I/O error"),
        asyncio.CancelledError(),
        TimeoutError(),
        ExceptionGroup("several", [ValueError("x")]),
    ],
)
async def test_what_fails_is_begun_anew(fault: BaseException) -> None:
    work, clock = Work(fault, fault), Sleeper()
    await keeper_of(clock).keep("work", work)
    assert work.done
    assert len(clock.slept) == 2


async def test_the_pauses_grow_and_are_bounded_and_end_with_a_steady_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Sleeper()
    keeper = keeper_of(clock)
    await keeper.keep("work", Work(*[RuntimeError("a fault")] * 12))
    assert clock.slept == sorted(clock.slept[:6]) + clock.slept[6:]
    assert max(clock.slept) <= LONGEST_WAIT_S * 1.2
    assert clock.slept[-1] > 30
    assert keeper.failures() == {"work": 12}
    errors = [r for r in caplog.records if r.levelname == "ERROR"]
    assert len(errors) == 1, "told once, not each time"

    def steady() -> None:
        clock.now += STEADY_S

    clock.slept.clear()
    await keeper.keep("work", Work(*[RuntimeError("a fault")] * 5, first=steady))
    assert max(clock.slept) < 2


async def test_troubles_are_shown_until_it_runs_steadily(tmp_path: Path) -> None:
    clock, go_on = FakeClock(), asyncio.Event()
    keeper = keeper_of(clock)
    told: list[list[str]] = []

    async def sleep(seconds: float) -> None:
        told.append(keeper.troubles())
        assert keeper.rests("work")

    clock.sleep = sleep  # type: ignore[method-assign]
    faults = [RuntimeError("one"), ValueError("two")]

    async def work() -> None:
        if faults:
            raise faults.pop(0)
        await go_on.wait()

    task = asyncio.create_task(keeper.keep("work", work))
    await asyncio.sleep(0.01)
    shown = "work has failed (ValueError, 2 in a row); see the log"
    assert told == [["work has failed (RuntimeError, 1 in a row); see the log"], [shown]]
    assert not keeper.rests("work")
    assert keeper.troubles() == [shown]
    clock.now += STEADY_S
    assert keeper.troubles() == []
    go_on.set()
    await task


async def test_cancelled_it_ends_even_when_its_work_fails_at_that() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("while it was ended")

    task = asyncio.create_task(keeper_of(FakeClock()).keep("work", work))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_keyboard_interrupt_is_nobodys_to_keep() -> None:
    keeping = keeper_of(FakeClock()).keep("work", Work(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        keeping.send(None)


# --- lanes


async def keep_lane(lab: Any, id: str = "m1") -> Keeper:
    """Let the lane run under a keeper, as the fleet does."""
    keeper = keeper_of(lab.clock)
    lab.tasks[id].cancel()
    await asyncio.wait([lab.tasks[id]])
    lab.tasks[id] = asyncio.create_task(keeper.keep(f"lane {id}", lab.lanes[id].run))
    await lab.settle()
    return keeper


def failing(times: int, before: Callable[..., Any]) -> Callable[..., Any]:
    left = times

    def fails(*args: Any, **more: Any) -> Any:
        nonlocal left
        if left > 0:
            left -= 1
            raise RuntimeError("a fault of ours")
        return before(*args, **more)

    return fails


AFTER_ACCEPTANCE = [
    (Endings, "put_back", "before it is put away"),
    (Queue, "remove", "while it is removed"),
]


@pytest.mark.parametrize(("owner", "name", "why"), AFTER_ACCEPTANCE)
async def test_a_fault_after_acceptance_neither_loses_nor_doubles_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, why: str
) -> None:
    async with running(tmp_path) as lab:
        await keep_lane(lab)
        monkeypatch.setattr(owner, name, failing(1, getattr(owner, name)))
        first = await lab.accept(text="first")
        await lab.settle()
        second = await lab.accept(text="second")
        for _ in range(20):
            await lab.pass_time(30)
        assert sorted(lab.sent()) == ["first", "second"]
        for one in (first, second):
            assert (await lab.message(one)).status is MessageStatus.SENT
        assert len(lab.outbox.queue.matchmaking) == 0


@pytest.mark.parametrize("policy", ["hold", "retry"])
async def test_a_fault_with_an_attempt_whose_end_is_not_recorded_is_ambiguous(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    async with running(tmp_path, type={"transactional": {"ambiguous": policy}}) as lab:
        await keep_lane(lab)
        monkeypatch.setattr(Endings, "accepted", failing(1, Endings.accepted))
        one = await lab.accept()
        await lab.settle()
        (part,) = (await lab.message(one)).parts
        assert part.status == "ambiguous"
        for _ in range(5):
            await lab.pass_time(30)
        assert len(lab.sent()) == (1 if policy == "hold" else 2)
        after = await lab.accept(text="next")
        await lab.settle()
        assert (await lab.message(after)).status is MessageStatus.SENT


async def test_a_fault_before_anything_was_sent_costs_the_message_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as lab:
        await keep_lane(lab)
        monkeypatch.setattr(Lane, "_tpdu", failing(2, Lane._tpdu))
        one = await lab.accept()
        for _ in range(10):
            await lab.pass_time(20)
        assert lab.sent() == ["hello"]
        assert (await lab.message(one)).status is MessageStatus.SENT


async def test_a_message_that_brings_a_fault_each_time_is_given_up_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as lab:
        await keep_lane(lab)
        tpdu = Lane._tpdu

        def poisoned(self: Lane, job: Any, *rest: Any) -> bytes:
            if job.content.text == "poison":
                raise KeyError("a fault of ours")
            return tpdu(self, job, *rest)

        monkeypatch.setattr(Lane, "_tpdu", poisoned)
        bad = await lab.accept(text="poison")
        good = [await lab.accept(text=f"good {n}") for n in range(5)]
        for _ in range(5 * MAX_FAULTS):
            await lab.pass_time(60)
        assert [(await lab.message(one)).status for one in good] == [MessageStatus.SENT] * 5
        end = await lab.message(bad)
        assert end.status is MessageStatus.FAILED
        assert end.error is not None
        assert end.error.code == "fault"


async def test_a_fault_while_a_job_is_handed_over_does_not_lose_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, sim_limits={"per_hour": 1}) as lab:
        await keep_lane(lab)
        quota = lab.outbox.queue._on_quota
        monkeypatch.setattr(lab.outbox.queue, "_on_quota", failing(3, quota))
        for n in range(2):
            await lab.accept(text=f"{n}")
            await lab.settle()
        for _ in range(5):
            await lab.pass_time(1500)
        assert sorted(lab.sent()) == ["0", "1"]


async def test_sending_goes_on_while_one_lane_fails_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, modems=2) as lab:
        keeper = await keep_lane(lab, "m1")
        carry = Lane._carry

        async def broken(self: Lane, job: Any) -> None:
            if self._modem.id == "m1":
                raise RuntimeError("a fault of ours")
            await carry(self, job)

        monkeypatch.setattr(Lane, "_carry", broken)
        made = [await lab.accept(text=f"{n}") for n in range(6)]
        for _ in range(30):
            await lab.pass_time(60)
        assert {(await lab.message(one)).status for one in made} == {MessageStatus.SENT}
        assert keeper.failures()["lane m1"] >= 1


async def test_a_fault_when_time_has_come_keeps_nothing_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as lab:
        due = lab.clock.now + 100
        made = [await lab.accept(text=f"{n}", send_at=due) for n in range(3)]
        queue = lab.outbox.queue
        monkeypatch.setattr(queue, "_on_due", failing(1, queue._on_due))
        monkeypatch.setattr(queue.matchmaking, "tick", failing(1, queue.matchmaking.tick))
        monkeypatch.setattr("modemgw.gateway.outgoing.queue.AFTER_A_FAULT_S", 0.01)
        await lab.pass_time(101)
        await asyncio.sleep(0.05)
        await lab.settle()
        assert sorted(lab.sent()) == ["0", "1", "2"]
        assert {(await lab.message(one)).status for one in made} == {MessageStatus.SENT}


# --- the gateway


class Soon(FakeClock):
    """A clock whose sleeps are short, however long they are asked for."""

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0.02)


async def test_a_failing_store_ends_no_task_of_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Gateway.open(config_of(tmp_path), clock=Soon(), random=Random(1)) as gateway:
        await gateway._started.wait()
        write = gateway._store.write
        turns = 0

        async def fails(work: Any, **how: Any) -> Any:
            nonlocal turns
            turns += 1
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(gateway._store, "write", fails)
        gateway._deliveries.wake()
        await until(lambda: turns >= 3)
        assert any("deliveries has failed" in line for line in gateway.health.troubles)
        monkeypatch.setattr(gateway._store, "write", write)
        await until(lambda: not gateway.keeper.rests("deliveries"))
        found = list(gateway.figures.registry().collect())
        samples = [s for f in found for s in f.samples if s.name == "modemgw_task_failures_total"]
        assert {"task": "deliveries"} in [s.labels for s in samples]
        assert (await gateway.messages.find(MessageQuery())).items == ()


async def test_a_modem_whose_sim_cannot_be_counted_becomes_ready_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Gateway.open(config_of(tmp_path), clock=Soon(), random=Random(1)) as gateway:
        await gateway._started.wait()
        fleet, outbox = gateway._fleet, gateway._outbox
        station = fleet._stations.one("m1")
        sim = SimIdentity("8999900000000000001", None, None)
        monkeypatch.setattr(type(station.modem), "sim", sim)
        set_ready, tries = outbox.lanes.set_ready, 0

        async def fails(id: str, identity: SimIdentity) -> None:
            nonlocal tries
            tries += 1
            if tries <= 3:
                raise sqlite3.OperationalError("disk I/O error")
            await set_ready(id, identity)

        monkeypatch.setattr(outbox.lanes, "set_ready", fails)
        fleet.state_changed("m1", ModemState.REGISTERING, ModemState.READY, None)
        await until(lambda: gateway.keeper.rests("readying of m1"))
        assert not gateway.health.ready
        await until(lambda: outbox.queue.matchmaking.lane("m1").ready)
        assert gateway.health.ready
        assert tries == 4


async def test_a_lane_that_rests_holds_up_neither_its_end_nor_that_of_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: Lane) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Lane, "run", broken)
    async with asyncio.timeout(5):
        async with Gateway.open(config_of(tmp_path, modems=2), random=Random(1)) as gateway:
            await until(lambda: gateway.keeper.rests("lane m1") and gateway.keeper.rests("lane m2"))
            await gateway.reconfigure(config_of(tmp_path))
            assert [view.status.id for view in gateway.modems.views()] == ["m1"]


async def test_a_handler_that_exits_leaves_the_gateway_running(tmp_path: Path) -> None:
    """The whole way in, from the modem's PDU on, is in tests/e2e."""
    config = config_of(tmp_path, handler=[{"python": "sys:exit"}])
    async with Gateway.open(config, random=Random(1)) as gateway:
        await gateway._started.wait()

        def keep(tx: Any) -> None:
            tx.inbound.add(message(), [])
            tx.events.emit("inbound.received", {"id": "in_1"})

        await gateway._store.write(keep)

        async def state() -> Any:
            return await gateway._store.read(
                lambda view: raw(view).execute("SELECT state, tries FROM deliveries").fetchall()
            )

        async with asyncio.timeout(10):
            while await state() != [("pending", 1)]:
                await asyncio.sleep(0.01)
        assert gateway.health.troubles == []
