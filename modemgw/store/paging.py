"""Lists, the newest first, a page at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from math import isfinite
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
    time: str,
    cursor: str | None,
    limit: int,
    make: Callable[[Sequence[Any]], T],
) -> Page[T]:
    """The rows of `table` that meet all conditions, by the column `time` and then `n`, falling.

    Every index of such a table ends with `time` (and SQLite's own `n`), so that none is sorted and
    what does not fit is not looked at. `columns` begins with `n`. `cursor` is the `next_cursor` of
    the page before. Raises ValueError when it is not.
    """
    asked = [c for c in conditions if c[2] is not None]
    wanted = [f"{column} {operator} ?" for column, operator, _ in asked]
    values = [value for _, _, value in asked]
    if cursor is not None:
        wanted.append(f"({time}, n) < (?, ?)")
        values += _place(cursor)
    rows = db.execute(
        f"SELECT {columns}, {time} FROM {table} WHERE {' AND '.join(wanted) or '1'} "
        f"ORDER BY {time} DESC, n DESC LIMIT ?",
        [*values, limit + 1],
    ).fetchall()
    shown = rows[:limit]
    more = f"{shown[-1][-1]!r}~{shown[-1][0]}" if len(rows) > limit else None
    return Page(tuple(make(row) for row in shown), more)


def _place(cursor: str) -> tuple[float, int]:
    at, _, n = cursor.partition("~")
    if not (n.isascii() and n.isdecimal() and len(n) < 19 and isfinite(float(at))):
        raise ValueError("not a cursor of ours")
    return float(at), int(n)
