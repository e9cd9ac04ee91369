"""Which received messages a list shows: the newest first.

What is most telling of what is asked for finds the rows, by its index, which ends with the time.
They are looked through for the rest, so many for a page and no more: where hardly any fits, a page
is short and the next goes on from there.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from modemgw.store.contract.inbound import InboundQuery
from modemgw.store.records import InboundKind
from modemgw.store.sqlite.paging import place_of

MOST_LOOKED_AT = 20_000
"""Rows that are looked through for one page."""

_FILTERS = ("sender", "to_number", "modem", "kind", "read", "complete")


class Found(NamedTuple):
    """Numbers of the messages of a page, and where the next begins."""

    numbers: list[int]
    next_cursor: str | None


def numbers(db: sqlite3.Connection, query: InboundQuery) -> Found:
    """Numbers of the messages to show, the newest first. Raises ValueError for a foreign cursor."""
    asked = _by_selectivity(query)
    conditions: list[tuple[str, object]] = [(f"{name} = ?", v) for name, v in asked[:1]]
    if query.since is not None:
        conditions.append(("received_at >= ?", query.since))
    if query.until is not None:
        conditions.append(("received_at < ?", query.until))
    values = [value for _, value in conditions]
    texts = [text for text, _ in conditions]
    if query.cursor is not None:
        texts.append("(received_at, n) < (?, ?)")
        values += place_of(query.cursor)
    rest = [(2 + _FILTERS.index(name), value) for name, value in asked[1:]]
    found: list[int] = []
    rows = db.execute(
        f"SELECT n, received_at, {', '.join(_FILTERS)} FROM inbound "
        f"WHERE {' AND '.join(texts) or '1'} ORDER BY received_at DESC, n DESC",
        values,
    )
    last = None
    for looked_at, row in enumerate(rows):
        if len(found) == query.limit or looked_at == MOST_LOOKED_AT:
            assert last is not None
            return Found(found, f"{last[1]!r}~{last[0]}")
        last = row
        if all(row[place] == value for place, value in rest):
            found.append(row[0])
    return Found(found, None)


def _by_selectivity(query: InboundQuery) -> list[tuple[str, object]]:
    """What is asked for, by which the fewest are likely to be found first.

    Few messages are incomplete or of a special kind, and not many are unread.
    """
    asked: list[tuple[str, object]] = [
        ("complete", query.complete if query.complete is False else None),
        ("sender", query.from_),
        ("kind", None if query.kind is InboundKind.TEXT else query.kind),
        ("read", query.read if query.read is False else None),
        ("to_number", query.to),
        ("modem", query.modem),
        ("read", query.read),
        ("kind", query.kind),
        ("complete", query.complete),
    ]
    return list(dict.fromkeys((name, value) for name, value in asked if value is not None))
