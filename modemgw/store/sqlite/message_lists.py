"""Which messages a list shows: the newest first, in the order in which they were accepted.

Every filter finds its rows by an index, and no index is kept for this that a message on its way
would have to pay for: what is open is found by its own small index, the times by every hundredth
message.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from modemgw.store.contract.batches import Span
from modemgw.store.contract.messages import MessageQuery
from modemgw.store.records import OPEN_STATUSES, MessageStatus

OPEN = "(status = 'queued' OR status = 'scheduled' OR status = 'sending')"
"""OPEN_STATUSES, in the words of the index `messages_open`: SQLite uses it for no others."""
_ENDED = (
    "(status = 'delivered' OR status = 'undelivered' OR status = 'failed' OR status = 'expired' "
    "OR status = 'canceled' OR status = 'unknown')"
)
"""In the words of `messages_ended`."""
_MARK = "n % 100 = 0"
"""In the words of `messages_marks`."""
_MARK_EVERY = 100

_TYPES = ("otp", "transactional", "promotional")
"""All there are, so that an index that begins with the type serves without it as well."""

Source = tuple[str, str, tuple[Any, ...]]
"""An index, the condition by which it is used, and the values in it."""


def numbers(
    db: sqlite3.Connection, query: MessageQuery, spans: Sequence[Span] | None = None
) -> list[int]:
    """Numbers of the messages to show, falling, and of one more if there are more.

    `spans`: among these alone. Raises ValueError for a cursor that is not ours.
    """
    if spans is None:
        return _numbers(db, query, query.limit + 1)
    found: list[int] = []
    for span in reversed(spans):
        found += _numbers(db, query, query.limit + 1 - len(found), span)
        if len(found) > query.limit:
            break
    return found


def _numbers(
    db: sqlite3.Connection, query: MessageQuery, limit: int, span: Span | None = None
) -> list[int]:
    rest, values = _rest(db, query, span)
    found: list[str] = []
    all_values: list[Any] = []
    for index, condition, own in _sources(query):
        found.append(
            f"SELECT n FROM (SELECT n FROM messages {index} WHERE {condition}{rest} "
            f"ORDER BY n DESC LIMIT {limit:d})"
        )
        all_values += [*own, *values]
    together = " UNION ALL ".join(found)
    rows = db.execute(f"{together} ORDER BY n DESC LIMIT {limit:d}", all_values)
    return [n for (n,) in rows]


def _rest(db: sqlite3.Connection, query: MessageQuery, span: Span | None) -> tuple[str, list[Any]]:
    """Conditions that every message must meet, however it is found."""
    conditions: list[tuple[str, Any]] = []
    if span is not None:
        conditions += [("n >= ?", span.first), ("n <= ?", span.last)]
    if query.cursor is not None:
        conditions.append(("n < ?", place(query.cursor)))
    if query.since is not None:
        conditions += [("n > ?", _before(db, query.since)), ("created_at >= ?", query.since)]
    if query.until is not None:
        conditions += [("n < ?", _behind(db, query.until)), ("created_at < ?", query.until)]
    if _of_one(query):
        conditions += [("+status = ?", query.status)] if query.status is not None else []
        conditions += [("+type = ?", query.type)] if query.type is not None else []
    if query.to is not None and query.reference is not None:
        conditions.append(("+to_number = ?", query.to))
    text = "".join(f" AND {condition}" for condition, _ in conditions)
    return text, [value for _, value in conditions]


def _of_one(query: MessageQuery) -> bool:
    """Whether the list is of one recipient or reference: few enough to look at each."""
    return query.to is not None or query.reference is not None


def _sources(query: MessageQuery) -> Iterator[Source]:
    """Where the messages are found; none is found twice."""
    if query.reference is not None:
        yield "INDEXED BY messages_reference", "reference = ?", (query.reference,)
    elif query.to is not None:
        yield "INDEXED BY messages_to", "to_number = ?", (query.to,)
    elif query.status is None and query.type is None:
        yield "NOT INDEXED", "n > 0", ()
    else:
        yield from sources(query.status, query.type)


def sources(status: str | None, type: str | None = None) -> Iterator[Source]:
    """Where messages of a status and type are found; none is found twice."""
    types = _TYPES if type is None else (type,)
    if status is None or status in OPEN_STATUSES:
        more = [("status", status), ("type", type)]
        narrow = "".join(f" AND {column} = ?" for column, value in more if value is not None)
        values = tuple(value for _, value in more if value is not None)
        yield "INDEXED BY messages_open", OPEN + narrow, values
    if status is None or status == MessageStatus.SENT:
        for one in types:
            yield "INDEXED BY messages_sent", "status = 'sent' AND type = ?", (one,)
    for ended in MessageStatus:
        if ended in OPEN_STATUSES or ended is MessageStatus.SENT or status not in (None, ended):
            continue
        for one in types:
            condition = f"{_ENDED} AND status = ? AND type = ?"
            yield "INDEXED BY messages_ended", condition, (ended.value, one)


def _before(db: sqlite3.Connection, since: float) -> int:
    """A number below that of every message accepted since then."""
    (mark,) = db.execute(
        f"SELECT coalesce((SELECT min(n) FROM messages INDEXED BY messages_marks WHERE {_MARK} "
        f"AND created_at >= ?), (SELECT max(n) FROM messages INDEXED BY messages_marks "
        f"WHERE {_MARK}), 0)",
        (since,),
    ).fetchone()
    return int(mark) - _MARK_EVERY


def _behind(db: sqlite3.Connection, until: float) -> int:
    """A number above that of every message accepted before then."""
    (mark,) = db.execute(
        f"SELECT coalesce((SELECT max(n) FROM messages INDEXED BY messages_marks WHERE {_MARK} "
        f"AND created_at < ?), (SELECT min(n) FROM messages INDEXED BY messages_marks "
        f"WHERE {_MARK}), (SELECT max(n) FROM messages), 0)",
        (until,),
    ).fetchone()
    return int(mark) + _MARK_EVERY


def place(cursor: str) -> int:
    """The number that a cursor names. Raises ValueError: it is not ours."""
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise ValueError("not a cursor of ours")
    return int(cursor)
