"""Numbers of rows: each is higher than any that was given before, also when that was deleted."""

from __future__ import annotations

import sqlite3


def next_number(db: sqlite3.Connection, table: str) -> int:
    """The number of the next row of `table`."""
    (last,) = db.execute(
        f"SELECT max(coalesce((SELECT max(n) FROM {table}), 0), "
        "coalesce((SELECT last FROM numbers WHERE what = ?), 0))",
        (table,),
    ).fetchone()
    return int(last) + 1


def keep_number(db: sqlite3.Connection, table: str, n: int) -> None:
    """Row `n` is about to be deleted: its number is not given again."""
    db.execute(
        "INSERT INTO numbers (what, last) VALUES (?1, ?2) "
        "ON CONFLICT DO UPDATE SET last = max(last, ?2)",
        (table, n),
    )
