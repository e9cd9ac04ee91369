"""Opening the database: what it must do, and what it must refuse in a clear sentence."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from labs.raw_sql import raw

from modemgw.clock import SystemClock
from modemgw.store import StoreError
from modemgw.store.sqlite import FILE_NAME, SqliteStore, schema
from modemgw.store.sqlite.opening import connect, connect_or_create, create


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_new_database_is_made_with_its_directory(tmp_path: Path) -> None:
    with closing(connect_or_create(tmp_path / "deep" / "er" / FILE_NAME)) as db:
        assert {"messages", "attempts", "inbound", "events", "keys"} <= tables(db)


def test_opening_twice_migrates_once(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    connect_or_create(path).close()
    with closing(connect_or_create(path)) as db:
        applied = db.execute("SELECT name, count(*) FROM _sqlite_migrations GROUP BY name")
        assert all(count == 1 for _, count in applied)


async def test_commits_survive_power_loss_by_wal_and_full_sync(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / FILE_NAME, clock=SystemClock()) as store:
        modes = await store.write(
            lambda tx: [
                raw(tx).execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous")
            ]
        )
    assert modes == ["wal", 2]


def test_every_migration_of_this_version_is_known_to_it(tmp_path: Path) -> None:
    with closing(connect_or_create(tmp_path / FILE_NAME)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM _sqlite_migrations")}
    assert names == {m.name for m in schema.migrations._migrations}


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"this is certainly not a database" * 200)
    with pytest.raises(StoreError, match=r"not a database.*db check.*restore"):
        connect(path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/data cannot be made.*gateway\.data_dir"):
        create(tmp_path / "file" / "data" / FILE_NAME)


def test_a_directory_without_rights_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # the tests may run as root
    with pytest.raises(StoreError, match=r"not writable.*gateway\.data_dir"):
        create(tmp_path / FILE_NAME)


async def test_a_second_daemon_on_the_same_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    async with SqliteStore(path, clock=SystemClock()):
        with pytest.raises(StoreError, match="another modemgw"):
            async with SqliteStore(path, clock=SystemClock()):
                pass
        connect(path).close()  # `modemgw keys` may
    async with SqliteStore(path, clock=SystemClock()):
        pass
