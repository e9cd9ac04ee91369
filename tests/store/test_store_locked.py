"""Another program that holds the database, and readers that must not wait for each other."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from labs.raw_sql import raw

from modemgw.clock import SystemClock
from modemgw.store import StoreUnavailable, View
from modemgw.store.sqlite import FILE_NAME, SqliteStore, opening, readers


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_MS", 100)
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as opened:
        yield opened


@pytest.fixture
def other(store: SqliteStore) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        yield db


async def test_a_locked_database_refuses_everybody_within_one_wait(
    store: SqliteStore, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    asked = [store.write(lambda tx: tx.events.emit("test", {})) for _ in range(300)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert time.monotonic() - began < 15, "not one wait for each of them"
    assert all(isinstance(a, StoreUnavailable) for a in answers)
    assert "by another program" in str(answers[0])
    assert await store.read(
        lambda view: raw(view).execute("SELECT count(*) FROM events").fetchone()
    ) == (0,)
    other.execute("ROLLBACK")
    await store.write(lambda tx: tx.events.emit("test", {}))
    assert store.problem is None


def test_waits_are_bounded_below_what_a_client_would_wait() -> None:
    assert opening.BUSY_TIMEOUT_MS <= 3000


async def test_what_must_not_be_lost_waits_until_the_lock_is_gone(
    store: SqliteStore, other: sqlite3.Connection
) -> None:
    other.execute("BEGIN EXCLUSIVE")
    kept = store.write(lambda tx: "kept", keep=True)
    with pytest.raises(StoreUnavailable):
        await store.write(lambda tx: None)
    other.execute("ROLLBACK")
    assert await asyncio.wait_for(kept, 10) == "kept"


async def test_a_look_up_does_not_wait_behind_lists(store: SqliteStore) -> None:
    go, begun = threading.Event(), threading.Barrier(readers.SCANS + 1)

    def scan(view: View) -> str:
        begun.wait(5)
        go.wait(10)
        return "listed"

    lists = [asyncio.create_task(store.read(scan)) for _ in range(3 * readers.SCANS)]
    await asyncio.to_thread(begun.wait, 5)
    found = await asyncio.wait_for(
        store.look_up(lambda view: raw(view).execute("SELECT 1").fetchone()), 2
    )
    assert found == (1,)
    go.set()
    begun.abort()
    await asyncio.gather(*lists, return_exceptions=True)


async def test_one_long_list_does_not_hold_up_another(store: SqliteStore) -> None:
    go = threading.Event()
    long = asyncio.create_task(store.read(lambda view: go.wait(10)))
    assert await asyncio.wait_for(store.read(lambda view: 7), 2) == 7
    go.set()
    await long


async def test_nothing_is_written_through_a_reading_connection(store: SqliteStore) -> None:
    for ask in (store.read, store.look_up):
        with pytest.raises(StoreUnavailable, match="readonly"):
            await ask(lambda view: raw(view).execute("DELETE FROM events"))


async def test_a_database_that_cannot_be_read_says_what_to_do(store: SqliteStore) -> None:
    def damaged(unit: View) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    with pytest.raises(StoreUnavailable, match=r"malformed.*db check.*restore a backup"):
        await store.read(damaged)
    with pytest.raises(StoreUnavailable, match=r"malformed.*db check.*restore a backup"):
        await store.write(damaged)
