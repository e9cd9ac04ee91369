"""Lists, the newest first, a page at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from modemgw.store.records import Page

T = TypeVar("T")

Condition = tuple[str, str, Any]
"""Column, operator, value; a value of None asks for nothing."""


def page(
    db: sqlite3.Connection,
    table: str,
    columns: str,
    conditions: Sequence[Condition],
    *,
    cursor: str | None,
    limit: int,
    make: Callable[[Sequence[Any]], T],
) -> Page[T]:
    """The rows of `table` that meet all conditions, in falling order of `n` (the first column).

    `cursor` is the `next_cursor` of the page before. Raises ValueError when it is not.
    """
    before: Condition = ("n", "<", None if cursor is None else int(cursor))
    asked = [c for c in (*conditions, before) if c[2] is not None]
    where = " AND ".join(f"{column} {operator} ?" for column, operator, _ in asked) or "1"
    rows = db.execute(
        f"SELECT {columns} FROM {table} WHERE {where} ORDER BY n DESC LIMIT ?",
        [*(value for _, _, value in asked), limit + 1],
    ).fetchall()
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(tuple(make(row) for row in shown), str(shown[-1][0]) if more else None)
