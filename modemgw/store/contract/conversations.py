"""Conversations: what was sent to a number and received from it, as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from modemgw.store.contract.messages import Stand
from modemgw.store.records import Conversation, ConversationItem, Page


@dataclass(frozen=True, slots=True)
class ConversationQuery:
    """Which conversations, or items of one, to list: the newest first."""

    sent: bool = True
    """Messages that were sent count …"""
    received: bool = True
    """… and those that were received."""
    unread: bool = False
    """Only conversations with unread messages: by the newest unread one."""
    limit: int = 50
    cursor: str | None = None


class ConversationsView(Protocol):
    """What was sent to a number and received from it, as one."""

    def find(self, query: ConversationQuery, stand: Stand) -> Page[Conversation]:
        """A page of conversations, that with the newest message first.

        It may have fewer than it could, also none, and go on: so many messages are looked through
        for one page and no more. Raises ValueError for a cursor that is not ours.
        """

    def items(self, number: str, query: ConversationQuery, stand: Stand) -> Page[ConversationItem]:
        """A page of what was sent to a number and received from it, newest first.

        Raises ValueError for a cursor that is not ours.
        """
