"""From the log of events to deliveries: who is to get what has happened.

It reads on from a cursor that is kept with the deliveries and moves in the transaction that makes
them: cut short wherever it may be, it loses nothing and makes nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modemgw.gateway.deliveries.endpoint import callback_id
from modemgw.gateway.deliveries.kinds import COMPLETED, INBOUND
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


def fan_out(
    tx: Transaction,
    subscribers: Sequence[Subscriber],
    after: int,
    limit: int,
    *,
    call_back: bool = False,
) -> Read:
    """Make the deliveries of the next `limit` events.

    `after`: an event up to which none is for anybody, if the cursor has not come so far.
    `call_back`: messages may name addresses.
    """
    at = tx.deliveries.cursor(CONSUMER)
    begin = max(at, after)
    group = tx.events.after(begin, limit)
    named = _named_addresses(tx, group) if call_back else {}
    for event in group:
        _deliver(tx, subscribers, event)
        _call_back(tx, named, event)
    last = group[-1].id if group else begin
    if last > at:
        tx.deliveries.move_cursor(CONSUMER, last)
    return Read(last, len(group) == limit)


def _deliver(tx: Transaction, subscribers: Sequence[Subscriber], event: Event) -> None:
    hearing = [s for s in subscribers if s.hears(event.type)]
    if not hearing:
        return
    number, message = None, None
    if event.type in (INBOUND, COMPLETED):
        number = tx.inbound.number_of(str(event.data["id"]))
        message = None if number is None else tx.inbound.numbered(number)
        if message is None:
            logger.warning("the message of event %d is no longer kept: nobody gets it", event.id)
            return
    stopped = False
    for subscriber in hearing:
        if stopped and subscriber.may_be_stopped:
            continue
        if _wants(subscriber, event, message):
            key = subscriber.key(event, message)
            tx.deliveries.add(event, number, NewDelivery(subscriber.id, subscriber.action, key))
            stopped |= subscriber.stops


def _wants(subscriber: Subscriber, event: Event, message: Inbound | None) -> bool:
    try:
        return subscriber.wants(event, message)
    except Exception:  # it must not keep the others from what is theirs, for ever
        logger.exception("%s cannot say if it wants event %d", subscriber, event.id)
        return False


def _named_addresses(tx: Transaction, group: Sequence[Event]) -> Mapping[str, str]:
    """By message: the addresses that those name which these events are about."""
    messages = {str(e.data.get("id")) for e in group if e.type.startswith("message.")}
    return tx.webhooks.callbacks(sorted(messages)) if messages else {}


def _call_back(tx: Transaction, named: Mapping[str, str], event: Event) -> None:
    if event.type.startswith("message."):
        message = str(event.data.get("id"))
        if (url := named.get(message)) is not None:
            tx.deliveries.add(event, None, NewDelivery(callback_id(url), "callback", message))
