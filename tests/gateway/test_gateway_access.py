"""Who may come in, and what ends when a key is revoked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from labs.clock import FakeClock, LoopClock, in_virtual_time
from labs.waiting import until

from modemgw.gateway.access import CACHE_S, MOST_WAITING, Access
from modemgw.gateway.errors import NotFound, Unavailable
from modemgw.gateway.key_uses import EVERY_S
from modemgw.gateway.keys import Keys, NewKey
from modemgw.gateway.wrong_keys import (
    FIRST_S,
    FREE,
    HALF_LIFE_S,
    MOST_ADDRESSES,
    MOST_S,
    WrongKeys,
)
from modemgw.store import Store, StoreUnavailable
from modemgw.store.records import Key
from modemgw.store.sqlite import FILE_NAME, SqliteStore, create_key, list_keys, revoke_key

ADMIN = Key("root", frozenset({"admin"}))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:
        yield store


@pytest.fixture
def access(store: Store, clock: FakeClock) -> Access:
    return Access(store, clock=clock)


@pytest.fixture
def keys(store: Store, access: Access, clock: FakeClock) -> Keys:
    return Keys(store, access, clock=clock)


async def test_what_this_process_revokes_ends_at_once(
    tmp_path: Path, access: Access, keys: Keys
) -> None:
    token = create_key(tmp_path / FILE_NAME, "app", ["read"])
    other = create_key(tmp_path / FILE_NAME, "other", ["read"])
    key, kept = await access.authenticate(token), await access.authenticate(other)
    assert key is not None
    assert kept is not None
    with access.watch(key) as ended, access.watch(key) as too, access.watch(kept) as goes_on:
        await keys.revoke("app")
        assert ended.is_set()
        assert too.is_set()
        assert not goes_on.is_set()
    assert await access.authenticate(token) is None, "it is not remembered either"
    assert await access.authenticate(other) == kept
    revoked = await keys.revoke("app")
    assert revoked == await keys.one("app"), "it stays as it is"
    with pytest.raises(NotFound, match="nobody"):
        await keys.revoke("nobody")


async def test_what_another_process_revokes_ends_within_a_look(
    tmp_path: Path, access: Access
) -> None:
    token = create_key(tmp_path / FILE_NAME, "app", ["read"])
    key = await access.authenticate(token)
    assert key is not None
    looking = asyncio.create_task(access.run())
    with access.watch(key) as ended:
        assert revoke_key(tmp_path / FILE_NAME, "app")
        assert await access.authenticate(token) is not None, "it is remembered for a moment"
        await asyncio.wait_for(ended.wait(), 5)
    assert await access.authenticate(token) is None, "nor does it open anything from then on"
    looking.cancel()


async def test_a_key_of_the_same_name_is_another_key(tmp_path: Path, access: Access) -> None:
    token = create_key(tmp_path / FILE_NAME, "app", ["read"])
    key = await access.authenticate(token)
    assert key is not None
    with access.watch(key) as ended:
        revoke_key(tmp_path / FILE_NAME, "app")
        create_key(tmp_path / FILE_NAME, "app", ["read"])
        await access.look()
        assert ended.is_set()


async def test_a_moment_in_which_nobody_can_say_ends_nothing(
    tmp_path: Path, access: Access, keys: Keys, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await access.authenticate(create_key(tmp_path / FILE_NAME, "app", ["read"]))
    assert key is not None

    async def fails(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("the database is locked")

    with access.watch(key) as ended:
        monkeypatch.setattr(store, "read", fails)
        await access.look()
        assert not ended.is_set()
        monkeypatch.setattr(store, "write", fails)
        with pytest.raises(Unavailable):
            await keys.revoke("app")
        assert not ended.is_set()


async def test_a_key_that_is_revoked_while_it_is_looked_up_is_not_remembered(
    tmp_path: Path, access: Access, keys: Keys, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = create_key(tmp_path / FILE_NAME, "app", ["read"])
    look_up, looked, go_on = store.look_up, asyncio.Event(), asyncio.Event()

    async def late(query: Any) -> Any:
        found = await look_up(query)
        looked.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(store, "look_up", late)
    asking = asyncio.create_task(access.authenticate(token))
    await looked.wait()
    await keys.revoke("app")
    go_on.set()
    assert await asking is None
    assert await access.authenticate(token) is None


async def test_the_store_is_asked_once_for_a_while_and_not_while_nobody_watches(
    tmp_path: Path,
    access: Access,
    store: Store,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = create_key(tmp_path / FILE_NAME, "app", ["read"])
    looking = asyncio.create_task(access.run())
    asked: list[Any] = []
    look_up, read = store.look_up, store.read
    monkeypatch.setattr(store, "look_up", lambda query: asked.append(query) or look_up(query))
    monkeypatch.setattr(store, "read", lambda query: asked.append(query) or read(query))
    for _ in range(100):
        await access.authenticate(token)
    assert len(asked) == 1
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(asked) == 1
    clock.now += CACHE_S
    await access.authenticate(token)
    assert len(asked) == 2
    looking.cancel()


# --- keys that end by themselves


async def issue(
    keys: Keys, name: str = "app", *scopes: str, expires_at: float | None = None
) -> tuple[str, str]:
    """The name and the token of a new key."""
    new = NewKey(name, scopes or ("read",), expires_at=expires_at)
    return name, (await keys.create(new, by=ADMIN)).token


async def test_a_key_that_expires_opens_nothing_from_then_on_and_its_streams_end(
    access: Access, keys: Keys, clock: FakeClock
) -> None:
    _, token = await issue(keys, expires_at=clock.time() + 60)
    key = await access.authenticate(token)
    assert key is not None
    with access.watch(key) as ended:
        clock.now += 59
        await access.look()
        assert not ended.is_set()
        assert await access.authenticate(token) == key
        clock.now += 1
        assert await access.authenticate(token) is None, "at once, though it is remembered"
        await access.look()
        assert ended.is_set()
    assert keys.state(await keys.one("app")) == "expired"


async def test_an_end_is_a_date_whichever_way_the_clock_is_set(
    access: Access, keys: Keys, clock: FakeClock
) -> None:
    _, token = await issue(keys, expires_at=clock.time() + 3600)
    assert await access.authenticate(token) is not None
    clock.set(7200)
    assert await access.authenticate(token) is None
    clock.set(-7200)
    assert await access.authenticate(token) is not None
    clock.set(-1e7)
    assert await access.authenticate(token) is not None


async def test_what_opened_a_stream_decides_over_it_not_the_name(
    access: Access, keys: Keys, clock: FakeClock
) -> None:
    """With a grace the rotated token keeps its stream until that is over."""
    _, before = await issue(keys)
    old = await access.authenticate(before)
    assert old is not None
    with access.watch(old) as ended:
        issued = await keys.rotate("app", 30.0)
        assert not ended.is_set()
        new = await access.authenticate(issued.token)
        assert new is not None
        with access.watch(new) as goes_on:
            clock.now += 31
            await access.look()
            assert ended.is_set()
            assert not goes_on.is_set()
            await keys.rotate("app", 0.0)
            assert goes_on.is_set()


async def test_who_comes_in_while_it_is_looked_is_not_thrown_out(
    access: Access, keys: Keys, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = store.read
    tokens = [(await issue(keys, name))[1] for name in ("a", "b")]
    first = await access.authenticate(tokens[0])
    assert first is not None

    async def late(query: Any) -> Any:
        found = await read(query)
        key = await access.authenticate(tokens[1])
        assert key is not None
        return found - {key.hash}  # as if it had been made after the look

    monkeypatch.setattr(store, "read", late)
    with access.watch(first) as ended:
        await access.look()
        assert not ended.is_set()
    monkeypatch.undo()
    asked: list[Any] = []
    look_up = store.look_up
    monkeypatch.setattr(store, "look_up", lambda query: asked.append(query) or look_up(query))
    assert await access.authenticate(tokens[1]) is not None
    assert asked == [], "it is remembered"


async def test_whoever_must_know_a_key_knows_it_before_it_opens_anything(
    store: Store, clock: FakeClock
) -> None:
    seen: list[str] = []

    async def note(key: Key) -> None:
        await asyncio.sleep(0)
        seen.append(key.name)

    access = Access(store, clock=clock, key_seen=note)
    _, token = await issue(Keys(store, access, clock=clock))
    assert await access.authenticate(token) is not None
    assert seen == ["app"]
    for _ in range(10):
        await access.authenticate(token)
    assert seen == ["app"], "not for each request"


# --- when keys were used


async def test_the_last_use_is_written_once_a_minute_at_the_most(
    access: Access,
    keys: Keys,
    store: Store,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = [(await issue(keys, name))[1] for name in ("a", "b")]
    assert (await keys.one("a")).last_used_at is None
    writes: list[float] = []
    write = store.write
    ticks: asyncio.Queue[None] = asyncio.Queue()

    def count(*args: Any, **kwargs: Any) -> Any:
        writes.append(clock.time())
        return write(*args, **kwargs)

    async def sleep(seconds: float) -> None:
        assert seconds == EVERY_S
        await ticks.get()

    monkeypatch.setattr(store, "write", count)
    monkeypatch.setattr(clock, "sleep", sleep)
    writing = asyncio.create_task(access.uses.run())
    first = clock.time()
    await access.authenticate(tokens[0])
    await until_used(keys, "a", first)
    for _ in range(10):
        clock.now += CACHE_S
        for token in tokens:
            await access.authenticate(token)
    assert len(writes) == 1
    assert (await keys.one("a")).last_used_at == first
    ticks.put_nowait(None)
    await until(lambda: len(writes) == 2)
    for name in ("a", "b"):
        await until_used(keys, name, clock.time())
    ticks.put_nowait(None)
    await asyncio.sleep(0.01)
    assert len(writes) == 2, "nobody came: nothing is written"
    clock.now += CACHE_S
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def until_used(keys: Keys, name: str, at: float) -> None:
    async def reached() -> bool:
        return (await keys.one(name)).last_used_at == at

    await until(reached)


async def test_the_last_uses_are_written_at_the_end(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = create_key(tmp_path / FILE_NAME, "app", ["read"])
    clock.now = time.time() + 100  # later than the key was made
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:
        access = Access(store, clock=clock)
        writing = asyncio.create_task(access.uses.run())
        await asyncio.sleep(0)
        access.uses.note("app")
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    (row,) = list_keys(tmp_path / FILE_NAME)
    assert row.last_used_at == clock.time()
    assert token


async def test_a_use_of_a_key_is_none_of_a_later_one_of_its_name(
    access: Access, keys: Keys, clock: FakeClock
) -> None:
    _, token = await issue(keys)
    await access.authenticate(token)
    clock.now += 1
    await keys.revoke("app")
    await issue(keys)
    await access.uses.write()
    assert (await keys.one("app")).last_used_at is None


async def test_uses_stay_noted_while_nothing_can_be_written(
    access: Access, keys: Keys, store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = await issue(keys)
    await access.authenticate(token)

    async def fails(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(store, "write", fails)
        with pytest.raises(StoreUnavailable):
            await access.uses.write()
    await access.uses.write()
    assert (await keys.one("app")).last_used_at == clock.time()


# --- wrong keys


def test_answers_to_wrong_keys_come_later_and_later_and_no_later_than_that() -> None:
    wrong = WrongKeys()
    delays = [wrong.delay_s("192.0.2.1", 0.0) for _ in range(100)]
    assert delays[:FREE] == [0.0] * FREE
    assert delays[FREE] == FIRST_S
    assert delays == sorted(delays)
    assert delays[-1] == MOST_S
    assert wrong.delay_s("192.0.2.2", 0.0) == 0.0, "another address is another one"


def test_wrong_keys_are_forgotten_by_and_by() -> None:
    wrong = WrongKeys()
    for _ in range(20):
        wrong.delay_s("unix", 0.0)
    assert wrong.delay_s("unix", HALF_LIFE_S) > 0, "20 are 10 by now"
    assert wrong.delay_s("unix", 10 * HALF_LIFE_S) == 0.0
    # One now and then is never held back.
    assert {wrong.delay_s("unix", (10 + n) * HALF_LIFE_S) for n in range(1, 1000)} == {0.0}


def test_who_has_a_network_of_addresses_is_one() -> None:
    wrong = WrongKeys()
    delays = [wrong.delay_s(f"2001:db8::{n:x}", 0.0) for n in range(1, 9)]
    assert delays[-1] > 0
    assert wrong.delay_s("2001:db8:0:1::1", 0.0) == 0.0


def test_so_many_addresses_are_remembered_and_no_more() -> None:
    wrong = WrongKeys()
    for n in range(10 * MOST_ADDRESSES):
        wrong.delay_s("192.0.2.1", 0.0)  # who goes on is not the one that is forgotten
        wrong.delay_s(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 0.0)
    assert len(wrong._seen) == MOST_ADDRESSES
    assert wrong.delay_s("192.0.2.1", 0.0) == MOST_S


@in_virtual_time
async def test_a_wrong_key_waits_a_bounded_time_and_few_of_them_at_once() -> None:
    access = Access(cast(Any, None), clock=LoopClock())
    loop = asyncio.get_running_loop()
    began = loop.time()
    done: list[float] = []

    async def wrong() -> None:
        await access.hold_back("192.0.2.1")
        done.append(loop.time() - began)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(1000):
            tasks.create_task(wrong())
    assert max(done) == MOST_S
    assert sum(at > 0 for at in done) == MOST_WAITING


async def test_who_shows_a_right_key_does_not_wait(
    access: Access, keys: Keys, clock: FakeClock
) -> None:
    _, token = await issue(keys)
    for _ in range(50):
        assert await access.authenticate("mgw_wrong") is None
        await access.hold_back("192.0.2.1")
    before = clock.now
    assert await access.authenticate(token) is not None
    assert clock.now == before
    await access.hold_back("192.0.2.1")
    assert clock.now == before + MOST_S
