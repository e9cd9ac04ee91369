"""What the verbs of every noun have: a connection, and the time of their unit of work."""

from __future__ import annotations

import sqlite3


class Rows:
    """Verbs of one noun on one connection."""

    __slots__ = ("_db", "now")

    def __init__(self, db: sqlite3.Connection, now: float = 0.0) -> None:
        self._db = db
        self.now = now
        """UTC seconds at which the group began; a view has none and needs none."""

    def forget(self) -> None:
        """What is remembered of the rows, to ask for them less often, may no longer be so."""
