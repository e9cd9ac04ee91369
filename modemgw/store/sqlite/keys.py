"""API keys: random, shown once, stored as a hash.

These functions open the database themselves, so that `modemgw keys` works while no daemon runs; a
running daemon sees what they change.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from modemgw.store.contract.keys import SCOPES, KeyRow, digest
from modemgw.store.errors import StoreError
from modemgw.store.records import Key
from modemgw.store.sqlite.opening import connect, connect_or_create
from modemgw.store.sqlite.rows import Rows

PREFIX = "mgw_"


class SqliteKeys(Rows):
    """API keys in force."""

    __slots__ = ()

    def find(self, hash_: bytes) -> Key | None:
        """The key in force with this hash."""
        row = self._db.execute(
            "SELECT name, scopes, created_at FROM keys WHERE hash = ? AND revoked_at IS NULL",
            (hash_,),
        ).fetchone()
        return None if row is None else Key(row[0], frozenset(row[1].split()), row[2])


def create_key(path: Path, name: str, scopes: Iterable[str]) -> str:
    """Make a key and return its token, which is nowhere kept.

    Raises StoreError: unknown scope, no scope, or the name is in use.
    """
    wanted = tuple(dict.fromkeys(scopes))
    unknown = [s for s in wanted if s not in SCOPES]
    if unknown or not wanted:
        raise StoreError(
            f"{'unknown scope ' + ', '.join(unknown) if unknown else 'a key needs a scope'}; "
            f"there are: {', '.join(SCOPES)}"
        )
    token = PREFIX + secrets.token_urlsafe(32)
    with closing(connect_or_create(path)) as db:
        try:
            db.execute("DELETE FROM keys WHERE name = ? AND revoked_at IS NOT NULL", (name,))
            db.execute(
                "INSERT INTO keys (name, hash, scopes, created_at) VALUES (?, ?, ?, ?)",
                (name, digest(token), " ".join(wanted), time.time()),
            )
        except sqlite3.IntegrityError as error:
            raise StoreError(
                f"there is a key named {name!r}; revoke it first, or choose another name"
            ) from error
        except sqlite3.Error as error:
            raise StoreError(f"the key cannot be stored: {error}") from error
    return token


def list_keys(path: Path) -> list[KeyRow]:
    """Every key, oldest first, without secrets."""
    with closing(connect(path)) as db:
        rows = db.execute(
            "SELECT name, scopes, created_at, revoked_at FROM keys ORDER BY created_at"
        )
        return [KeyRow(n, tuple(s.split()), created, revoked) for n, s, created, revoked in rows]


def revoke_key(path: Path, name: str) -> bool:
    """Revoke a key; False when there is no such key in force."""
    with closing(connect(path)) as db:
        done = db.execute(
            "UPDATE keys SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL",
            (time.time(), name),
        )
        return done.rowcount == 1
