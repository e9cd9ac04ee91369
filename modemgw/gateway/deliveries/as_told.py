"""A message as it was when an event told of it.

An event is delivered after it has happened, maybe much later, and by then the message has moved on.
Its receiver goes by `type` and by what `data` holds, so the two must say the same, at each try.
"""

from __future__ import annotations

from dataclasses import replace

from modemgw.gateway.outgoing import life
from modemgw.store import Payload
from modemgw.store.records import (
    Attempt,
    AttemptState,
    ErrorInfo,
    Message,
    MessageStatus,
    Part,
)


def as_told(payload: Payload) -> Payload:
    """A delivery with its message, if it has one, as the event tells of it."""
    if payload.message is None:
        return payload
    return replace(payload, message=_as_of(payload.message, payload))


def _as_of(message: Message, payload: Payload) -> Message:
    told, at = payload.data, payload.at
    status = MessageStatus(told["status"])
    error = ErrorInfo(**told["error"]) if "error" in told else None
    if error is None and status is message.status:
        error = message.error
    parts = tuple(_part(part, at, status) for part in message.parts)
    return message._replace(status=status, error=error, parts=parts, updated_at=at)


def _part(part: Part, at: float, status: MessageStatus) -> Part:
    attempts = tuple(_attempt(a, at) for a in part.attempts if a.started_at <= at)
    return Part(part.index, life.part_status(attempts, status), attempts)


def _attempt(attempt: Attempt, at: float) -> Attempt:
    if attempt.receipt is not None and attempt.receipt.received_at > at:
        attempt = replace(attempt, receipt=None)
    if attempt.ended_at is None or attempt.ended_at <= at:
        return attempt
    return replace(
        attempt,
        state=AttemptState.SUBMITTING,
        reference=None,
        ended_at=None,
        error=None,
        retry=None,
        cost=None,
    )
