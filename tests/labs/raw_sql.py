"""What no verb of the store tells: SQL, for tests only."""

from __future__ import annotations

import sqlite3

from modemgw.store import View
from modemgw.store.sqlite.unit import SqliteTransaction, SqliteView


def raw(unit: View) -> sqlite3.Connection:
    """The connection behind a unit of work, or a query, of the SQLite store."""
    assert isinstance(unit, SqliteTransaction | SqliteView)
    return unit.connection
