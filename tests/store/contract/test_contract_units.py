"""What any store guarantees of units of work, queries and events (modemgw/store/contract)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from modemgw.store import StoreConflict


def emit(text, *, refuse=None):
    """A unit that says something, and then is refused."""

    def unit(tx):
        tx.events.emit("test", {"text": text})
        if refuse is not None:
            raise refuse
        return text

    return unit


async def told(store):
    return [e.data["text"] for e in await store.read(lambda view: view.events.after(0, 100))]


async def test_what_is_committed_is_seen_by_every_later_query_and_after_a_restart(open_store):
    async with open_store() as store:
        assert await store.write(emit("a")) == "a"
        assert await told(store) == ["a"]
        assert len(await store.look_up(lambda view: view.events.after(0, 9))) == 1
    async with open_store() as store:
        assert await told(store) == ["a"]


@pytest.mark.parametrize("refusal", [StoreConflict("no"), ValueError("a fault of its own")])
async def test_a_unit_that_fails_leaves_nothing_and_takes_no_other_with_it(open_store, refusal):
    async with open_store() as store:
        units = [
            store.write(emit("a")),
            store.write(emit("b", refuse=refusal), keep=True),
            store.write(emit("c")),
        ]
        done = await asyncio.gather(*units, return_exceptions=True)
        assert done[0] == "a"
        assert done[2] == "c"
        assert type(done[1]) is type(refusal)
        assert await told(store) == ["a", "c"]


async def test_units_are_committed_in_the_order_of_their_submission(open_store):
    async with open_store() as store:
        for i in range(50):
            store.write(emit(str(i)), keep=i % 2 == 0)
        await store.write(lambda tx: None)
        assert await told(store) == [str(i) for i in range(50)]


async def test_what_follows_a_unit_follows_its_commit_and_precedes_its_future(open_store):
    async with open_store() as store:
        seen: list[Any] = []
        done: Any = store.write(emit("a"), then=lambda text: seen.append((text, done.done())))
        await done
        assert seen == [("a", False)]
        with pytest.raises(StoreConflict):
            await store.write(emit("b", refuse=StoreConflict("no")), then=seen.append)
        assert len(seen) == 1


async def test_what_follows_is_done_though_nobody_waits(open_store):
    async with open_store() as store:
        seen: list[Any] = []
        store.write(emit("a"), then=seen.append).cancel()
        await store.write(lambda tx: None)
        assert seen == ["a"]


async def test_events_are_published_once_each_when_they_are_committed(open_store):
    async with open_store() as store:
        published: list[Any] = []
        store.on_events(published.extend)
        store.write(emit("a"))
        store.write(emit("b", refuse=StoreConflict("no"))).add_done_callback(
            lambda done: done.exception()
        )
        await store.write(emit("c"))
        await asyncio.sleep(0)
        assert [e.data["text"] for e in published] == ["a", "c"]
        assert store.last_event == published[-1].id
        assert await store.read(lambda view: view.events.after(0, 9)) == published
    async with open_store() as store:
        assert store.last_event == published[-1].id
        again: list[Any] = []
        store.on_events(again.extend)
        await store.write(emit("d"))
        await asyncio.sleep(0)
        assert again[0].id > published[-1].id


async def test_a_unit_has_one_time(open_store, clock):
    async with open_store() as store:
        assert await store.write(lambda tx: tx.now) == clock.now
        await store.write(emit("a"))
        (event,) = await store.read(lambda view: view.events.after(0, 9))
        assert event.at == clock.now


async def test_a_store_that_is_well_says_so(open_store):
    async with open_store() as store:
        assert store.problem is None
        assert store.stalled is None
