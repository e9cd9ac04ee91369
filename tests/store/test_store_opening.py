"""Who may make the database, who may change its schema, and what nobody may do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from modemgw.clock import SystemClock
from modemgw.store import StoreError
from modemgw.store.sqlite import (
    FILE_NAME,
    SqliteStore,
    create_key,
    list_keys,
    maintenance,
    opening,
    revoke_key,
    schema,
)
from modemgw.store.sqlite.opening import connect, connect_or_create


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE_NAME


def older(path: Path) -> None:
    """Make a database as a version before the last migration would have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema.migrations, "_migrations", schema.migrations._migrations[:-1])
        connect_or_create(path).close()


LAST = schema.migrations._migrations[-1].name


def shape(path: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(path)) as db:
        return [
            *db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall(),
            *db.execute("SELECT name FROM _sqlite_migrations ORDER BY name").fetchall(),
        ]


async def opened(path: Path, **more: bool) -> None:
    async with SqliteStore(path, clock=SystemClock(), **more):
        pass


# --- the schema


COMMANDS: list[Callable[[Path], object]] = [
    lambda path: create_key(path, "k", ["send"]),
    list_keys,
    lambda path: revoke_key(path, "k"),
    maintenance.vacuum,
    connect,
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_refuses_a_database_of_an_older_version_and_changes_nothing(
    path: Path, command: Callable[[Path], object]
) -> None:
    older(path)
    before = shape(path)
    with pytest.raises(StoreError, match=f"older modemgw.*{LAST}.*modemgw serve"):
        command(path)
    assert shape(path) == before


def test_check_and_backup_take_an_older_database_as_it_is(path: Path, tmp_path: Path) -> None:
    older(path)
    before = shape(path)
    assert maintenance.check(path) == []
    maintenance.backup(path, tmp_path / "copy.db")
    assert shape(path) == shape(tmp_path / "copy.db") == before


async def test_a_refused_second_daemon_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgraded package is started beside the daemon that still runs."""
    kept = schema.migrations._migrations
    monkeypatch.setattr(schema.migrations, "_migrations", kept[:-1])
    async with SqliteStore(path, clock=SystemClock()):
        before = shape(path)
        monkeypatch.setattr(schema.migrations, "_migrations", kept)
        with pytest.raises(StoreError, match=rf"another modemgw .* \(process {os.getpid()} on "):
            await opened(path)
        assert shape(path) == before
        assert [f.name for f in path.parent.iterdir() if "before" in f.name] == []


async def test_only_the_daemon_migrates_after_it_has_made_a_copy(path: Path) -> None:
    older(path)
    before = shape(path)
    await opened(path)
    connect(path).close()
    copy = path.with_name(f"modemgw-before-{LAST}.db")
    assert shape(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    await opened(path)
    assert len(list(path.parent.glob("*before*"))) == 1


async def test_the_copy_may_be_done_without(path: Path) -> None:
    older(path)
    await opened(path, backup_before_migrate=False)
    connect(path).close()
    assert list(path.parent.glob("*before*")) == []


async def test_what_cannot_be_copied_is_not_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older(path)
    before = shape(path)

    def full(db: sqlite3.Connection, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(opening, "copy", full)
    with pytest.raises(StoreError, match=r"No space left.*gateway\.backup_before_migrate"):
        await opened(path)
    assert shape(path) == before


@contextmanager
def broken_migration() -> Iterator[None]:
    def broken(db: object) -> None:
        db.executescript("CREATE TABLE half (a); CREATE TABLE half (a);")  # type: ignore[attr-defined]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema.migrations, "_migrations", [*schema.migrations._migrations])
        schema.migrations(name="9998_broken")(broken)
        yield


async def test_a_migration_that_fails_leaves_nothing_behind_but_one_copy(path: Path) -> None:
    await opened(path)
    before = shape(path)
    with broken_migration():
        for _ in range(3):  # as a service manager tries again and again
            with pytest.raises(StoreError, match=r"brought up to date.*half"):
                await opened(path)
    assert shape(path) == before
    assert len(list(path.parent.glob("*9998*"))) == 1
    await opened(path)


def test_a_new_database_that_cannot_be_made_whole_is_not_made(path: Path) -> None:
    with broken_migration(), pytest.raises(StoreError, match="half"):
        connect_or_create(path)
    assert list(path.parent.iterdir()) == []


def test_a_database_of_a_newer_version_is_refused_but_may_be_copied(
    path: Path, tmp_path: Path
) -> None:
    with closing(connect_or_create(path)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('modemgw', '9999_from_the_future', '2099-01-01')"
        )
    with pytest.raises(StoreError, match=r"newer modemgw.*9999_from_the_future"):
        connect(path)
    maintenance.backup(path, tmp_path / "copy.db")


async def test_the_daemon_refuses_a_newer_database(path: Path) -> None:
    with closing(connect_or_create(path)) as db:
        db.execute("UPDATE _sqlite_migrations SET name = '9999_x' WHERE name = ?", (LAST,))
    with pytest.raises(StoreError, match="newer modemgw"):
        await opened(path)


async def test_a_restored_backup_is_taken_up(path: Path, tmp_path: Path) -> None:
    await opened(path)
    maintenance.backup(path, tmp_path / "copy.db")
    shutil.copy(tmp_path / "copy.db", path)
    list_keys(path)
    async with SqliteStore(path, clock=SystemClock()) as store:
        await store.write(lambda tx: tx.events.emit("test", {}))
        assert store.problem is None
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_restored_backup_is_not_spoilt_by_the_log_of_the_one_before(
    path: Path, tmp_path: Path
) -> None:
    async with SqliteStore(path, clock=SystemClock()) as store:
        maintenance.backup(path, tmp_path / "copy.db")
        await store.write(lambda tx: tx.events.emit("test", {}))
        log = path.with_name(f"{FILE_NAME}-wal").read_bytes()
    shutil.copy(tmp_path / "copy.db", path)
    path.with_name(f"{FILE_NAME}-wal").write_bytes(log)
    for use in (list_keys, maintenance.check, connect):
        with pytest.raises(StoreError, match=r"move modemgw\.db-wal away"):
            use(path)
    with pytest.raises(StoreError, match=r"move modemgw\.db-wal away"):
        await opened(path)
    assert path.read_bytes() == (tmp_path / "copy.db").read_bytes()
    path.with_name(f"{FILE_NAME}-wal").unlink()
    await opened(path)


# --- what is there, and what only seems to be


def test_a_command_that_only_looks_makes_no_database(path: Path) -> None:
    for command in (list_keys, maintenance.check, maintenance.vacuum):
        with pytest.raises(StoreError, match="no database at"):
            command(path)
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty.*restore a backup"),
        (b"\0" * 8192, "not a database.*restore a backup"),
        (b"x", "is empty.*restore a backup"),
    ],
    ids=["emptied", "zeros", "one octet"],
)
async def test_a_database_that_was_emptied_is_not_begun_anew(
    path: Path, content: bytes, words: str
) -> None:
    await opened(path)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=words):
        await opened(path)
    with pytest.raises(StoreError, match=words):
        create_key(path, "k", ["send"])
    assert path.read_bytes() == content


async def test_a_database_that_was_cut_short_is_not_used(path: Path) -> None:
    await opened(path)
    os.truncate(path, 8192)
    with pytest.raises(StoreError, match=r"malformed.*db check.*restore a backup"):
        await opened(path)


async def test_a_database_of_another_program_is_not_changed(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE notes (a)")
    with pytest.raises(StoreError, match="not one of modemgw"):
        await opened(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("notes",)]


async def test_a_log_without_its_database_is_not_thrown_away(path: Path) -> None:
    await opened(path)
    path.unlink()
    path.with_name(f"{FILE_NAME}-wal").write_bytes(b"committed")
    with pytest.raises(StoreError, match=r"its log modemgw\.db-wal is there"):
        await opened(path)
    assert path.with_name(f"{FILE_NAME}-wal").read_bytes() == b"committed"


async def test_two_that_make_the_database_at_once_make_one(path: Path) -> None:
    tokens = {create_key(path, "a", ["send"])}
    opening.create(path)  # was a moment too late
    assert len(tokens) == len(list_keys(path)) == 1
    assert sorted(f.name for f in path.parent.iterdir()) == [FILE_NAME]


# --- who may read it


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.mark.usefixtures("umask")
async def test_nobody_else_may_read_the_database_whatever_the_umask_is(path: Path) -> None:
    async with SqliteStore(path, clock=SystemClock()) as store:
        await store.write(lambda tx: tx.events.emit("test", {}))
        modes = {f.name: mode(f) for f in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        [FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "modemgw.lock"], "0o600"
    )
    assert mode(path.parent) == "0o700"


@pytest.mark.usefixtures("umask")
def test_nobody_else_may_read_what_commands_make(path: Path, tmp_path: Path) -> None:
    create_key(path, "k", ["send"])
    maintenance.backup(path, tmp_path / "copy.db")
    assert mode(path) == mode(tmp_path / "copy.db") == "0o600"
    assert mode(path.parent) == "0o700"


async def test_the_daemon_takes_rights_that_an_earlier_version_gave(path: Path) -> None:
    connect_or_create(path).close()
    path.chmod(0o644)
    await opened(path)
    assert mode(path) == "0o600"


def test_a_backup_replaces_nothing_and_follows_no_link(path: Path, tmp_path: Path) -> None:
    connect_or_create(path).close()
    (tmp_path / "there").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("there", "link"):
        with pytest.raises(StoreError, match="replaces nothing"):
            maintenance.backup(path, tmp_path / name)
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_a_backup_that_fails_leaves_no_half_file(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_or_create(path).close()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match=r"cannot be written: No space left"):
        maintenance.backup(path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
