"""The life of a message and of its parts as two tables, and the only way to write a status.

`MESSAGE` says which happening leads a message from which status to which, and what is told of it;
`PART` says where a part stands after an attempt and its receipt. `move` compares the status that is
stored with the table and sets the next one: a happening that comes too late, or twice, or a second
time after a failing disk, changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from modemgw.sms import Outcome, status_of
from modemgw.store import Transaction
from modemgw.store.records import (
    Attempt,
    AttemptState,
    ErrorInfo,
    Message,
    MessageStatus,
    PartStatus,
)

logger = logging.getLogger(__name__)


class Happening(StrEnum):
    """What moves a message from status to status."""

    DUE = "due"  # its send_at has come
    PUT_OFF = "put off"  # it has to wait for a better time, and nothing of it can have gone out
    BEGUN = "begun"  # a part is about to go out
    UNDER_WAY = "under way"  # of some part nobody can say yet that it was accepted
    ACCEPTED = "accepted"  # the network has every part
    DELIVERED = "delivered"  # every part was reported as delivered
    UNDELIVERED = "undelivered"  # a part's report says no
    LAPSED = "lapsed"  # a part's report says that its validity ended at the service centre
    OVERDUE = "overdue"  # the receipts did not come in time
    CANCELED = "canceled"
    FAILED = "failed"  # given up: nothing can have gone out
    EXPIRED = "expired"  # given up: its validity ended before it could be sent
    DOUBTED = "doubted"  # given up: nobody knows whether it was sent


_S, _P, _A, _H = MessageStatus, PartStatus, AttemptState, Happening
_GIVEN_UP = (_S.FAILED, _S.EXPIRED, _S.CANCELED)
"""Final without the network's word; only proof of delivery changes them."""
_OPEN = (_S.SCHEDULED, _S.QUEUED, _S.SENDING)

MESSAGE: dict[tuple[MessageStatus, Happening], tuple[MessageStatus, str | None]] = {
    (_S.SCHEDULED, _H.DUE): (_S.QUEUED, "message.queued"),
    (_S.QUEUED, _H.PUT_OFF): (_S.SCHEDULED, None),
    (_S.SENDING, _H.PUT_OFF): (_S.SCHEDULED, None),
    (_S.SCHEDULED, _H.BEGUN): (_S.SENDING, None),
    (_S.QUEUED, _H.BEGUN): (_S.SENDING, None),
    (_S.UNDELIVERED, _H.UNDER_WAY): (_S.SENDING, None),  # corrected, and not every part was tried
    (_S.UNDELIVERED, _H.ACCEPTED): (_S.SENT, "message.sent"),  # corrected
    (_S.UNDELIVERED, _H.LAPSED): (_S.EXPIRED, "message.expired"),
    (_S.UNKNOWN, _H.ACCEPTED): (_S.SENT, "message.sent"),
    (_S.UNKNOWN, _H.UNDELIVERED): (_S.UNDELIVERED, "message.undelivered"),
    (_S.UNKNOWN, _H.LAPSED): (_S.EXPIRED, "message.expired"),
    (_S.SENT, _H.UNDELIVERED): (_S.UNDELIVERED, "message.undelivered"),
    (_S.SENT, _H.LAPSED): (_S.EXPIRED, "message.expired"),
    (_S.SENT, _H.OVERDUE): (_S.SENT, "message.sent"),
}
for _status in _OPEN:
    MESSAGE[_status, _H.UNDER_WAY] = (_S.SENDING, None)
    MESSAGE[_status, _H.ACCEPTED] = (_S.SENT, "message.sent")
    MESSAGE[_status, _H.UNDELIVERED] = (_S.UNDELIVERED, "message.undelivered")
    MESSAGE[_status, _H.LAPSED] = (_S.EXPIRED, "message.expired")
    MESSAGE[_status, _H.CANCELED] = (_S.CANCELED, "message.canceled")
    MESSAGE[_status, _H.FAILED] = (_S.FAILED, "message.failed")
    MESSAGE[_status, _H.EXPIRED] = (_S.EXPIRED, "message.expired")
    MESSAGE[_status, _H.DOUBTED] = (_S.UNKNOWN, "message.unknown")
for _status in _S:
    # Delivered is delivered, whatever was thought before.
    MESSAGE[_status, _H.DELIVERED] = (_S.DELIVERED, "message.delivered")
    if _status not in _OPEN:
        # Who gives up is overtaken by a report that told the fate meanwhile.
        for _happening in (_H.FAILED, _H.EXPIRED, _H.DOUBTED):
            MESSAGE[_status, _happening] = (_status, None)
for _status in (*_GIVEN_UP, _S.DELIVERED):
    # Reports on single parts do not reopen what is over.
    for _happening in (_H.UNDER_WAY, _H.ACCEPTED, _H.UNDELIVERED, _H.LAPSED):
        MESSAGE[_status, _happening] = (_status, None)
for _status, _happening in (
    (_S.SENDING, _H.BEGUN),
    (_S.SENDING, _H.UNDER_WAY),
    (_S.UNKNOWN, _H.UNDER_WAY),
    (_S.SENT, _H.ACCEPTED),
    (_S.UNDELIVERED, _H.UNDELIVERED),
    (_S.DELIVERED, _H.DELIVERED),
):
    MESSAGE[_status, _happening] = (_status, None)


def is_settled(message: Message) -> bool:
    """Whether nothing more is awaited: its fate is known, or given up (`unknown`).

    `sent` is the end where no receipt was asked for. A report that comes after all may still
    correct it.
    """
    if message.status is _S.SENT:
        return not message.receipt
    return message.status not in _OPEN


PART: dict[tuple[AttemptState, Outcome | None], PartStatus] = {
    (_A.SUBMITTING, None): _P.SUBMITTING,
    (_A.ACCEPTED, None): _P.SENT,
    (_A.AMBIGUOUS, None): _P.AMBIGUOUS,
    (_A.REFUSED, None): _P.QUEUED,
    (_A.NOT_SENT, None): _P.QUEUED,
}
for _state in _A:
    # A report is the network's own word: what was thought of the attempt before does not count.
    PART[_state, Outcome.DELIVERED] = _P.DELIVERED
    PART[_state, Outcome.EXPIRED] = _P.EXPIRED
    for _outcome in (Outcome.UNCONFIRMED, Outcome.REPLACED, Outcome.TRYING, Outcome.UNKNOWN):
        PART[_state, _outcome] = _P.SENT
    for _outcome in (Outcome.FAILED_PERMANENT, Outcome.FAILED_TEMPORARY, Outcome.CANCELED):
        PART[_state, _outcome] = _P.UNDELIVERED


class Subject(NamedTuple):
    """The message that moves: its number, and what its events name."""

    n: int
    id: str
    reference: str | None


def move(
    tx: Transaction,
    subject: Subject,
    happening: Happening,
    *,
    stands: MessageStatus | None = None,
    likely: MessageStatus | None = None,
    error: ErrorInfo | None = None,
    more: dict[str, Any] | None = None,
) -> MessageStatus | None:
    """Let something happen to a message. Returns where it stands then; None: it was refused.

    `stands`: its status, where this unit of work has read it already; or `likely`: where it most
    probably stands, which saves the reading if the comparison agrees. `error` is kept with a new
    status, `more` is told in its event. What cannot happen to a message that stands where it does
    is logged and changes nothing.
    """
    for guess in (likely, None) if likely is not None else (None,):
        now = guess or stands or tx.messages.status(subject.n)
        if now is None:
            logger.warning("message %s is gone: it cannot be %s", subject.id, happening)
            return None
        then, event = MESSAGE.get((now, happening), (None, None))
        if then is None:
            continue
        # What changes nothing compares nothing either: a guess does not do.
        if then is now:
            right = guess is None
        else:
            right = tx.messages.compare_and_set(subject.n, now, then, error)
        if right:
            if event is not None:
                data = about(subject.id, subject.reference, then, error)
                tx.events.emit(event, data if more is None else data | more)
            return then
    logger.warning("message %s is %s: %s cannot happen to it", subject.id, now, happening)
    return None


def about(
    id: str, reference: str | None, status: MessageStatus, error: ErrorInfo | None = None
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


def asked_by(parts: Iterable[PartStatus]) -> Happening:
    """What parts that stand like this ask for."""
    states = set(parts)
    if states == {_P.DELIVERED}:
        return _H.DELIVERED
    if _P.UNDELIVERED in states:
        return _H.UNDELIVERED
    if _P.EXPIRED in states:
        return _H.LAPSED
    return _H.ACCEPTED if states <= {_P.SENT, _P.DELIVERED} else _H.UNDER_WAY


def given_up(status: MessageStatus) -> Happening:
    """The happening that ends a message for which nothing more is done. Raises KeyError."""
    return {_S.FAILED: _H.FAILED, _S.EXPIRED: _H.EXPIRED, _S.UNKNOWN: _H.DOUBTED}[status]


def reported(state: AttemptState, tp_status: int) -> PartStatus:
    """Where a part stands after a report with this TP-ST (TS 23.040 9.2.3.15) on an attempt."""
    return PART[state, status_of(tp_status).outcome]


def part_status(history: Sequence[Attempt], message: MessageStatus) -> PartStatus:
    """Where a part stands, from its attempts (oldest first) and its message's status."""
    outcomes = [None if a.receipt is None else status_of(a.receipt.status).outcome for a in history]
    if Outcome.DELIVERED in outcomes[:-1]:
        return _P.DELIVERED  # by an earlier try that was in doubt
    stands = PART[history[-1].state, outcomes[-1]] if history else _P.QUEUED
    if stands is _P.QUEUED and message in _GIVEN_UP:
        return PartStatus(message.value)
    return stands
