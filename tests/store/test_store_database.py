"""Opening the database: what it must do, and what it must refuse in a clear sentence."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from modemgw.clock import SystemClock
from modemgw.store import FILE_NAME, Store, StoreError, connect, messages, schema


def tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_new_database_is_made_with_its_directory(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "deep" / "er" / FILE_NAME)) as db:
        assert {"messages", "attempts", "inbound", "events", "keys"} <= tables(db)


def test_opening_twice_migrates_once(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    connect(path).close()
    with closing(connect(path)) as db:
        applied = db.execute("SELECT name, count(*) FROM _sqlite_migrations GROUP BY name")
        assert all(count == 1 for _, count in applied)


def test_commits_survive_power_loss_by_wal_and_full_sync(tmp_path: Path) -> None:
    with closing(connect(tmp_path / FILE_NAME)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_migration_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(db: object) -> None:
        db.executescript("CREATE TABLE half (a); CREATE TABLE half (a);")  # type: ignore[attr-defined]

    path = tmp_path / FILE_NAME
    connect(path).close()
    monkeypatch.setattr(schema.migrations, "_migrations", [*schema.migrations._migrations])
    schema.migrations(name="9998_broken")(broken)
    with pytest.raises(StoreError, match="half"):
        connect(path)
    monkeypatch.undo()
    with closing(connect(path)) as db:
        assert "half" not in tables(db)


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with closing(connect(path)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('modemgw', '9999_from_the_future', '2099-01-01')"
        )
    with pytest.raises(StoreError, match=r"newer modemgw.*9999_from_the_future"):
        connect(path)


def test_every_migration_of_this_version_is_known_to_it(tmp_path: Path) -> None:
    with closing(connect(tmp_path / FILE_NAME)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM _sqlite_migrations")}
    assert names == {m.name for m in schema.migrations._migrations}


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"this is certainly not a database" * 200)
    with pytest.raises(StoreError, match="not a database"):
        connect(path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/data cannot be made.*gateway\.data_dir"):
        connect(tmp_path / "file" / "data" / FILE_NAME)


def test_a_directory_without_rights_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # the tests may run as root
    with pytest.raises(StoreError, match=r"not writable.*gateway\.data_dir"):
        connect(tmp_path / FILE_NAME)


async def test_a_second_daemon_on_the_same_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    async with Store(path, clock=SystemClock()):
        with pytest.raises(StoreError, match="another modemgw"):
            async with Store(path, clock=SystemClock()):
                pass
        connect(path).close()  # `modemgw keys` may
    async with Store(path, clock=SystemClock()):
        pass


@pytest.mark.parametrize(
    "query",
    [
        "SELECT n FROM messages WHERE status IN ({open}) ORDER BY n",
        "SELECT * FROM attempts WHERE sim = 'x' AND reference = 5 ORDER BY started_at DESC LIMIT 9",
        "SELECT * FROM attempts WHERE sim = 'x' AND state = 'ambiguous' ORDER BY started_at",
        "SELECT a.n FROM messages m CROSS JOIN attempts a ON a.message = m.n "
        "WHERE m.status IN ('scheduled', 'queued', 'sending') AND a.state = 'submitting'",
        "SELECT * FROM unmatched_reports WHERE sim = 'x' AND reference = 5 AND received_at >= 0",
        "SELECT 1 FROM inbound_parts WHERE digest = 'x' AND received_at >= 0",
    ],
)
def test_frequent_queries_use_an_index(tmp_path: Path, query: str) -> None:
    with closing(connect(tmp_path / FILE_NAME)) as db:
        plan = db.execute("EXPLAIN QUERY PLAN " + query.format(open=messages._OPEN)).fetchall()
    assert not any(step[3].startswith("SCAN") and "INDEX" not in step[3] for step in plan), plan
