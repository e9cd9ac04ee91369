"""Conversations, read from the messages and the received ones: no table has to be kept in step.

What was sent is walked by the order of acceptance, what was received by its time, each from the
newest, and of the two the later comes first. So a place is one of each, whatever clocks did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite
from typing import NamedTuple

from modemgw.store.contract.conversations import ConversationQuery
from modemgw.store.contract.messages import Stand
from modemgw.store.records import Conversation, ConversationItem, Page
from modemgw.store.sqlite.inbound import SqliteInboundMessages
from modemgw.store.sqlite.messages import SqliteMessages
from modemgw.store.sqlite.rows import Rows

MOST_LOOKED_AT = 20_000
"""Messages that are walked through for one page: one number may have had a million lately."""

CHUNK = 200
"""Rows that are read at once."""


class _Place(NamedTuple):
    """How far the two walks have come: all below is still to be seen."""

    message: int = 10**18 - 1
    at: float = 1e11
    """With `inbound`: of the received message that was last seen."""
    inbound: int = 10**18 - 1

    def __str__(self) -> str:
        return f"{self.message}~{self.at!r}~{self.inbound}"

    @classmethod
    def of(cls, cursor: str | None) -> _Place:
        if cursor is None:
            return cls()
        message, at, inbound = cursor.split("~")
        numbers = all(n.isascii() and n.isdecimal() and len(n) < 19 for n in (message, inbound))
        if not (numbers and isfinite(float(at))):
            raise ValueError("not a cursor of ours")
        return cls(int(message), float(at), int(inbound))


class _Seen(NamedTuple):
    """A message or a received one, on the walk."""

    received: bool
    n: int
    at: float
    number: str

    def behind(self, place: _Place) -> _Place:
        """The place once this was seen."""
        if self.received:
            return place._replace(at=self.at, inbound=self.n)
        return place._replace(message=self.n)


class SqliteConversations(Rows):
    """What was sent to a number and received from it, as one."""

    __slots__ = ()

    def find(self, query: ConversationQuery, stand: Stand) -> Page[Conversation]:
        """A page of conversations, that with the newest message first."""
        place = _Place.of(query.cursor)
        newest: dict[str, _Seen | None] = {}
        found: list[Conversation] = []
        for looked_at, seen in enumerate(self._walk(query, place)):
            if len(found) == query.limit or looked_at == MOST_LOOKED_AT:
                return Page(tuple(found), str(place))
            place = seen.behind(place)
            if seen.number not in newest:
                newest[seen.number] = self._newest(seen.number, query)
            if newest[seen.number] == seen:
                found.append(self._conversation(seen, query, stand))
        return Page(tuple(found), None)

    def items(self, number: str, query: ConversationQuery, stand: Stand) -> Page[ConversationItem]:
        """A page of what was sent to a number and received from it, newest first."""
        place = _Place.of(query.cursor)
        found: list[ConversationItem] = []
        for seen in self._walk(query, place, number):
            if len(found) == query.limit:
                return Page(tuple(found), str(place))
            place = seen.behind(place)
            found.append(self._item(seen, stand))
        return Page(tuple(found), None)

    def _walk(
        self,
        query: ConversationQuery,
        place: _Place,
        number: str | None = None,
        chunk: int = CHUNK,
    ) -> Iterator[_Seen]:
        """What comes after a place, of all numbers or one; `chunk` rows are read at once."""
        none: Iterator[_Seen] = iter(())
        only_received = query.unread or not query.sent
        sent = none if only_received else self._sent(place, number, chunk)
        received = self._received(query, place, number, chunk) if query.received else none
        message, inbound = next(sent, None), next(received, None)
        while message is not None or inbound is not None:
            if message is not None and (inbound is None or message.at > inbound.at):
                yield message
                message = next(sent, None)
            elif inbound is not None:
                yield inbound
                inbound = next(received, None)

    def _sent(self, place: _Place, number: str | None, chunk: int) -> Iterator[_Seen]:
        of_number = "" if number is None else "to_number = ? AND "
        index = "NOT INDEXED" if number is None else "INDEXED BY messages_to"
        n = place.message
        while True:
            rows = self._db.execute(
                f"SELECT n, created_at, to_number FROM messages {index} WHERE {of_number}n < ? "
                "ORDER BY n DESC LIMIT ?",
                (*(() if number is None else (number,)), n, chunk),
            ).fetchall()
            for n, at, to in rows:
                yield _Seen(False, n, at, to)
            if len(rows) < chunk:
                return

    def _received(
        self, query: ConversationQuery, place: _Place, number: str | None, chunk: int
    ) -> Iterator[_Seen]:
        of_number = "" if number is None else "sender = ? AND "
        unread = "read = 0 AND " if query.unread else ""
        at, n = place.at, place.inbound
        while True:
            rows = self._db.execute(
                f"SELECT n, received_at, sender FROM inbound WHERE {of_number}{unread}"
                "(received_at, n) < (?, ?) AND sender != '' "
                "ORDER BY received_at DESC, n DESC LIMIT ?",
                (*(() if number is None else (number,)), at, n, chunk),
            ).fetchall()
            for n, at, sender in rows:
                yield _Seen(True, n, at, sender)
            if len(rows) < chunk:
                return

    def _newest(self, number: str, query: ConversationQuery) -> _Seen | None:
        return next(self._walk(query, _Place(), number, chunk=1), None)

    def _conversation(self, seen: _Seen, query: ConversationQuery, stand: Stand) -> Conversation:
        last = self._newest(seen.number, replace(query, unread=False)) if query.unread else seen
        unread = 0
        if query.received:
            (unread,) = self._db.execute(
                "SELECT count(*) FROM inbound INDEXED BY inbound_unread "
                "WHERE sender = ? AND read = 0",
                (seen.number,),
            ).fetchone()
        return Conversation(seen.number, unread, self._item(last or seen, stand))

    def _item(self, seen: _Seen, stand: Stand) -> ConversationItem:
        if seen.received:
            inbound = SqliteInboundMessages(self._db).numbered(seen.n)
            return ConversationItem(seen.at, inbound=inbound)
        message = SqliteMessages(self._db).of_number(seen.n, stand)
        return ConversationItem(seen.at, message=message)
