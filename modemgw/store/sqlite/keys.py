"""Rows of API keys: the key, the hash of its token, and those of tokens it had before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from modemgw.store.contract.keys import SLACK_S, KeyRow
from modemgw.store.errors import StoreConflict
from modemgw.store.records import NO_LIMITS, Key, KeyLimits
from modemgw.store.sqlite.rows import Rows

_KEY = (
    "k.name, k.scopes, k.created_at, k.per_minute, k.per_hour, k.per_day, k.expires_at, "
    "k.templates_only, k.templates"
)
_ROW = (
    "SELECT name, scopes, created_at, revoked_at, per_minute, per_hour, per_day, expires_at, "
    "last_used_at, templates_only, templates FROM keys"
)
_IN_FORCE = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > :now)"
_RETIRED = f"FROM retired_tokens t JOIN keys k ON k.name = t.key WHERE t.until > :now \
AND t.retired_at < :now + {SLACK_S} AND {_IN_FORCE}"


class SqliteKeys(Rows):
    """API keys, and what may be done to them."""

    __slots__ = ()

    def find(self, hash_: bytes, now: float) -> Key | None:
        """The key in force with a token of this hash, be it a rotated one that goes on a while."""
        asked = {"hash": hash_, "now": now}
        row = self._db.execute(
            f"SELECT {_KEY}, NULL FROM keys k WHERE k.hash = :hash AND {_IN_FORCE}", asked
        ).fetchone()
        if row is None:
            row = self._db.execute(
                f"SELECT {_KEY}, t.until {_RETIRED} AND t.hash = :hash", asked
            ).fetchone()
        return None if row is None else _key(row, hash_)

    def in_force(self, now: float) -> set[bytes]:
        """The hashes of all tokens that open something."""
        rows = self._db.execute(
            f"SELECT k.hash FROM keys k WHERE {_IN_FORCE} UNION ALL SELECT t.hash {_RETIRED}",
            {"now": now},
        )
        return {hash_ for (hash_,) in rows}

    def get(self, name: str) -> KeyRow | None:
        """The key of this name, also when it is revoked or has expired."""
        row = self._db.execute(f"{_ROW} WHERE name = ?", (name,)).fetchone()
        return None if row is None else _row(row)

    def all(self) -> list[KeyRow]:
        """Every key, oldest first, also those that are revoked or have expired."""
        return [_row(row) for row in self._db.execute(f"{_ROW} ORDER BY created_at, name")]

    def webhook_secret(self, name: str) -> str | None:
        """What callbacks of a key's messages are signed with; also when it is no longer in force.

        `whsec_` and base64, as Standard Webhooks has it. None when there is no such key.
        """
        row = self._db.execute("SELECT webhook_secret FROM keys WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def insert(
        self,
        name: str,
        hash_: bytes,
        scopes: Iterable[str],
        at: float,
        *,
        limits: KeyLimits = NO_LIMITS,
        expires_at: float | None = None,
        webhook_secret: str,
        templates_only: bool = False,
        templates: Iterable[str] = (),
    ) -> None:
        """Keep a new key. One of this name that is revoked makes way.

        Raises StoreConflict when there is one that is not.
        """
        self._db.execute("DELETE FROM keys WHERE name = ? AND revoked_at IS NOT NULL", (name,))
        try:
            self._db.execute(
                "INSERT INTO keys (name, hash, scopes, created_at, per_minute, per_hour, per_day, "
                "expires_at, webhook_secret, templates_only, templates) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    name,
                    hash_,
                    " ".join(scopes),
                    at,
                    limits.per_minute,
                    limits.per_hour,
                    limits.per_day,
                    expires_at,
                    webhook_secret,
                    templates_only,
                    " ".join(templates),
                ),
            )
        except sqlite3.IntegrityError as error:
            raise StoreConflict(f"there is a key named {name!r}") from error

    def rotate(self, name: str, hash_: bytes, at: float, until: float) -> bool:
        """Give a key another token. The one it has opens doors until `until`, those before it at
        the longest. False when there is no such key that is not revoked.
        """
        row = self._db.execute(
            "SELECT hash FROM keys WHERE name = ? AND revoked_at IS NULL", (name,)
        ).fetchone()
        if row is None:
            return False
        self._db.execute(
            "UPDATE retired_tokens SET until = min(until, ?) WHERE key = ?", (until, name)
        )
        self._db.execute(
            "INSERT INTO retired_tokens (hash, key, retired_at, until) VALUES (?, ?, ?, ?)",
            (row[0], name, at, until),
        )
        self._db.execute("DELETE FROM retired_tokens WHERE key = ? AND until <= ?", (name, at))
        self._db.execute("UPDATE keys SET hash = ? WHERE name = ?", (hash_, name))
        return True

    def revoke(self, name: str, at: float) -> bool:
        """Revoke a key at a time with all its tokens; False when none of that name is unrevoked."""
        done = self._db.execute(
            "UPDATE keys SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL", (at, name)
        )
        self._db.execute("DELETE FROM retired_tokens WHERE key = ?", (name,))
        return done.rowcount == 1

    def replace_webhook_secret(self, name: str, secret: str) -> bool:
        """Sign with another secret from now on; False when there is no such key unrevoked."""
        done = self._db.execute(
            "UPDATE keys SET webhook_secret = ? WHERE name = ? AND revoked_at IS NULL",
            (secret, name),
        )
        return done.rowcount == 1

    def used(self, uses: Mapping[str, float]) -> None:
        """When keys were last used, by name. A key that was made after that was not used."""
        self._db.executemany(
            "UPDATE keys SET last_used_at = ?1 WHERE name = ?2 AND created_at <= ?1",
            [(at, name) for name, at in uses.items()],
        )

    def forget_retired(self, now: float) -> int:
        """Forget the rotated tokens that open nothing any more; returns how many they were."""
        return self._db.execute("DELETE FROM retired_tokens WHERE until <= ?", (now,)).rowcount


def _key(row: tuple[Any, ...], hash_: bytes) -> Key:
    name, scopes, created_at, minute, hour, day, expires_at, only, templates, until = row
    ends = [at for at in (expires_at, until) if at is not None]
    return Key(
        name,
        frozenset(scopes.split()),
        created_at,
        KeyLimits(minute, hour, day),
        min(ends, default=None),
        hash_,
        bool(only),
        tuple(templates.split()),
    )


def _row(row: tuple[Any, ...]) -> KeyRow:
    name, scopes, created_at, revoked_at, minute, hour, day, expires_at, used, only, templates = row
    return KeyRow(
        name,
        tuple(scopes.split()),
        created_at,
        revoked_at,
        KeyLimits(minute, hour, day),
        expires_at,
        used,
        bool(only),
        tuple(templates.split()),
    )
