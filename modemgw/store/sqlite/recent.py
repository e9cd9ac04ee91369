"""Rows of what was said lately."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from modemgw.store.contract.recent import Said
from modemgw.store.sqlite.rows import Rows

_AT_ONCE = 500
"""Digests that are looked for by one statement."""


class SqliteRecent(Rows):
    """What was said lately."""

    __slots__ = ()

    def find(self, digests: Collection[bytes], since: float, until: float) -> dict[bytes, Said]:
        """Of these digests, those that were remembered between two times, and for which message."""
        found: dict[bytes, Said] = {}
        rest = iter(digests)
        while some := tuple(islice(rest, _AT_ONCE)):
            rows = self._db.execute(
                "SELECT digest, message, at FROM recent "
                f"WHERE digest IN ({', '.join('?' * len(some))}) AND at BETWEEN ? AND ?",
                (*some, since, until),
            )
            found.update((digest, Said(id, at)) for digest, id, at in rows)
        return found

    def remember(self, said: Iterable[tuple[bytes, str]], at: float) -> None:
        """Remember digests, each with the id of its message, instead of what there was of them."""
        self._db.executemany(
            "INSERT OR REPLACE INTO recent (digest, message, at) VALUES (?, ?, ?)",
            ((digest, id, at) for digest, id in said),
        )
