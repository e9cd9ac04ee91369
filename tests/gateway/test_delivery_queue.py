"""The queue itself: from the log to deliveries and to their outcomes, whatever is cut short."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.answering import answering
from labs.clock import FakeClock
from labs.raw_sql import raw
from test_gateway_handlers import hook, message, pending_for, shop

from modemgw.config import HandlerSection
from modemgw.gateway.deliveries import Deliveries, queue
from modemgw.gateway.deliveries.handlers import Handlers
from modemgw.gateway.deliveries.outcome import Outcome, Retry, Taken
from modemgw.gateway.deliveries.program import Program
from modemgw.gateway.deliveries.replaying import Replay
from modemgw.gateway.deliveries.subscriber import Handler
from modemgw.gateway.errors import NotFound, Rejected
from modemgw.store import Payload, Transaction
from modemgw.store.records import Event, Inbound, NewMessage
from modemgw.store.sqlite import FILE_NAME, SqliteStore
from modemgw.store.sqlite.deliveries import SqliteDeliveries

BEFORE = Path(__file__).parents[1] / "store" / "databases" / "2026-11-22.sql"


class Taking:
    """Takes the place of programs: notes what it gets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.got: list[Payload] = []
        self.at_once = self.most_at_once = 0
        self.answer: Callable[[Payload], Outcome] = lambda payload: Taken()
        self.go_on = asyncio.Event()
        self.go_on.set()
        taking = self

        async def deliver(self: Program, payload: Payload) -> Outcome:
            return await taking.deliver(payload)

        monkeypatch.setattr(Program, "deliver", deliver)

    async def deliver(self, payload: Payload) -> Outcome:
        self.got.append(payload)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await self.go_on.wait()
        finally:
            self.at_once -= 1
        return self.answer(payload)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.got) < count:
                await asyncio.sleep(0.002)


@pytest.fixture
async def taking(monkeypatch: pytest.MonkeyPatch) -> Taking:
    return Taking(monkeypatch)


EXEC = {"exec": ["true"]}


def received(first: int, last: int, **more: Any) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        for n in range(first, last + 1):
            tx.inbound.add(replace(message(**more), id=f"in_{n}"), [])
            tx.events.emit("inbound.received", {"id": f"in_{n}"})

    return work


# --- what is cut short


@pytest.mark.parametrize("crash", [False, True])
async def test_a_restart_between_claim_and_outcome_delivers_again(
    tmp_path: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch, crash: bool
) -> None:
    taking.go_on.clear()
    with monkeypatch.context() as patch:
        async with shop(tmp_path, EXEC) as one:
            await one.receive(message())
            await taking.until(1)
            assert await one.states() == [("claimed", 0)]
            if crash:
                patch.setattr(SqliteDeliveries, "release", lambda tx, node: None)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        left = db.execute("SELECT state, tries FROM deliveries").fetchall()
    assert left == [("claimed" if crash else "pending", 0)]
    taking.go_on.set()
    async with shop(tmp_path, EXEC) as one:
        await one.until(("delivered", 1))
    assert [p.inbound and p.inbound.id for p in taking.got] == ["in_1", "in_1"]


async def test_what_another_host_has_claimed_is_left_to_it_until_its_lease_ends(
    tmp_path: Path, taking: Taking
) -> None:
    async with SqliteStore(tmp_path / FILE_NAME, clock=FakeClock()) as store:
        await store.write(received(1, 1))
        now = FakeClock().time()

        def elsewhere(tx: Transaction) -> None:
            tx.deliveries.move_cursor("deliveries", 1)
            pending_for(tx, 1, "h1", at=now)
            tx.deliveries.claim(
                "h1", kind="exec", by="far/run", lease_s=60, furthest_s=9999, limit=1
            )

        await store.write(elsewhere)
    async with shop(tmp_path, EXEC) as one:
        one.handlers.wake()
        await asyncio.sleep(0.1)
        assert await one.states() == [("claimed", 0)]
        one.clock.now += 61
        one.handlers.wake()
        await one.until(("delivered", 1))


@pytest.mark.parametrize("after", range(4))
async def test_a_fan_out_cut_short_loses_nothing_and_makes_nothing_twice(
    tmp_path: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    add, count = SqliteDeliveries.add, 0

    def fails(*args: Any) -> None:
        nonlocal count
        add(*args)
        count += 1
        if count > after:
            raise sqlite3.IntegrityError("cut short")

    async with shop(tmp_path, EXEC, EXEC) as one:
        monkeypatch.setattr(SqliteDeliveries, "add", fails)
        await one.store.write(received(1, 3))
        await asyncio.sleep(0.1)
        assert await one.states() == []
    monkeypatch.setattr(SqliteDeliveries, "add", add)
    async with shop(tmp_path, EXEC, EXEC) as one:
        await one.until(*[("delivered", 1)] * 6)
    assert len(taking.got) == 6


async def test_what_came_before_a_crash_of_the_fan_out_is_fanned_out_at_the_next_start(
    tmp_path: Path, taking: Taking
) -> None:
    async with SqliteStore(tmp_path / FILE_NAME, clock=FakeClock()) as store:
        await store.write(received(1, 5))
    async with shop(tmp_path, EXEC) as one:
        await one.until(*[("delivered", 1)] * 5)
    async with shop(tmp_path, EXEC) as one:
        await asyncio.sleep(0.1)
        assert len(taking.got) == 5


async def test_a_match_that_fails_keeps_nobody_else_from_theirs(
    tmp_path: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    wants = Handler.wants

    def fails(self: Any, event: Event, one: Inbound | None) -> bool:
        if self.id == "h1":
            raise ValueError("a fault of ours")
        return wants(self, event, one)

    monkeypatch.setattr(Handler, "wants", fails)
    async with shop(tmp_path, EXEC, EXEC) as one:
        await one.receive(message())
        await one.until(("delivered", 1))


async def test_events_that_are_for_nobody_cost_no_look_into_the_store(tmp_path: Path) -> None:
    async with shop(tmp_path, EXEC) as one:
        await one.store.write(lambda tx: tx.events.emit("message.sent", {"id": "m"}))
        async with asyncio.timeout(10):
            while one.handlers._read < 1:
                await asyncio.sleep(0.002)
        one.handlers._wake.clear()
        for _ in range(5):
            await one.store.write(lambda tx: tx.events.emit("message.sent", {"id": "m"}))
        assert not one.handlers._wake.is_set()
        one.handlers.wake()  # as after a while
        async with asyncio.timeout(10):
            while await one.store.read(lambda view: view.deliveries.cursor("deliveries")) < 6:
                await asyncio.sleep(0.002)


# --- order, places, amounts


async def test_messages_of_one_sender_come_in_order_if_asked_for(
    tmp_path: Path, taking: Taking
) -> None:
    refused: set[str] = set()

    def answer(payload: Payload) -> Outcome:
        if payload.id not in refused:
            refused.add(payload.id)
            return Retry("not at the first time")
        return Taken()

    taking.answer = answer
    async with shop(tmp_path, {**EXEC, "in_order": True, "at_once": 4}) as one:
        senders = ["+441", "+442"] * 4
        for sender in senders:
            await one.receive(message(sender=sender))
        async with asyncio.timeout(30):
            while [s for s, _ in await one.states()] != ["delivered"] * 8:
                one.clock.now += 10
                one.handlers.wake()
                await asyncio.sleep(0.005)
    got = [p.inbound for p in taking.got if p.inbound is not None]
    for sender in ("+441", "+442"):
        ids = [m.id for m in got if m.sender == sender]
        assert ids == sorted(ids), "none before the one before has ended"
    assert len(got) == 16


async def test_much_that_is_pending_is_delivered_a_few_at_a_time_and_never_all_in_memory(
    tmp_path: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, most = SqliteDeliveries.claim, 0

    def counted(*args: Any, **how: Any) -> Any:
        nonlocal most
        found = claim(*args, **how)
        most = max(most, len(found))
        return found

    monkeypatch.setattr(SqliteDeliveries, "claim", counted)
    many = 10_000
    async with SqliteStore(tmp_path / FILE_NAME, clock=FakeClock()) as store:

        def work(tx: Transaction) -> None:
            tx.inbound.add(message(), [])
            raw(tx).executemany(
                "INSERT INTO events (id, type, at, data) VALUES (?, 'inbound.received', 0, ?)",
                [(n, '{"id": "in_1"}') for n in range(1, many + 1)],
            )

        await store.write(work)
    async with shop(tmp_path, {**EXEC, "at_once": 8}) as one:
        await taking.until(500)
        assert taking.most_at_once <= 8
        assert most <= 8
        await one.store.write(lambda tx: None)
        assert len(taking.got) < many / 2, "others write in between"


async def test_from_commit_to_the_handlers_start_it_is_quick(
    tmp_path: Path, taking: Taking, record_property: Callable[[str, object], None]
) -> None:
    """Nothing is polled: the store's publishing wakes the queue."""
    took = []
    async with shop(tmp_path, EXEC) as one:
        for n in range(1, 31):
            await one.store.write(received(n, n))
            begun = time.perf_counter()
            await taking.until(n)
            took.append(time.perf_counter() - begun)
    median = statistics.median(took)
    record_property("median_ms", round(1000 * median, 1))
    assert median < 0.3


# --- replay


async def test_a_replay_delivers_once_more(tmp_path: Path) -> None:
    async with hook([404]) as (url, got), shop(tmp_path, {"webhook": url}) as one:
        handlers = Handlers(one.handlers, one.store)
        await one.receive(message())
        await one.until(("dead", 1))
        assert await handlers.replay("h1", Replay()) == 1
        await one.until(("delivered", 1))
        assert await handlers.replay("h1", Replay()) == 0, "none is dead"
        assert await handlers.replay("h1", Replay(["dlv_1"])) == 1
        async with asyncio.timeout(10):
            while len(got) < 3:
                await asyncio.sleep(0.005)


async def test_a_replay_goes_by_time_and_in_small_transactions(
    tmp_path: Path, taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.gateway.deliveries.replaying.CHUNK", 2)
    async with shop(tmp_path, EXEC) as one:
        handlers = Handlers(one.handlers, one.store)
        begin = one.clock.now
        for _ in range(7):
            await one.receive(message())
            one.clock.now += 10
        await one.until(*[("delivered", 1)] * 7)
        wanted = Replay(since=begin + 10, until=begin + 60, state="delivered")
        assert await handlers.replay("h1", wanted) == 5
        await taking.until(12)


async def test_what_is_replayed_must_be_the_handlers_own(tmp_path: Path, taking: Taking) -> None:
    async with shop(tmp_path, EXEC, EXEC) as one:
        handlers = Handlers(one.handlers, one.store)
        await one.receive(message())
        await one.until(("delivered", 1), ("delivered", 1))
        with pytest.raises(Rejected) as refusal:
            await handlers.replay("h1", Replay(["dlv_1", "dlv_2", "what"]))
        assert [p.field for p in refusal.value.problems] == ["deliveries[1]", "deliveries[2]"]
        with pytest.raises(NotFound):
            await handlers.replay("nobody", Replay())
        assert len(taking.got) == 2


# --- a database of the version before


async def test_what_was_pending_in_a_database_of_the_version_before_is_delivered_once(
    tmp_path: Path,
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.executescript(BEFORE.read_text())
    clock = FakeClock(1.796e9)
    replies: list[NewMessage] = []

    async def reply(new: NewMessage, first: Callable[[Transaction], None]) -> None:
        replies.append(new)

    for _ in range(2):
        async with (
            hook([]) as (a, got_a),
            hook([]) as (b, got_b),
            SqliteStore(tmp_path / FILE_NAME, clock=clock) as store,
        ):
            sections = [
                HandlerSection(id="a", webhook=a),
                HandlerSection(id="b", webhook=b),
                HandlerSection(id="c", reply="PONG"),
            ]
            strangers = await store.read(lambda view: view.deliveries.unknown_subscribers(()))  # type: ignore[attr-defined]
            queue_ = Deliveries(
                sections, store=store, answering=answering(reply), clock=clock, random=Random(1)
            )
            task = asyncio.create_task(queue_.run())
            if strangers:
                assert strangers == ["1:webhook", "2:webhook"]
                async with asyncio.timeout(60):
                    while len(got_a) + len(got_b) < 3:
                        await asyncio.sleep(0.005)
                assert [m["text"] for m in got_a] == ["STATUS please"]
                assert sorted(m["text"] for m in got_b) == ["PING", "STATUS please"]
            await asyncio.sleep(0.2)
            again = len(got_a) + len(got_b)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await queue_.close()
    assert again == 0
    assert replies == []


def test_the_longest_lease_is_below_what_a_wrong_clock_is_known_by() -> None:
    longest = HandlerSection.model_fields["timeout"].metadata[1].le
    assert longest + queue.LEASE_S < queue.FURTHEST_S
