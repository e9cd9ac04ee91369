"""A message follows its parts: what attempts and reports ask for is brought to it."""

from __future__ import annotations

from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.life import Subject
from modemgw.sms import Outcome, status_of
from modemgw.store import Candidate, Transaction
from modemgw.store.records import ErrorInfo, Message, PartStatus

_NO = frozenset({PartStatus.UNDELIVERED, PartStatus.EXPIRED})


def refresh(tx: Transaction, n: int) -> None:
    """Bring message `n` to the status that its parts ask for; tell of a change by an event."""
    message = tx.messages.of_number(n, life.part_status)
    assert message is not None, "a message outlives its attempts"
    happening = life.asked_by(part.status for part in message.parts)
    subject = Subject(n, message.id, message.reference)
    life.move(tx, subject, happening, stands=message.status, error=_error(message))


def report(tx: Transaction, about: Candidate, tp_status: int) -> None:
    """Bring the message of an attempt to the status that a new report on it asks for."""
    if about.message_parts > 1 or not about.only_try:
        refresh(tx, about.key.message)
        return
    part = life.reported(about.state, tp_status)
    happening = life.asked_by([part])
    subject = Subject(about.key.message, about.message_id, about.message_reference)
    error = _network_says(1, tp_status) if part in _NO else None
    life.move(tx, subject, happening, stands=about.message_status, error=error)


def _error(message: Message) -> ErrorInfo | None:
    """What the network says of the first part that it did not deliver."""
    for part in message.parts:
        receipt = None if part.last is None else part.last.receipt
        if part.status in _NO and receipt is not None:
            return _network_says(part.index, receipt.status)
    return None


def _network_says(part: int, tp_status: int) -> ErrorInfo:
    status = status_of(tp_status)
    return ErrorInfo(
        code=f"tp-st-{tp_status:02x}",
        detail=f"the network's report on part {part}: {status.meaning}",
        permanent=status.outcome is Outcome.FAILED_PERMANENT,
    )
