"""Looking after the database file: check, back up, compact, and let old things go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from modemgw.store.errors import StoreError
from modemgw.store.sqlite.opening import connect, copy, inspect
from modemgw.store.sqlite.trouble import describe


def check(path: Path) -> list[str]:
    """What is wrong with the database, a line each; empty when it is sound.

    Of whatever version it is, nothing of it is changed. Raises StoreError when it cannot be opened.
    """
    with closing(inspect(path)) as db:
        try:
            found = [str(row[0]) for row in db.execute("PRAGMA integrity_check")]
            if found != ["ok"]:
                return found
            orphans = db.execute(
                "SELECT count(*) FROM attempts WHERE message NOT IN (SELECT n FROM messages)"
            ).fetchone()[0]
        except sqlite3.Error as error:
            return [str(error)]
        return [f"{orphans} attempts belong to no message"] if orphans else []


def backup(path: Path, target: Path) -> int:
    """Copy the database, of whatever version, to `target` while it is in use.

    Only its owner may read the copy. Returns its size in octets. Raises StoreError: `target`
    exists, or cannot be written.
    """
    with closing(inspect(path)) as db:
        try:
            copy(db, target)
        except FileExistsError as error:
            raise StoreError(
                f"{target} exists; name a file that does not, a backup replaces nothing"
            ) from error
        except (sqlite3.Error, OSError) as error:
            raise StoreError(describe(error, f"the backup {target} cannot be written")) from error
    return target.stat().st_size


def vacuum(path: Path) -> tuple[int, int]:
    """Give space of deleted rows back. Returns the size in octets before and after.

    Raises StoreError when the database is in use by a daemon that writes.
    """
    with closing(connect(path)) as db:
        before = path.stat().st_size
        try:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise StoreError(describe(error, f"{path} cannot be compacted now")) from error
    return before, path.stat().st_size
