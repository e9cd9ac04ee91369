"""A message's status follows from its parts': the rule, and applying it in a transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modemgw.sms import Outcome, status_of
from modemgw.store import Submission, Transaction, messages
from modemgw.store.records import ErrorInfo, Message, MessageStatus, PartStatus

_S, _P = MessageStatus, PartStatus
GIVEN_UP = frozenset({_S.FAILED, _S.EXPIRED, _S.CANCELED})
"""Final without the network's word; only proof of delivery changes them."""


def derive(now: MessageStatus, parts: Iterable[PartStatus]) -> MessageStatus:
    """The status of a message that stands at `now` and whose parts stand like this."""
    states = set(parts)
    if states == {_P.DELIVERED} or now is _S.DELIVERED:
        return _S.DELIVERED
    if now in GIVEN_UP:
        return now
    if _P.UNDELIVERED in states:
        return _S.UNDELIVERED
    if _P.EXPIRED in states:
        return _S.EXPIRED
    if states <= {_P.SENT, _P.DELIVERED}:
        return _S.SENT
    return now if now is _S.UNKNOWN else _S.SENDING


def refresh(tx: Transaction, n: int) -> Message:
    """Bring message `n` to the status that its parts ask for; tell of a change by an event."""
    message = messages.of_number(tx, n)
    assert message is not None, "a message outlives its attempts"
    status = derive(message.status, [p.status for p in message.parts])
    if status is message.status:
        return message
    error = None
    if status in (_S.UNDELIVERED, _S.EXPIRED):
        error = next(
            (
                _network_says(part.index, part.last.receipt.status)
                for part in message.parts
                if part.status in (_P.UNDELIVERED, _P.EXPIRED)
                and part.last is not None
                and part.last.receipt is not None
            ),
            None,
        )
    change(tx, n, message.id, status, reference=message.reference, error=error)
    return message


def report(tx: Transaction, about: Submission, tp_status: int) -> None:
    """Bring the message of an attempt to the status that a new report on it asks for."""
    if about.message_parts > 1:
        refresh(tx, about.key.message)
        return
    part = messages.reported_status(tp_status)
    status = derive(about.message_status, [part])
    if status is not about.message_status:
        error = None
        if status in (_S.UNDELIVERED, _S.EXPIRED):
            error = _network_says(1, tp_status)
        change(
            tx,
            about.key.message,
            about.message_id,
            status,
            reference=about.message_reference,
            error=error,
        )


def change(
    tx: Transaction,
    n: int,
    id: str,
    status: MessageStatus,
    *,
    reference: str | None,
    error: ErrorInfo | None = None,
) -> None:
    """Move a message to a status and tell of it."""
    messages.set_status(tx, n, status, error)
    if status in _TOLD:
        tx.emit(f"message.{status}", about(id, status, reference, error))


def give_up(
    tx: Transaction,
    n: int,
    id: str,
    status: MessageStatus,
    *,
    reference: str | None,
    error: ErrorInfo,
) -> None:
    """End a message for which nothing more is done, unless a report has told its fate meanwhile."""
    if messages.is_open(tx, n):
        change(tx, n, id, status, reference=reference, error=error)


_TOLD = frozenset(_S) - {_S.SENDING, _S.SCHEDULED}
"""Statuses whose beginning is an event."""


def about(
    id: str, status: MessageStatus, reference: str | None, error: ErrorInfo | None = None
) -> dict[str, Any]:
    """The data of a message event."""
    data: dict[str, Any] = {"id": id, "status": status.value}
    if reference is not None:
        data["reference"] = reference
    if error is not None:
        data["error"] = {
            "code": error.code,
            "detail": error.detail,
            "permanent": error.permanent,
        }
    return data


def _network_says(part: int, tp_status: int) -> ErrorInfo:
    status = status_of(tp_status)
    return ErrorInfo(
        code=f"tp-st-{tp_status:02x}",
        detail=f"the network's report on part {part}: {status.meaning}",
        permanent=status.outcome is Outcome.FAILED_PERMANENT,
    )
