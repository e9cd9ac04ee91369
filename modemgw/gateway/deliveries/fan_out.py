"""From the log of events to deliveries: who is to get what has happened.

It reads on from a cursor that is kept with the deliveries and moves in the transaction that makes
them: cut short wherever it may be, it loses nothing and makes nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from modemgw.gateway.deliveries.kinds import INBOUND
from modemgw.gateway.deliveries.subscriber import Subscriber
from modemgw.store import NewDelivery, Transaction
from modemgw.store.records import Event, Inbound

logger = logging.getLogger(__name__)

CONSUMER = "deliveries"
"""The name of the cursor."""


@dataclass(frozen=True, slots=True)
class Read:
    """How far the log was read."""

    last: int
    """The id of the last event."""
    more: bool
    """Whether there may be more."""


def fan_out(tx: Transaction, subscribers: Sequence[Subscriber], after: int, limit: int) -> Read:
    """Make the deliveries of the next `limit` events.

    `after`: an event up to which none is for anybody, if the cursor has not come so far.
    """
    at = tx.deliveries.cursor(CONSUMER)
    begin = max(at, after)
    group = tx.events.after(begin, limit)
    for event in group:
        _deliver(tx, subscribers, event)
    last = group[-1].id if group else begin
    if last > at:
        tx.deliveries.move_cursor(CONSUMER, last)
    return Read(last, len(group) == limit)


def _deliver(tx: Transaction, subscribers: Sequence[Subscriber], event: Event) -> None:
    asked = [s for s in subscribers if event.type in s.events]
    if not asked:
        return
    number, message = None, None
    if event.type == INBOUND:
        number = tx.inbound.number_of(str(event.data["id"]))
        message = None if number is None else tx.inbound.numbered(number)
        if message is None:
            logger.warning("the message of event %d is no longer kept: nobody gets it", event.id)
            return
    for subscriber in asked:
        if _wants(subscriber, event, message):
            key = message.sender if message is not None and subscriber.section.in_order else None
            new = NewDelivery(subscriber.id, subscriber.section.action, key)
            tx.deliveries.add(event, number, new)


def _wants(subscriber: Subscriber, event: Event, message: Inbound | None) -> bool:
    try:
        return subscriber.wants(message)
    except Exception:  # it must not keep the others from what is theirs, for ever
        logger.exception("handler %s cannot say if it wants event %d", subscriber.id, event.id)
        return False
