"""What any store guarantees of batches (modemgw/store/contract/batches.py)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modemgw.store import BatchQuery, BatchState, NewBatch, StoreConflict, Transaction
from modemgw.store.records import Mailing, Message, MessageStatus, Part, PartStatus

S = MessageStatus
AT = 1_795_000_000.0
IDS = itertools.count()


def mailing(count: int, name: str, status: MessageStatus = S.QUEUED) -> Mailing:
    common = Message(
        id="", to="", text="hello", data=None, ports=None, type="promotional", status=status,
        encoding="gsm7", message_class=None, receipt=True, parts=(Part(1, PartStatus.QUEUED),),
        error=None, route="default", modem=None, key="shop", reference=None, callback_url=None,
        batch=name, tags=(), created_at=AT, updated_at=AT, send_at=None, expires_at=AT + 3600,
    )  # fmt: skip
    return Mailing(common, [(f"msg_{next(IDS)}", "+447700900123", "default") for _ in range(count)])


def take(new: NewBatch, count: int, rejected: int = 0) -> Callable[[Transaction], int]:
    def work(tx: Transaction) -> int:
        first = tx.messages.insert([mailing(count, new.id)] if count else [])
        tx.batches.insert(new, first, count, rejected)
        return first

    return work


def add(
    id: str, count: int, *, more: bool, status: MessageStatus = S.SCHEDULED
) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        first = tx.messages.insert([mailing(count, id, status)])
        tx.batches.extend(id, first, count, 1, more=more)

    return work


def new(id: str = "bat_1", **about: Any) -> NewBatch:
    return replace(NewBatch(id, "shop", AT), **about)


async def test_a_batch_is_read_as_it_was_taken_and_its_messages_are_counted(open_store):
    async with open_store() as store:
        asked = new(name="spring", send_at=AT + 60, rate_per_minute=30, more=True)
        first = await store.write(take(asked, 3, rejected=2))
        batch = await store.look_up(lambda view: view.batches.get("bat_1"))
        assert (batch.id, batch.name, batch.key, batch.created_at) == (
            "bat_1",
            "spring",
            "shop",
            AT,
        )
        assert (batch.accepted, batch.rejected, batch.more) == (3, 2, True)
        assert (batch.send_at, batch.rate_per_minute, batch.paced_from) == (AT + 60, 30, AT)
        assert (batch.paused_at, batch.canceled_at, batch.ended_at) == (None, None, None)
        await store.write(
            lambda tx: tx.messages.compare_and_set(first + 1, S.QUEUED, S.DELIVERED, None)
        )
        counts = await store.read(lambda view: view.batches.counts("bat_1"))
        assert counts == {"queued": 2, "delivered": 1}
        waiting = await store.read(lambda view: view.batches.waiting("bat_1", 0, 9))
        assert waiting == [first, first + 2]
        assert await store.read(lambda view: view.batches.waiting("bat_1", first, 9)) == [first + 2]
        assert await store.look_up(lambda view: view.batches.get("bat_2")) is None
        assert await store.read(lambda view: view.batches.counts("bat_2")) == {}


async def test_messages_are_added_as_long_as_more_were_announced(open_store):
    async with open_store() as store:
        first = await store.write(take(new(more=True), 2))
        await store.write(add("bat_1", 2, more=True))
        await store.write(take(new("bat_2"), 4))  # comes in between
        await store.write(add("bat_1", 3, more=False))
        batch = await store.look_up(lambda view: view.batches.get("bat_1"))
        assert (batch.accepted, batch.rejected, batch.more) == (7, 2, False)
        counts = await store.read(lambda view: view.batches.counts("bat_1"))
        assert counts == {"queued": 2, "scheduled": 5}
        found = await store.read(lambda view: view.batches.waiting("bat_1", 0, 99))
        assert [n - first for n in found] == [0, 1, 2, 3, 8, 9, 10]
        with pytest.raises(StoreConflict):
            await store.write(add("bat_1", 1, more=False))
        assert await store.read(lambda view: view.batches.waiting("bat_1", 0, 99)) == found


async def test_a_canceled_batch_takes_nothing(open_store):
    async with open_store() as store:
        await store.write(take(new(more=True), 2))
        await store.write(lambda tx: tx.batches.set_canceled("bat_1", AT + 1))
        with pytest.raises(StoreConflict, match="canceled"):
            await store.write(add("bat_1", 1, more=False))


async def test_a_batch_ends_once_and_not_before_its_messages_and_what_is_to_be_added(open_store):
    async with open_store() as store:
        first = await store.write(take(new(more=True), 1))
        end = lambda tx: tx.batches.set_ended("bat_1", AT + 9)  # noqa: E731
        assert not await store.write(end)
        await store.write(lambda tx: tx.messages.compare_and_set(first, S.QUEUED, S.SENT, None))
        assert not await store.write(end)
        await store.write(lambda tx: tx.batches.set_complete("bat_1"))
        assert await store.write(end)
        assert not await store.write(end)
    async with open_store() as store:
        batch = await store.look_up(lambda view: view.batches.get("bat_1"))
        assert batch.ended_at == AT + 9
        assert await store.read(lambda view: view.batches.not_ended()) == []


async def test_what_was_asked_of_a_batch_is_found_after_a_restart(open_store):
    async with open_store() as store:
        first = await store.write(take(new(), 2))
        await store.write(lambda tx: tx.batches.set_paused("bat_1", AT + 1))
        await store.write(lambda tx: tx.batches.set_rate("bat_1", 6, AT + 2))
        await store.write(lambda tx: tx.batches.set_name("bat_1", "summer"))
        await store.write(take(new("bat_2"), 0))
    async with open_store() as store:
        (batch, spans), (_, none) = await store.read(lambda view: view.batches.not_ended())
        assert (batch.paused_at, batch.rate_per_minute, batch.paced_from) == (AT + 1, 6, AT + 2)
        assert batch.name == "summer"
        assert list(spans) == [(first, first + 1)]
        assert list(none) == []
        await store.write(lambda tx: tx.batches.set_paused("bat_1", None))
        await store.write(lambda tx: tx.batches.set_rate("bat_1", None, AT + 3))
        batch = await store.look_up(lambda view: view.batches.get("bat_1"))
        assert (batch.paused_at, batch.rate_per_minute, batch.paced_from) == (None, None, None)


async def test_batches_are_listed_the_newest_first_by_name_and_state(open_store):
    async with open_store() as store:
        abouts: list[dict[str, Any]] = [
            {}, {"name": "a"}, {"name": "b"}, {"name": "a", "send_at": AT + 60}, {"name": "a"}, {}
        ]  # fmt: skip
        for n, about in enumerate(abouts):
            await store.write(take(new(f"bat_{n}", **about), 0))
        await store.write(lambda tx: tx.batches.set_paused("bat_1", AT))
        await store.write(lambda tx: tx.batches.set_canceled("bat_2", AT))
        await store.write(lambda tx: tx.batches.set_ended("bat_4", AT))

        async def listed(now: float = AT + 1, **query: Any) -> list[str]:
            page = await store.read(lambda view: view.batches.find(BatchQuery(now=now, **query)))
            assert all(b.state(now) is query.get("state", b.state(now)) for b in page.items)
            return [batch.id for batch in page.items]

        assert await listed() == [f"bat_{n}" for n in (5, 4, 3, 2, 1, 0)]
        assert await listed(name="a") == ["bat_4", "bat_3", "bat_1"]
        assert await listed(state=BatchState.RUNNING) == ["bat_5", "bat_0"]
        assert await listed(state=BatchState.SCHEDULED) == ["bat_3"]
        assert await listed(state=BatchState.SCHEDULED, now=AT + 60) == []
        assert await listed(state=BatchState.PAUSED) == ["bat_1"]
        assert await listed(state=BatchState.CANCELED) == ["bat_2"]
        assert await listed(state=BatchState.DONE, name="a") == ["bat_4"]
        pages: list[list[str]] = []
        cursor = None
        while True:
            query = BatchQuery(name="a", limit=2, cursor=cursor)
            page = await store.read(lambda view, query=query: view.batches.find(query))
            pages.append([batch.id for batch in page.items])
            cursor = page.next_cursor
            if cursor is None:
                break
        assert pages == [["bat_4", "bat_3"], ["bat_1"]]
        with pytest.raises(ValueError, match="cursor"):
            await store.read(lambda view: view.batches.find(BatchQuery(cursor="x")))
