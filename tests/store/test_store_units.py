"""Units of work: undone alone, run again, in their order; and a writer that does not get stuck."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from labs.raw_sql import raw
from labs.waiting import until
from test_store_writer import Disk, behind_gate, put, rows

from modemgw.clock import SystemClock
from modemgw.store import StoreConflict, StoreUnavailable, Transaction
from modemgw.store.records import Event
from modemgw.store.sqlite import FILE_NAME, SqliteStore, writer
from modemgw.store.sqlite.writer import Writer


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    monkeypatch.setattr(writer, "RETRY_S", 0.01)
    monkeypatch.setattr(writer, "CLOSE_S", 2.0)
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as opened:
        await opened.write(lambda tx: raw(tx).execute("CREATE TABLE t (a UNIQUE)") and None)
        yield opened


def wrap(store: SqliteStore, kind: Callable[[sqlite3.Connection], Any] = Disk) -> Any:
    wrapped = kind(store._writer._db)  # type: ignore[arg-type]
    store._writer._db = wrapped
    return wrapped


def refusing(value: object) -> Callable[[Transaction], None]:
    def unit(tx: Transaction) -> None:
        raw(tx).execute("INSERT INTO t VALUES (?)", (value,))
        tx.events.emit("never", {})
        raise StoreConflict("too late")

    return unit


# --- undone alone


@pytest.mark.parametrize("alone", [True, False])
async def test_a_conflict_after_a_write_undoes_that_write(store: SqliteStore, alone: bool) -> None:
    seen: list[Event] = []
    store.on_events(seen.extend)
    gate = await behind_gate(store)
    units = [] if alone else [store.write(put(1)), store.write(put(2))]
    refused = store.write(refusing("half"))
    units += [] if alone else [store.write(put(3))]
    gate.go.set()
    with pytest.raises(StoreConflict, match="too late"):
        await refused
    assert await asyncio.gather(*units) == ([] if alone else [1, 2, 3])
    assert await rows(store) == ([] if alone else [1, 2, 3])
    assert seen == []


async def test_neighbours_of_a_unit_that_finds_it_must_not_go_on_are_run_once(
    store: SqliteStore,
) -> None:
    runs: list[int] = []

    def counted(i: int) -> Callable[[Transaction], int]:
        return lambda tx: runs.append(i) or put(i)(tx)

    def broken(tx: Transaction) -> None:
        raise StoreConflict("before anything was written")

    gate = await behind_gate(store)
    units: list[Any] = [store.write(counted(1)), store.write(broken), store.write(counted(2))]
    gate.go.set()
    await asyncio.gather(*units, return_exceptions=True)
    assert runs == [1, 2]
    assert await rows(store) == [1, 2]


async def test_many_that_fail_in_one_group_cost_it_two_runs(store: SqliteStore) -> None:
    runs: list[int] = []

    def counted(tx: Transaction) -> int:
        runs.append(1)
        return 1

    gate = await behind_gate(store)
    good = store.write(counted)
    bad = [store.write(refusing(i)) for i in range(100)]
    gate.go.set()
    assert await good == 1
    assert all(
        isinstance(e, StoreConflict) for e in await asyncio.gather(*bad, return_exceptions=True)
    )
    assert len(runs) == 2
    assert await rows(store) == []


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), StopIteration(7), GeneratorExit(), MemoryError()]
)
async def test_whatever_a_unit_raises_ends_neither_the_writer_nor_its_neighbours(
    store: SqliteStore, error: BaseException
) -> None:
    def broken(tx: Transaction) -> None:
        raise error

    gate = await behind_gate(store)
    bad, good = store.write(broken), store.write(put(1))
    gate.go.set()
    assert await asyncio.wait_for(good, 5) == 1
    with pytest.raises((RuntimeError, MemoryError)):
        await bad
    assert await store.write(put(2)) == 2


async def test_an_event_that_cannot_be_written_blames_its_unit(store: SqliteStore) -> None:
    gate = await behind_gate(store)
    bad = store.write(lambda tx: tx.events.emit("bad", {"x": object()}), keep=True)
    good = store.write(put(1))
    gate.go.set()
    assert await asyncio.wait_for(good, 5) == 1
    with pytest.raises(Exception, match="serialize"):
        await bad


async def test_a_statement_that_undoes_everything_costs_only_its_own_unit(
    store: SqliteStore,
) -> None:
    await store.write(put(1))
    gate = await behind_gate(store)
    first = store.write(put(2))
    bad = store.write(lambda tx: raw(tx).execute("INSERT OR ROLLBACK INTO t VALUES (1)") and None)
    last = store.write(put(3))
    gate.go.set()
    assert await asyncio.wait_for(asyncio.gather(first, last), 5) == [2, 3]
    with pytest.raises(sqlite3.IntegrityError):
        await bad
    assert await rows(store) == [1, 2, 3]


async def test_a_rehearsing_writer_runs_every_unit_twice_and_commits_it_once(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "rehearse", True)
    seen: list[Event] = []
    store.on_events(seen.extend)
    runs: list[int] = []

    def unit(tx: Transaction) -> int:
        runs.append(len(runs))
        raw(tx).execute("INSERT INTO t VALUES (?)", (len(runs),))
        tx.events.emit("test", {"run": len(runs)})
        return len(runs)

    assert await store.write(unit) == 2
    assert await rows(store) == [2]
    assert [e.data["run"] for e in seen] == [2]


# --- in their order


async def test_nothing_overtakes_what_the_disk_refused(store: SqliteStore) -> None:
    """The status of a canceled message came back: what was kept was committed after the cancel."""
    disk = wrap(store)
    await store.write(lambda tx: raw(tx).execute("CREATE TABLE s (n, status)") and None)
    await store.write(lambda tx: raw(tx).execute("INSERT INTO s VALUES (1, 'scheduled')") and None)
    committed: list[str] = []

    def status(value: str) -> Callable[[Transaction], Any]:
        return lambda tx: raw(tx).execute("UPDATE s SET status = ?", (value,)) and value

    disk.full = True
    queued = store.write(status("queued"), keep=True, then=committed.append)
    canceled = store.write(status("canceled"), then=committed.append)
    with pytest.raises(StoreUnavailable):
        await canceled
    again = store.write(status("canceled"), then=committed.append)
    disk.full = False
    results = await asyncio.wait_for(asyncio.gather(queued, again, return_exceptions=True), 5)
    assert results[0] == "queued"
    if isinstance(results[1], StoreUnavailable):
        await store.write(status("canceled"), then=committed.append)
    assert committed == ["queued", "canceled"]
    found = await store.read(lambda view: raw(view).execute("SELECT status FROM s").fetchone())
    assert found == ("canceled",)


async def test_a_disk_that_is_full_only_for_the_first_lets_nothing_past_it(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Picky(Disk):
        """Has no room for one unit, for a while."""

        refusals = 3

        def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
            if values == ("large",) and self.refusals:
                self.refusals -= 1
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            return super().execute(sql, values)

    gate = await behind_gate(store)
    wrap(store, Picky)
    kept = [store.write(put(v), keep=True) for v in ("small", "large", "later")]
    asked = store.write(put("asked"))
    gate.go.set()
    with pytest.raises(StoreUnavailable):
        await asked
    assert await asyncio.wait_for(asyncio.gather(*kept), 5) == ["small", "large", "later"]
    assert await rows(store) == ["small", "large", "later"]


async def test_what_does_not_fit_alone_harms_no_other(store: SqliteStore) -> None:
    class Small(Disk):
        def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
            if values == ("large",):
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            return super().execute(sql, values)

    gate = await behind_gate(store)
    wrap(store, Small)
    units = [store.write(put(v)) for v in (1, "large", 2)]
    gate.go.set()
    one, large, two = await asyncio.gather(*units, return_exceptions=True)
    assert (one, two) == (1, 2)
    assert isinstance(large, StoreUnavailable)
    assert store.problem is None


async def test_far_more_than_one_group_is_kept_in_order(store: SqliteStore) -> None:
    disk = wrap(store)
    disk.full = True
    count = writer.GROUP_LIMIT * 2 + 5
    kept = [store.write(put(i), keep=True) for i in range(count)]
    while disk.tries < 5:
        await asyncio.sleep(0.001)
    more = store.write(put("more"), keep=True)
    disk.full = False
    await asyncio.wait_for(asyncio.gather(*kept, more), 20)
    assert await rows(store) == [*range(count), "more"]


# --- a connection that is of no use any more


class Stuck(Disk):
    """Once: COMMIT fails, and ROLLBACK too."""

    broken = False

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        if self.broken and sql in ("COMMIT", "ROLLBACK"):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return super().execute(sql, values)


@pytest.mark.parametrize("keep", [True, False])
async def test_a_rollback_that_fails_wedges_nothing_and_loses_nothing(
    store: SqliteStore, keep: bool
) -> None:
    stuck = wrap(store, Stuck)
    stuck.broken = True
    unit = store.write(put(1), keep=keep)
    if keep:
        assert await asyncio.wait_for(unit, 5) == 1
    else:
        with pytest.raises(StoreUnavailable, match="I/O"):
            await unit
    assert await asyncio.wait_for(store.write(put(2)), 5) == 2
    assert await rows(store) == ([1, 2] if keep else [2])
    assert store.problem is None


async def test_a_connection_that_somebody_closed_is_opened_again(store: SqliteStore) -> None:
    db = store._writer._db
    assert db is not None
    gate = await behind_gate(store)
    gate.go.set()
    await store.write(lambda tx: None)
    db.close()
    kept = store.write(put(1), keep=True)
    assert await asyncio.wait_for(kept, 5) == 1
    assert await store.write(put(2)) == 2


async def test_ids_of_events_go_on_when_the_connection_is_another(store: SqliteStore) -> None:
    seen: list[Event] = []
    store.on_events(seen.extend)
    await store.write(lambda tx: tx.events.emit("test", {}))
    wrap(store, Stuck).broken = True
    await asyncio.wait_for(store.write(lambda tx: tx.events.emit("test", {}), keep=True), 5)
    assert [e.id for e in seen] == [1, 2]


# --- a thread that hangs or has died


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "STALL_S", 0.2)
    monkeypatch.setattr(writer, "TICK_S", 0.05)


@pytest.fixture
async def hurried(impatient: None, store: SqliteStore) -> SqliteStore:
    await until(lambda: store._writer._still_s >= 0)
    return store


async def test_a_writer_that_hangs_is_seen_and_keeps_nobody_waiting(hurried: SqliteStore) -> None:
    store = hurried
    gate = await behind_gate(store)
    waiting = store.write(put("given up"))
    kept = store.write(put("kept"), keep=True)
    with pytest.raises(StoreUnavailable, match="not answered"):
        await asyncio.wait_for(waiting, 5)
    assert store.stalled is not None
    assert store.problem == store.stalled
    with pytest.raises(StoreUnavailable):
        await store.write(put("at once"))
    assert await rows(store) == []  # reading goes on
    gate.go.set()
    assert await asyncio.wait_for(kept, 5) == "kept"
    await until(lambda: store.stalled is None)
    assert store.problem is None
    assert await rows(store) == ["kept"], "what was refused was not done after all"


async def test_what_was_refused_while_its_own_group_hung_is_not_committed(
    hurried: SqliteStore,
) -> None:
    store = hurried
    entered, go = threading.Event(), threading.Event()
    seen: list[Any] = []

    def slow(tx: Transaction) -> str:
        raw(tx).execute("INSERT INTO t VALUES ('slow')")
        entered.set()
        go.wait(10)
        return "slow"

    refused = store.write(slow, then=seen.append)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(refused, 5)
    go.set()
    await until(lambda: store.stalled is None)
    await store.write(lambda tx: None)
    assert await rows(store) == []
    assert seen == []


async def test_a_writer_that_has_died_is_seen(hurried: SqliteStore) -> None:
    store = hurried
    store._writer._inbox.put(None)  # what ends it otherwise
    await until(lambda: store.stalled is not None)
    with pytest.raises(StoreUnavailable, match="ended"):
        await store.write(put(1))


async def test_a_turn_that_fails_does_not_end_the_writer(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(store._writer, "_look", broken)
    await until(lambda: "turn of the database's writer failed" in caplog.text)
    monkeypatch.undo()
    assert await asyncio.wait_for(store.write(put(1)), 5) == 1


async def test_a_fault_of_the_writer_costs_nothing_that_was_promised(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = store._writer._commit
    faults = iter([ZeroDivisionError()])

    def faulty(group: Any) -> Any:
        if (fault := next(faults, None)) is not None:
            raise fault
        return commit(group)

    monkeypatch.setattr(store._writer, "_commit", faulty)
    kept = [store.write(put(i), keep=True) for i in range(3)]
    assert await asyncio.wait_for(asyncio.gather(*kept), 5) == [0, 1, 2]
    assert await rows(store) == [0, 1, 2]


async def test_a_writer_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CLOSE_S", 0.2)
    async with asyncio.timeout(5), SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store:
        gate = await behind_gate(store)
    gate.go.set()
    store._writer._thread.join(5)


async def test_progress_shows_while_there_is_nothing_to_do(store: SqliteStore) -> None:
    before = store.last_progress
    await until(lambda: store.last_progress > before)
