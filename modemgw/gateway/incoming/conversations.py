"""Conversations as doors see them: what was sent to a number and received from it, as one."""

from __future__ import annotations

from modemgw.gateway.errors import FieldProblem, NotFound, Rejected, foreign_cursor
from modemgw.gateway.outgoing import life
from modemgw.store import ConversationQuery, Store
from modemgw.store.records import Conversation, ConversationItem, Page

CHUNK = 500
"""Messages that are marked in one transaction: others must not wait long for the writer."""


class Conversations:
    """What was sent to a number and received from it, as one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, query: ConversationQuery) -> Page[Conversation]:
        """A page of conversations, that with the newest message first.

        It may have fewer than were asked for though there are more. Raises Rejected for a foreign
        cursor.
        """
        try:
            return await self._store.read(
                lambda view: view.conversations.find(query, life.part_status)
            )
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error

    async def items(self, number: str, query: ConversationQuery) -> Page[ConversationItem]:
        """A page of a conversation, newest first. Raises NotFound, Rejected (foreign cursor)."""
        try:
            page = await self._store.read(
                lambda view: view.conversations.items(number, query, life.part_status)
            )
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error
        if not page.items and query.cursor is None:
            raise _missing(number)
        return page

    async def mark_read(self, number: str, through: str | None) -> int:
        """Mark what was received from a number as read; returns how many were not before.

        `through`: the id of the last message that was seen; what came after it stays unread.
        Raises NotFound, Rejected (`through` is no message of this number).
        """
        last = None if through is None else await self._number_of(number, through)
        first = await self._store.look_up(
            lambda view: view.conversations.items(
                number, ConversationQuery(sent=False, limit=1), life.part_status
            )
        )
        if not first.items:
            raise NotFound(f"nothing was received from {number!r}")
        count, marked = 0, CHUNK
        while marked == CHUNK:
            marked = await self._store.write(
                lambda tx: tx.inbound.mark_all_read(number, last, CHUNK)
            )
            count += marked
        return count

    async def _number_of(self, number: str, through: str) -> int:
        found = await self._store.look_up(
            lambda view: (view.inbound.get(through), view.inbound.number_of(through))
        )
        message, n = found
        if message is None or n is None or message.sender != number:
            detail = f"{through!r} is no message that was received from {number!r}"
            raise Rejected([FieldProblem("through", detail, "unknown")])
        return n


def _missing(number: str) -> NotFound:
    return NotFound(f"nothing was sent to {number!r} or received from there")
