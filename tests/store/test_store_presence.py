"""A database that is removed, replaced, emptied or overwritten while it is in use."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from labs.waiting import until

from modemgw.clock import SystemClock
from modemgw.store import StoreUnavailable, Transaction
from modemgw.store.sqlite import FILE_NAME, SqliteStore, create_key, maintenance, opening, writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE_NAME


@pytest.fixture
async def store(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqliteStore]:
    monkeypatch.setattr(writer, "RETRY_S", 0.01)
    monkeypatch.setattr(writer, "IDLE_S", 0.01)
    async with SqliteStore(path, clock=SystemClock()) as opened:
        for _ in range(50):
            await opened.write(tell)
        yield opened


def tell(tx: Transaction) -> None:
    tx.events.emit("test", {"text": "x" * 500})


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def remove_directory(path: Path) -> None:
    shutil.rmtree(path.parent)


def move_directory(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def remove(path: Path) -> None:
    path.unlink()


def replace_by_another(path: Path) -> None:
    opening.create(path.with_name("other.db"))
    path.with_name("other.db").replace(path)


def replace_by_a_copy(path: Path) -> None:
    shutil.copy(path, path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite_with_rubbish(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def overwrite_with_another(path: Path) -> None:
    other = path.with_name("other.db")
    opening.create(other)
    path.write_bytes(other.read_bytes())


def overwrite_with_a_backup(path: Path) -> None:
    copy = path.with_name("copy.db")
    maintenance.backup(path, copy)
    path.write_bytes(copy.read_bytes())


def remove_log(path: Path) -> None:
    log_of(path).unlink()


def replace_log(path: Path) -> None:
    log_of(path).unlink()
    log_of(path).write_bytes(b"")


HARM = [
    remove_directory,
    move_directory,
    remove,
    replace_by_another,
    replace_by_a_copy,
    empty,
    cut,
    overwrite_with_rubbish,
    overwrite_with_another,
    overwrite_with_a_backup,
    remove_log,
    replace_log,
]

NOT_AT_A_GLANCE = {
    overwrite_with_rubbish,
    overwrite_with_another,
    overwrite_with_a_backup,
    remove_log,
    replace_log,
}


@pytest.mark.parametrize("harm", HARM)
async def test_what_would_be_lost_at_a_restart_is_not_promised(
    store: SqliteStore, path: Path, harm: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "IDLE_S", 60)  # it is the commit that must notice
    await store.write(tell)
    harm(path)
    if harm in NOT_AT_A_GLANCE:
        await asyncio.sleep(writer.LOOK_AGAIN_S)
    followed: list[None] = []
    with pytest.raises(StoreUnavailable, match=r"restore a backup"):
        await store.write(tell, then=followed.append)
    assert followed == []
    assert store.problem is not None


@pytest.mark.parametrize("harm", HARM)
async def test_it_is_noticed_when_nothing_is_written(
    store: SqliteStore, path: Path, harm: Callable[[Path], None]
) -> None:
    harm(path)
    await until(lambda: store.problem is not None)


async def test_what_is_done_between_the_look_and_the_commit_is_noticed(
    store: SqliteStore, path: Path
) -> None:
    with pytest.raises(StoreUnavailable, match="gone"):
        await store.write(lambda tx: path.unlink())


async def test_a_database_that_comes_back_is_used_again(store: SqliteStore, path: Path) -> None:
    away = path.parent.with_name("away")
    path.parent.rename(away)
    await until(lambda: store.problem is not None)
    kept = store.write(lambda tx: "kept", keep=True)
    away.rename(path.parent)
    assert await asyncio.wait_for(kept, 5) == "kept"
    await until(lambda: store.problem is None)
    await store.write(tell)


def use_elsewhere(path: Path) -> None:
    """What others may do with a database that is in use."""
    create_key(path, "k", ["send"])
    maintenance.vacuum(path)
    maintenance.check(path)
    maintenance.backup(path, path.with_name("copy.db"))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("UPDATE keys SET revoked_at = 1")
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(FULL)")


async def test_what_others_may_do_is_no_harm(store: SqliteStore, path: Path) -> None:
    for _ in range(3):
        for _ in range(20):
            await store.write(tell)
        await store.write(lambda tx: tx.retention.delete_events(0, 9e9, 500) and None)
        await asyncio.to_thread(use_elsewhere, path)
        path.with_name("copy.db").unlink()
        await store.write(tell)
        await asyncio.sleep(0.05)
        assert store.problem is None


async def test_checkpoints_of_another_process_are_no_harm(store: SqliteStore, path: Path) -> None:
    """Its pages are in the file before its size has grown to what the header tells."""
    done = asyncio.Event()

    async def checkpoint() -> None:
        while not done.is_set():
            process = await asyncio.create_subprocess_exec(
                os.sys.executable,  # type: ignore[attr-defined]
                "-c",
                "import sqlite3, sys; db = sqlite3.connect(sys.argv[1])\n"
                "for _ in range(200): db.execute('PRAGMA wal_checkpoint(TRUNCATE)')",
                str(path),
            )
            await process.wait()

    other = asyncio.create_task(checkpoint())
    for _ in range(300):
        await store.write(lambda tx: tx.events.emit("test", {"text": "x" * 20_000}))
    done.set()
    await other
    assert store.problem is None


async def test_a_checkpoint_that_a_reader_stops_is_no_harm(store: SqliteStore, path: Path) -> None:
    """The header is in the file then, but not the last page, which was written again later."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        await store.write(lambda tx: tx.events.emit("test", {"text": "x" * 100_000}))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        last = reader.execute("PRAGMA page_count").fetchone()
        while reader.execute("PRAGMA page_count").fetchone() == last:
            await store.write(tell)  # the last page is written again, and others are begun
            reader.execute("COMMIT")
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM events").fetchone()
        await store.write(tell)
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("PRAGMA wal_checkpoint").fetchone()[0] == 0
        header = path.read_bytes()[:100]
        told = int.from_bytes(header[28:32], "big") * int.from_bytes(header[16:18], "big")
        assert path.stat().st_size < told, "else nothing is shown"
        for _ in range(20):
            await store.write(tell)
            await asyncio.sleep(0.01)
        assert store.problem is None


async def test_it_costs_next_to_nothing(store: SqliteStore) -> None:
    import time

    began = time.process_time()
    for _ in range(1000):
        store._presence.glance()
    assert time.process_time() - began < 0.05
