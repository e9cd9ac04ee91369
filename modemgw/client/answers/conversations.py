"""Conversations: what was sent to a number and received from it."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer
from modemgw.client.answers.inbound import Inbound
from modemgw.client.answers.messages import Message


class ConversationItem(Answer):
    """One message of a conversation, either way."""

    direction: str
    """sent or received, as the gateway sees it."""
    at: datetime
    message: Message | None
    """What was sent."""
    inbound: Inbound | None
    """What was received."""


class Conversation(Answer):
    """What was sent to a number and received from it."""

    number: str
    unread: int
    last: ConversationItem
