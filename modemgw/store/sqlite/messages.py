"""Rows of messages: accepting, showing, listing, changing their status."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from modemgw.store.contract.messages import MessageQuery, Stand, Unrouted, WaitingMessage
from modemgw.store.records import (
    Attempt,
    ErrorInfo,
    Mailing,
    Message,
    MessageStatus,
    Page,
    Part,
)
from modemgw.store.sqlite import message_lists
from modemgw.store.sqlite.attempts import SqliteAttempts
from modemgw.store.sqlite.batches import SqliteBatches
from modemgw.store.sqlite.erasing import Erasing, erasing, set_types, whatever_ends
from modemgw.store.sqlite.message_lists import OPEN
from modemgw.store.sqlite.numbers import next_number
from modemgw.store.sqlite.rows import Rows
from modemgw.store.sqlite.templates import keep_uses, with_use

_OWN = "n, id, to_number, route"
"""What each message of a mailing has of its own …"""

_COMMON = (
    "text, data, ports, type, status, encoding, message_class, receipt, parts, modem, key, "
    "reference, callback_url, batch, tags, created_at, updated_at, send_at, expires_at, "
    "error_code, error_detail, error_permanent"
)
"""… and what they share."""

_COLUMNS = f"{_OWN}, {_COMMON}"

_INSERT = f"INSERT INTO messages ({_COLUMNS}) VALUES ({', '.join('?' * 26)})"

_BLOCK = 100
"""Messages of a mailing that are inserted by one statement."""

_INSERT_BLOCK = (
    f"INSERT INTO messages ({_COLUMNS}) "
    f"SELECT column1, column2, column3, column4, {', '.join(f'?{i}' for i in range(1, 23))} "
    f"FROM (VALUES {', '.join(['(?, ?, ?, ?)'] * _BLOCK)})"
)

_WELL = frozenset({MessageStatus.QUEUED, MessageStatus.SENT, MessageStatus.DELIVERED})
"""What was in the way before is over."""

_TO = "updated_at = ?{} WHERE n = ? AND status = ?"
"""Between the braces stands what ends with the message."""
_MOVE = f"UPDATE messages SET status = ?, {_TO}"
_MOVE_WELL = (
    "UPDATE messages SET status = ?, error_code = NULL, error_detail = NULL, "
    f"error_permanent = NULL, {_TO}"
)
_MOVE_WITH_ERROR = (
    f"UPDATE messages SET status = ?, error_code = ?, error_detail = ?, error_permanent = ?, {_TO}"
)

OLDER_IN_A_ROW = 10_000
"""So many messages dated before a time: then those before them are older, whatever clocks did."""


class SqliteMessages(Rows):
    """Messages to send."""

    __slots__ = ("_erasing", "_next")

    def __init__(self, db: sqlite3.Connection, now: float = 0.0) -> None:
        super().__init__(db, now)
        self._next: int | None = None
        """The number of the next message, while this connection knows it."""
        self._erasing: Erasing | None = None
        """What ends with messages, while this connection knows it."""

    def forget(self) -> None:
        """See Rows: messages may have been inserted in vain."""
        self._next = self._erasing = None

    def insert(self, accepted: Sequence[Mailing]) -> int:
        """Accept messages. Returns the number `n` of the first; the others follow in order."""
        first = n = self._next or next_number(self._db, "messages")
        few: list[tuple[int, Mailing]] = []
        templated = False
        for mailing in accepted:
            templated |= mailing.common.template is not None
            if len(mailing.recipients) < _BLOCK:
                few.append((n, mailing))
            else:
                _insert_many(self._db, n, mailing)
            n += len(mailing.recipients)
        self._db.executemany(_INSERT, _rows(few))
        self._next = n
        if templated:
            keep_uses(self._db, first, accepted)
        return first

    def status(self, n: int) -> MessageStatus | None:
        """Where message `n` stands; None when there is none."""
        row = self._db.execute("SELECT status FROM messages WHERE n = ?", (n,)).fetchone()
        return None if row is None else MessageStatus(row[0])

    def compare_and_set(
        self, n: int, old: MessageStatus, new: MessageStatus, error: ErrorInfo | None
    ) -> bool:
        """Move a message that is `old` to `new`; False: it is something else, nothing has changed.

        An error stays until there is another, or nothing is in the way any more. The one caller is
        the table of the life of messages (gateway/outgoing/life.py): it knows what may follow what.
        """
        where = (self.now, n, old)
        ends = self._erasing_now().get(new, "")
        if error is not None:
            why = (error.code, error.detail, error.permanent)
            done = self._db.execute(_MOVE_WITH_ERROR.format(ends), (new, *why, *where))
        else:
            move = _MOVE_WELL if new in _WELL else _MOVE
            done = self._db.execute(move.format(ends), (new, *where))
        return done.rowcount == 1

    def set_send_at(self, n: int, at: float) -> None:
        """Message `n` is not sent before then."""
        self._db.execute("UPDATE messages SET send_at = ? WHERE n = ?", (at, n))

    def gone_out(self, n: int) -> bool:
        """Whether anything of message `n` can have gone out."""
        found = self._db.execute(
            "SELECT 1 FROM attempts WHERE message = ? AND state NOT IN ('refused', 'not_sent')",
            (n,),
        )
        return found.fetchone() is not None

    def overdue(self, before: float, limit: int) -> list[tuple[int, str, str | None]]:
        """Messages `sent` before then that wait for a final receipt: (n, id, reference) each."""
        return self._db.execute(
            "SELECT n, id, reference FROM messages INDEXED BY messages_awaiting_receipt "
            "WHERE status = 'sent' AND receipt = 1 AND receipt_overdue = 0 AND updated_at < ? "
            "LIMIT ?",
            (before, limit),
        ).fetchall()

    def wait_no_longer(self, numbers: Iterable[int]) -> None:
        """These messages are no longer `overdue`: they are `sent` for good."""
        ends = whatever_ends(self._erasing_now())
        self._db.executemany(
            f"UPDATE messages SET receipt_overdue = 1{ends} WHERE n = ?", ((n,) for n in numbers)
        )

    def erase_ended(self, types: Collection[str]) -> None:
        """From now on empty text and data of messages of these types, and no others, as they end.

        A message ends with its last status, or when a report on it is waited for no longer.
        """
        set_types(self._db, types)
        self._erasing = None

    def _erasing_now(self) -> Erasing:
        if self._erasing is None:
            self._erasing = erasing(self._db)
        return self._erasing

    def since(self, at: float) -> list[tuple[float, str, str]]:
        """(time of acceptance, recipient, key) of messages accepted since then, in no order."""
        found: list[tuple[float, str, str]] = []
        older = 0
        for created_at, to, key in self._db.execute(
            "SELECT created_at, to_number, key FROM messages ORDER BY n DESC"
        ):
            if created_at >= at:
                found.append((created_at, to, key))
                older = 0
            elif (older := older + 1) > OLDER_IN_A_ROW:
                break
        return found

    def number_of(self, id: str) -> int | None:
        """The number `n` of the message with this id."""
        row = self._db.execute("SELECT n FROM messages WHERE id = ?", (id,)).fetchone()
        return None if row is None else int(row[0])

    def get(self, id: str, stand: Stand) -> Message | None:
        """The message with this id and its whole history."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM messages WHERE id = ?", (id,)).fetchone()
        return None if row is None else self._shown(row, stand)

    def find(self, query: MessageQuery, stand: Stand) -> Page[Message]:
        """A page of messages, newest first. Raises ValueError for a cursor that is not ours."""
        spans = None if query.batch is None else SqliteBatches(self._db).spans(query.batch)
        found = message_lists.numbers(self._db, query, spans)
        if not found:
            return Page((), None)
        shown = found[: query.limit]
        marks = ", ".join("?" * len(shown))
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM messages WHERE n IN ({marks}) ORDER BY n DESC", shown
        )
        messages = tuple(self._shown(row, stand) for row in rows.fetchall())
        return Page(messages, str(shown[-1]) if len(found) > len(shown) else None)

    def waiting(self, stand: Stand) -> Iterable[WaitingMessage]:
        """Every message that still wants a modem, in the order of acceptance."""
        begun = {
            n
            for (n,) in self._db.execute(
                f"SELECT DISTINCT a.message FROM messages m INDEXED BY messages_open "
                f"CROSS JOIN attempts a ON a.message = m.n WHERE {OPEN}"
            )
        }
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM messages INDEXED BY messages_open WHERE {OPEN} ORDER BY n"
        )
        for row in rows:
            history = SqliteAttempts(self._db).of(row[0]) if row[0] in begun else {}
            yield WaitingMessage(row[0], _message(row, history, stand))

    def unrouted(self, routes: Collection[str]) -> list[Unrouted]:
        """Messages that still want a modem, whichever is free, by a route that is none of these."""
        rows = self._db.execute(
            "SELECT n, to_number, type, key, tags FROM messages INDEXED BY messages_open "
            f"WHERE {OPEN} "
            f"AND modem IS NULL AND route NOT IN ({', '.join('?' * len(routes))}) ORDER BY n",
            tuple(routes),
        )
        return [
            Unrouted(n, to, type, key, tuple(json.loads(tags or "[]")))
            for n, to, type, key, tags in rows
        ]

    def set_routes(self, routes: Iterable[tuple[int, str]]) -> None:
        """Give messages that still want a modem another route: (n, route) each."""
        self._db.executemany(
            f"UPDATE messages SET route = ?, updated_at = ? WHERE n = ? AND {OPEN}",
            [(route, self.now, n) for n, route in routes],
        )

    def of_number(self, n: int, stand: Stand) -> Message | None:
        """The message number `n` and its whole history."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM messages WHERE n = ?", (n,)).fetchone()
        return None if row is None else self._shown(row, stand)

    def _shown(self, row: Sequence[Any], stand: Stand) -> Message:
        """A message with its history and the template that made it."""
        message = _message(row, SqliteAttempts(self._db).of(row[0]), stand)
        return with_use(self._db, row[0], message)


def _insert_many(db: sqlite3.Connection, n: int, mailing: Mailing) -> None:
    """Insert by blocks: what the messages share is bound once a block.

    And the interpreter is free for others while SQLite works on a block.
    """
    common = _common(mailing.common)
    own = [(i, *recipient) for i, recipient in enumerate(mailing.recipients, n)]
    blocks = len(own) - len(own) % _BLOCK
    for start in range(0, blocks, _BLOCK):
        block = chain.from_iterable(own[start : start + _BLOCK])
        db.execute(_INSERT_BLOCK, (*common, *block))
    db.executemany(_INSERT, (one + common for one in own[blocks:]))


def _rows(numbered: Iterable[tuple[int, Mailing]]) -> Iterator[tuple[Any, ...]]:
    for n, mailing in numbered:
        common = _common(mailing.common)
        for i, recipient in enumerate(mailing.recipients, n):
            yield (i, *recipient, *common)


def _common(m: Message) -> tuple[Any, ...]:
    error = m.error
    return (
        m.text,
        m.data,
        None if m.ports is None else f"{m.ports[0]}:{m.ports[1]}",
        m.type,
        m.status.value,
        m.encoding,
        m.message_class,
        m.receipt,
        len(m.parts),
        m.modem,
        m.key,
        m.reference,
        m.callback_url,
        m.batch,
        json.dumps(m.tags) if m.tags else None,
        m.created_at,
        m.updated_at,
        m.send_at,
        m.expires_at,
        None if error is None else error.code,
        None if error is None else error.detail,
        None if error is None else error.permanent,
    )


def _message(row: Sequence[Any], history: dict[int, list[Attempt]], stand: Stand) -> Message:
    status = MessageStatus(row[8])
    return Message(
        id=row[1],
        to=row[2],
        route=row[3],
        text=row[4],
        data=row[5],
        ports=_ports(row[6]),
        type=row[7],
        status=status,
        encoding=row[9],
        message_class=row[10],
        receipt=bool(row[11]),
        parts=tuple(
            Part(i, stand(history.get(i, ()), status), tuple(history.get(i, ())))
            for i in range(1, row[12] + 1)
        ),
        modem=row[13],
        key=row[14],
        reference=row[15],
        callback_url=row[16],
        batch=row[17],
        tags=tuple(json.loads(row[18])) if row[18] else (),
        created_at=row[19],
        updated_at=row[20],
        send_at=row[21],
        expires_at=row[22],
        error=None if row[23] is None else ErrorInfo(row[23], row[24], bool(row[25])),
    )


def _ports(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    destination, _, source = text.partition(":")
    return int(destination), int(source)
