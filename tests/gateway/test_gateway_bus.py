"""Followers of the log of events miss nothing and see nothing twice, at whatever pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from modemgw.clock import SystemClock
from modemgw.gateway import bus as module
from modemgw.gateway.bus import EventBus
from modemgw.store import Store
from modemgw.store.records import Event
from modemgw.store.sqlite import FILE_NAME, SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as opened:
        yield opened


def tell(store: Store, count: int = 1) -> asyncio.Future[None]:
    def work(tx):
        for _ in range(count):
            tx.events.emit("test", {"x": 1})

    return store.write(work)


async def some(events: AsyncIterator[Event], count: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found.append((await anext(events)).id)
    return found


async def test_a_follower_gets_what_comes_after_it_began(store: Store) -> None:
    bus = EventBus(store)
    await tell(store, 3)
    events = bus.follow()
    await tell(store, 2)
    assert await some(events, 2) == [4, 5]


async def test_a_follower_that_resumes_gets_what_it_missed_then_what_comes(store: Store) -> None:
    bus = EventBus(store)
    await tell(store, 5)
    events = bus.follow(2)
    assert await some(events, 3) == [3, 4, 5]
    await tell(store)
    assert await some(events, 1) == [6]


async def test_what_happened_before_a_restart_is_followed_from_the_store(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store:
        await tell(store, 4)
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store:
        bus = EventBus(store)
        old, new = bus.follow(1), bus.follow()
        await tell(store, 1)
        assert await some(old, 4) == [2, 3, 4, 5]
        assert await some(new, 1) == [5]


@pytest.mark.parametrize("after", [99, 10**30])
async def test_an_id_that_was_never_given_out_means_from_now_on(store: Store, after: int) -> None:
    bus = EventBus(store)
    await tell(store, 3)
    events = bus.follow(after)
    await tell(store, 1)
    assert await some(events, 1) == [4]


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_missed_or_doubled_at_any_pace(
    store: Store, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(module, "RECENT", 16)
    monkeypatch.setattr(module, "CHUNK", 7)
    bus = EventBus(store)
    total, random = 300, Random(seed)
    seen: dict[int, list[int]] = {n: [] for n in range(6)}

    async def follow(n: int) -> None:
        pace = Random(seed * 10 + n)
        async for event in bus.follow(0):
            seen[n].append(event.id)
            if event.id == total:
                return
            if pace.random() < 0.1 * n:
                await asyncio.sleep(0.001)

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        for n in seen:
            tasks.create_task(follow(n))
        told = 0
        while told < total:
            group = min(random.randint(1, 9), total - told)
            told += group
            await tell(store, group)
            if random.random() < 0.3:
                await asyncio.sleep(0.002)
    assert all(ids == list(range(1, total + 1)) for ids in seen.values())


async def test_a_follower_may_leave_at_any_time(store: Store) -> None:
    bus = EventBus(store)
    task = asyncio.create_task(some(bus.follow(), 1))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    events = bus.follow()
    await tell(store)
    assert await some(events, 1) == [1]
