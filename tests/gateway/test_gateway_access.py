"""Who may come in, and what ends when a key is revoked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from labs.clock import FakeClock

from modemgw.gateway.access import CACHE_S, Access
from modemgw.gateway.errors import NotFound, Unavailable
from modemgw.gateway.keys import Keys
from modemgw.store import Store, StoreUnavailable
from modemgw.store.sqlite import FILE_NAME, SqliteStore, create_key, revoke_key


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
