"""Opening the database: who may make it, who may change its schema, and who only uses it.

Only the daemon, under its lock, brings a database to this version's schema. Every other command
takes it as it is, or says what is to be done first.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import sqlite_utils

from modemgw.store.errors import StoreError
from modemgw.store.sqlite import files, schema
from modemgw.store.sqlite.trouble import describe

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 2_000
"""How long a statement waits for another process (`modemgw keys`, a backup) to let go."""
SMALLEST = 512
"""Octets of the smallest database that there can be: one page (sqlite.org/fileformat2.html)."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a database that is there and has this version's schema; nothing is changed.

    Raises StoreError: there is none, it is not readable or not ours, or it was written by an older
    or a newer version.
    """
    require_usable(path)
    db = open_as_it_is(path)
    try:
        _require_ours(db, path)
        missing = schema.missing(db)
        if missing:
            raise StoreError(
                f"{path} was written by an older modemgw (it lacks {', '.join(missing)}); only "
                "`modemgw serve` brings it up to date: start that first, or use the version that "
                "wrote it"
            )
    except sqlite3.Error as error:
        db.close()
        raise StoreError(describe(error, f"the database {path} cannot be opened")) from error
    except BaseException:
        db.close()
        raise
    return db


def connect_or_create(path: Path) -> sqlite3.Connection:
    """Open a database, made now when there is none. Raises StoreError as `connect` does."""
    if not path.exists():
        create(path)
    return connect(path)


def inspect(path: Path) -> sqlite3.Connection:
    """Open a database of whatever version, to look at it only. Raises StoreError."""
    require_usable(path)
    db = open_as_it_is(path)
    db.execute("PRAGMA query_only=1")
    return db


def require_usable(path: Path) -> None:
    """Raises StoreError when there is no database, an emptied one, or one with a foreign log.

    Call before this process has the database open: closing a descriptor drops SQLite's locks.
    """
    try:
        with path.open("rb") as file:
            header = file.read(SMALLEST)
    except FileNotFoundError:
        raise StoreError(
            f"there is no database at {path}; `modemgw serve` or `modemgw keys create` makes one"
        ) from None
    except OSError as error:
        raise StoreError(f"the database {path} cannot be opened: {error.strerror}") from error
    if len(header) < SMALLEST:
        raise StoreError(
            f"the database {path} is empty ({len(header)} bytes): modemgw never makes one like "
            "that, it was emptied; restore a backup, or remove the file to begin anew"
        )
    log = path.with_name(f"{path.name}-wal")
    if header[18:20] == b"\1\1" and log.exists() and log.stat().st_size:
        raise StoreError(
            f"{path} is a backup that was put back, but the log of the database before it is still "
            f"there and would spoil it: move {log.name} away (and {path.name}-shm)"
        )


def open_as_it_is(path: Path) -> sqlite3.Connection:
    """Open a database of whatever version. Raises StoreError."""
    try:
        # A URI, because this must never make a file.
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            db.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise StoreError(describe(error, f"the database {path} cannot be opened")) from error
    return db


def create(path: Path) -> None:
    """Make a new database. It appears whole, or not at all; one that is there stays.

    Raises StoreError: the directory or the file cannot be made, or a log without its database is
    there.
    """
    files.make_directory(path.parent)
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size and not path.exists():
        raise StoreError(
            f"there is no database at {path}, but its log {log.name} is there: put the database "
            "back or restore a backup; to begin anew remove the log"
        )
    made = path.with_name(f"{path.name}.new-{os.getpid()}")
    try:
        with suppress(FileNotFoundError):
            made.unlink()
        descriptor = files.make_file(made)
        try:
            files.give_to_owner_of_directory(descriptor, path.parent)
            with closing(sqlite3.connect(made, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous=OFF")
                schema.migrate(sqlite_utils.Database(db))
                _mark(db)
                db.execute("PRAGMA journal_mode=WAL")
            os.fsync(descriptor)
            files.publish(made, path)
        finally:
            os.close(descriptor)
            with suppress(FileNotFoundError):
                made.unlink()
    except (sqlite3.Error, OSError) as error:
        raise StoreError(describe(error, f"the database {path} cannot be made")) from error


def upgrade(db: sqlite3.Connection, path: Path, *, backup_first: bool) -> None:
    """Bring an existing database to this version's schema. Only who holds its lock may.

    `backup_first`: copy it beside itself before anything is changed, when something is.
    Raises StoreError: it is not ours or of a newer version, or there is no room for the copy.
    """
    _require_ours(db, path)
    missing = schema.missing(db)
    if missing:
        if backup_first:
            _copy_before(db, path, missing[0])
        logger.info("bringing %s up to date: %s", path, ", ".join(missing))
        try:
            schema.migrate(sqlite_utils.Database(db))
        except sqlite3.Error as error:
            raise StoreError(
                describe(error, f"the database {path} cannot be brought up to date")
            ) from error
    if db.execute("PRAGMA user_version").fetchone() == (0,):
        with suppress(sqlite3.Error):  # a full disk: at the next start, then
            _mark(db)


def copy(db: sqlite3.Connection, target: Path) -> None:
    """Copy a database, while it is in use, to a new file that its owner alone may read.

    Raises OSError (FileExistsError among them) or sqlite3.Error; then there is no new file.
    """
    descriptor = files.make_file(target)
    try:
        with closing(sqlite3.connect(target)) as made:
            db.backup(made, pages=1024)
            made.execute("PRAGMA journal_mode=DELETE")
        os.fsync(descriptor)
    except BaseException:
        target.unlink()
        raise
    finally:
        os.close(descriptor)


def _copy_before(db: sqlite3.Connection, path: Path, migration: str) -> None:
    """One copy for each step, made anew until the step is done: it never fills the disk."""
    target = path.with_name(f"{path.stem}-before-{migration}{path.suffix}")
    made = target.with_name(f"{target.name}.new")
    logger.info("copying %s to %s before it is brought up to date", path, target)
    try:
        with suppress(FileNotFoundError):
            made.unlink()
        copy(db, made)
        made.replace(target)
        files.sync_directory(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            describe(error, f"{path} must be brought up to date, and the copy {target} before")
            + "; make room, or set gateway.backup_before_migrate = false"
        ) from error


def _require_ours(db: sqlite3.Connection, path: Path) -> None:
    known = db.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone()
    if known is None or not schema.applied(db):
        raise StoreError(f"{path} is a database, but not one of modemgw; set another data_dir")
    newer = schema.unknown(db)
    if newer:
        raise StoreError(
            f"{path} was written by a newer modemgw (it has {', '.join(newer)}); "
            "install that version, or start with another data_dir"
        )


def _mark(db: sqlite3.Connection) -> None:
    """Let every database bear a number of its own; see Presence."""
    db.execute(f"PRAGMA user_version={secrets.randbelow(2**31 - 1) + 1}")
