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
    one_of: Sequence[Sequence[Condition]] = ((),),
) -> Page[T]:
    """The rows of `table` that meet all conditions, by the column `time` and then `n`, falling.

    Every index of such a table ends with `time` (and SQLite's own `n`), so that none is sorted and
    what does not fit is not looked at. `one_of`: besides they meet all of one of these, each of
    which is found by an index; no row meets two. `columns` begins with `n`. `cursor` is the
    `next_cursor` of the page before. Raises ValueError when it is not.
    """
    order = f"ORDER BY {time} DESC, n DESC LIMIT {limit + 1:d}"
    place = () if cursor is None else place_of(cursor)
    found: list[str] = []
    values: list[Any] = []
    for more in one_of:
        asked = [c for c in (*more, *conditions) if c[2] is not None]
        wanted = [f"{column} {operator} ?" for column, operator, _ in asked]
        wanted += [f"({time}, n) < (?, ?)"] if place else []
        found.append(f"SELECT n FROM {table} WHERE {' AND '.join(wanted) or '1'} {order}")
        values += [*(value for _, _, value in asked), *place]
    numbers = " UNION ALL ".join(f"SELECT n FROM ({one})" for one in found)
    rows = db.execute(
        f"SELECT {columns}, {time} FROM {table} WHERE n IN ({numbers}) {order}", values
    ).fetchall()
    shown = rows[:limit]
    more_to_come = f"{shown[-1][-1]!r}~{shown[-1][0]}" if len(rows) > limit else None
    return Page(tuple(make(row) for row in shown), more_to_come)


def place_of(cursor: str) -> tuple[float, int]:
    """Time and number of the last row that was seen. Raises ValueError for a foreign cursor."""
    at, _, n = cursor.partition("~")
    if not (n.isascii() and n.isdecimal() and len(n) < 19 and isfinite(float(at))):
        raise ValueError("not a cursor of ours")
    return float(at), int(n)
