"""The one writer: groups, refusals, failing disks."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from labs.raw_sql import raw

from modemgw.clock import SystemClock
from modemgw.store import StoreConflict, StoreUnavailable, Transaction
from modemgw.store.records import Event
from modemgw.store.sqlite import FILE_NAME, SqliteStore, writer


class Disk:
    """A connection whose disk can be full."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.full = False
        self.commits = 0
        self.tries = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self.tries += 1
            if self.full:
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            self.commits += 1
        return self._db.execute(sql, values)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as opened:
        await opened.write(lambda tx: raw(tx).execute("CREATE TABLE t (a UNIQUE)") and None)
        yield opened


@pytest.fixture
def disk(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr(writer, "RETRY_S", 0.01)
    wrapped = Disk(cast(Any, store._writer._db))
    store._writer._db = wrapped  # type: ignore[assignment]
    return wrapped


def put(value: object) -> Any:
    return lambda tx: raw(tx).execute("INSERT INTO t VALUES (?)", (value,)) and value


async def rows(store: SqliteStore) -> list[Any]:
    found = await store.read(
        lambda view: raw(view).execute("SELECT a FROM t ORDER BY rowid").fetchall()
    )
    return [a for (a,) in found]


class Gate:
    """Holds the writer in a unit of work, so that what comes meanwhile makes one group."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def __call__(self, tx: Transaction) -> None:
        self.entered.set()
        assert self.go.wait(10)


async def behind_gate(store: SqliteStore) -> Gate:
    gate = Gate()
    store.write(gate)
    await asyncio.to_thread(gate.entered.wait, 10)
    return gate


async def test_many_queued_units_share_one_commit(store: SqliteStore, disk: Disk) -> None:
    gate = await behind_gate(store)
    before = disk.commits
    units = [store.write(put(i)) for i in range(500)]
    gate.go.set()
    assert await asyncio.gather(*units) == list(range(500))
    assert disk.commits - before == 2  # the gate's own, and one for all of them
    assert await rows(store) == list(range(500))


async def test_a_unit_that_fails_harms_no_other_of_its_group(
    store: SqliteStore, disk: Disk
) -> None:
    def broken(tx: Transaction) -> None:
        raw(tx).execute("INSERT INTO t VALUES ('half')")
        raise ZeroDivisionError

    gate = await behind_gate(store)
    good, bad, late = store.write(put(1)), store.write(broken), store.write(put(2))
    gate.go.set()
    assert await good == 1
    assert await late == 2
    with pytest.raises(ZeroDivisionError):
        await bad
    assert await rows(store) == [1, 2]
    assert store.problem is None


async def test_a_constraint_blames_the_unit_and_not_the_disk(store: SqliteStore) -> None:
    await store.write(put(1))
    with pytest.raises(sqlite3.IntegrityError):
        await store.write(put(1), keep=True)
    assert store.problem is None


async def test_a_wrong_statement_is_not_retried_for_ever(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await asyncio.wait_for(
            store.write(
                lambda tx: raw(tx).execute("INSERT INTO nowhere VALUES (1)") and None,
                keep=True,
            ),
            5,
        )
    assert store.problem is None


async def test_a_conflict_refuses_only_its_own_unit(store: SqliteStore) -> None:
    def refuse(tx: Transaction) -> None:
        raise StoreConflict("not this one")

    gate = await behind_gate(store)
    first, refused, last = store.write(put(1)), store.write(refuse), store.write(put(2))
    gate.go.set()
    assert [await first, await last] == [1, 2]
    with pytest.raises(StoreConflict, match="not this one"):
        await refused


async def test_a_full_disk_refuses_work_and_says_why_until_it_takes_writes_again(
    store: SqliteStore, disk: Disk
) -> None:
    disk.full = True
    with pytest.raises(StoreUnavailable, match="disk is full"):
        await store.write(put(1))
    assert store.problem is not None
    assert "disk is full" in store.problem
    disk.full = False
    assert await store.write(put(2)) == 2
    assert store.problem is None
    assert await rows(store) == [2]


async def test_a_database_that_may_not_grow_refuses_work(store: SqliteStore) -> None:
    pages = await store.write(lambda tx: raw(tx).execute("PRAGMA page_count").fetchone()[0])
    await store.write(lambda tx: None)
    cast(Any, store._writer._db).execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        await store.write(put("x" * 100_000))
    cast(Any, store._writer._db).execute("PRAGMA max_page_count=1000000")
    await store.write(put("y"))
    assert await rows(store) == ["y"]


async def test_kept_work_is_tried_until_it_is_committed_in_its_order(
    store: SqliteStore, disk: Disk
) -> None:
    disk.full = True
    kept = [store.write(put(i), keep=True) for i in range(3)]
    while disk.tries < 10:
        await asyncio.sleep(0.001)
    assert not any(k.done() for k in kept)
    disk.full = False
    assert await asyncio.wait_for(asyncio.gather(*kept), 5) == [0, 1, 2]
    assert await rows(store) == [0, 1, 2]


async def test_kept_work_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(5),
        SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store,
    ):
        store._writer._db = disk = Disk(cast(Any, store._writer._db))  # type: ignore[assignment]
        disk.full = True
        kept = store.write(lambda tx: None, keep=True)
    assert disk.tries > 0
    assert not kept.done()


async def test_what_was_queued_before_the_end_is_committed(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store:
        await store.write(lambda tx: raw(tx).execute("CREATE TABLE t (a)") and None)
        for i in range(100):
            store.write(put(i))
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store:
        assert await rows(store) == list(range(100))


async def test_a_committed_unit_is_followed_up_though_its_caller_left(store: SqliteStore) -> None:
    seen: list[int] = []
    gate = await behind_gate(store)
    store.write(put(5), then=seen.append).cancel()
    gate.go.set()
    await store.write(lambda tx: None)
    assert seen == [5]


async def test_only_what_was_committed_is_followed_up(store: SqliteStore, disk: Disk) -> None:
    seen: list[int] = []
    disk.full = True
    with pytest.raises(StoreUnavailable):
        await store.write(put(5), then=seen.append)
    assert seen == []


async def test_a_follow_up_that_fails_stops_nobody_else(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(result: int) -> None:
        raise ZeroDivisionError

    gate = await behind_gate(store)
    group = [store.write(put(1), then=fail), store.write(put(2))]
    gate.go.set()
    assert await asyncio.gather(*group) == [1, 2]
    assert "follow" in caplog.text


async def test_events_come_in_order_with_growing_ids_and_only_when_committed(
    store: SqliteStore, disk: Disk
) -> None:
    seen: list[Event] = []
    store.on_events(seen.extend)

    def tell(i: int) -> Any:
        return lambda tx: tx.events.emit("test", {"i": i})

    def broken(tx: Transaction) -> None:
        tx.events.emit("never", {})
        raise ZeroDivisionError

    gate = await behind_gate(store)
    units = [store.write(tell(i)) for i in range(5)]
    bad = store.write(broken)
    units += [store.write(tell(i)) for i in range(5, 10)]
    gate.go.set()
    await asyncio.gather(*units)
    with pytest.raises(ZeroDivisionError):
        await bad
    disk.full = True
    with pytest.raises(StoreUnavailable):
        await store.write(tell(98))
    disk.full = False
    await store.write(tell(99))
    assert [e.data["i"] for e in seen] == [*range(10), 99]
    assert [e.id for e in seen] == list(range(1, 12))
    stored = await store.read(
        lambda view: raw(view).execute("SELECT id, type FROM events").fetchall()
    )
    assert stored == [(e.id, e.type) for e in seen]


async def test_event_ids_go_on_after_a_restart_and_after_old_ones_were_deleted(
    tmp_path: Path,
) -> None:

    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store:
        for _ in range(3):
            await store.write(lambda tx: tx.events.emit("test", {}))
        await store.write(lambda tx: tx.retention.delete_events(0, 9e9, 9))
    seen: list[Event] = []
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store:
        store.on_events(seen.extend)
        await store.write(lambda tx: tx.events.emit("test", {}))
    assert [e.id for e in seen] == [4]
