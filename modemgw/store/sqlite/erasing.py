"""Texts that end with their messages: they are emptied by the statement that writes the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from modemgw.store.records import MessageStatus

_S = MessageStatus
_ENDS = {
    _S.SENT: "receipt = 0",  # where no report is to come, this is the end
    _S.DELIVERED: "TRUE",
    # A report on one part of several may be corrected, and then the others are sent after all.
    _S.UNDELIVERED: "parts = 1",
    _S.FAILED: "TRUE",
    _S.EXPIRED: "TRUE",
    _S.CANCELED: "TRUE",
    _S.UNKNOWN: "TRUE",
}
"""Which statuses are the end, and of which messages."""

Erasing = dict[MessageStatus, str]
"""What is set besides, with a comma before it, when a message gets this status."""


def erasing(db: sqlite3.Connection) -> Erasing:
    """What is set with the end of a message; empty: no type's texts are erased."""
    types = [type for (type,) in db.execute("SELECT type FROM erased_types ORDER BY type")]
    if not types:
        return {}
    listed = ", ".join("'" + type.replace("'", "''") + "'" for type in types)
    return {status: _emptied(f"type IN ({listed}) AND {end}") for status, end in _ENDS.items()}


def whatever_ends(found: Erasing) -> str:
    """What is set when a message ends whose status stays as it is."""
    return found.get(_S.DELIVERED, "")


def set_types(db: sqlite3.Connection, types: Collection[str]) -> None:
    """Erase texts of these types from now on, and of no others."""
    db.execute("DELETE FROM erased_types")
    db.executemany("INSERT INTO erased_types (type) VALUES (?)", [(type,) for type in set(types)])


def _emptied(condition: str) -> str:
    return "".join(
        f", {column} = CASE WHEN {condition} THEN NULL ELSE {column} END"
        for column in ("text", "data")
    )
