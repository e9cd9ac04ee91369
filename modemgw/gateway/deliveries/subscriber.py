"""Who gets deliveries; and the configured handlers, each under an id that stays its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from modemgw.config import HandlerSection
from modemgw.gateway.deliveries.kinds import KINDS, Surroundings
from modemgw.gateway.deliveries.matching import Found, find, of_event, of_payload
from modemgw.gateway.deliveries.outcome import Kind, Never, Retry
from modemgw.gateway.deliveries.patience import Patience
from modemgw.store import Payload, Transaction, Webhook
from modemgw.store.records import Event, Inbound


class Subscriber:
    """Somebody who gets deliveries, and how they are made to it.

    `hears`, `wants`, `key` and `given_up` are asked in the store's thread.
    """

    may_be_stopped: ClassVar[bool] = False
    """Whether it is not asked about what a handler before it has taken for itself."""
    with_messages: ClassVar[bool] = False
    """Whether events of messages come with the message."""
    pace_s: ClassVar[float] = 0.0
    """Once it has failed a few times in a row, it is left alone for so long after each failure."""

    def __init__(
        self,
        id: str,
        action: str,
        kind: Kind,
        *,
        at_once: int,
        timeout_s: float,
        patience: Patience,
    ) -> None:
        self.id = id
        self.action = action
        """What is done, as it is recorded with each delivery."""
        self.kind = kind
        self.at_once = at_once
        self.timeout_s = timeout_s
        self.patience = patience
        self.under_way = 0
        """Deliveries that are being made to it."""
        self.complaint: str | None = None
        """Why it did not take the last delivery, if it did not."""
        self.failures = 0
        """Deliveries in a row that it did not take."""
        self.rests_until = 0.0
        """It is left alone until then (monotonic seconds)."""

    def __str__(self) -> str:
        return self.id

    @property
    def stops(self) -> bool:
        """Whether handlers after it are not asked about what it wants."""
        return False

    @property
    def held(self) -> bool:
        """Whether nothing is delivered to it: what is pending waits."""
        return False

    def hears(self, type: str) -> bool:
        """Whether events of this type may be for it."""
        raise NotImplementedError

    def wants(self, event: Event, message: Inbound | None) -> bool:
        """Whether an event that it hears is for it; `message`: the received one it is about."""
        raise NotImplementedError

    def key(self, event: Event, message: Inbound | None) -> str | None:
        """Deliveries with the same key are made one after the other; None: whenever."""
        raise NotImplementedError

    def shown(self, payload: Payload) -> Payload:
        """A delivery as it gets it."""
        return payload

    def once(self, payload: Payload) -> bool:
        """Whether a delivery is never tried again."""
        return False

    def given_up(self, tx: Transaction, outcome: Retry | Never) -> Webhook | None:
        """What follows when a delivery is dead, in the same transaction.

        Returns the webhook that has changed by it.
        """
        return None


class Handler(Subscriber):
    """A handler of the configuration."""

    may_be_stopped = True

    def __init__(self, id: str, section: HandlerSection, kind: Kind) -> None:
        super().__init__(
            id,
            section.action,
            kind,
            at_once=section.at_once,
            timeout_s=section.timeout,
            patience=KINDS[section.action].patience,
        )
        self.section = section

    def __str__(self) -> str:
        return f"handler {self.id}"

    def hears(self, type: str) -> bool:
        """See Subscriber."""
        return KINDS[self.section.action].hears(self.section, type)

    def wants(self, event: Event, message: Inbound | None) -> bool:
        """See Subscriber."""
        came = of_event(event, message)
        return came is None or find(self.section.match, came) is not None

    @property
    def in_order(self) -> bool:
        """Whether what one sender sends is taken one after the other."""
        return self.section.in_order or KINDS[self.section.action].ordered

    def key(self, event: Event, message: Inbound | None) -> str | None:
        """See Subscriber."""
        came = of_event(event, message) if self.in_order else None
        return None if came is None else came.sender or None

    @property
    def stops(self) -> bool:
        """See Subscriber."""
        return self.section.stop

    def shown(self, payload: Payload) -> Payload:
        """See Subscriber: with what it has found, where there is a text to find it in.

        By its table as it is now: that may be another one than when it was found to want this.
        """
        if payload.inbound is None:
            return payload
        found = find(self.section.match, of_payload(payload)) or Found()
        return replace(payload, data={"match": found.as_json()})


def made_up_id(section: HandlerSection) -> str:
    """The id of a handler that has none: from what it does, wherever in the file it stands.

    So what is pending for it can never go to another address: with the address the id changes.
    """
    kind = section.action
    target = json.dumps([kind, getattr(section, kind)])
    return f"{kind}-{hashlib.sha256(target.encode()).hexdigest()[:8]}"


def named(sections: Sequence[HandlerSection]) -> dict[str, HandlerSection]:
    """The handlers by id. Those that do the very same get a number behind a made-up one."""
    given = {section.id for section in sections if section.id is not None}
    found: dict[str, HandlerSection] = {}
    for section in sections:
        id = section.id
        if id is None:
            id = base = made_up_id(section)
            count = 1
            while id in found or id in given:
                count += 1
                id = f"{base}-{count}"
        found[id] = section
    return found


def former_ids(sections: Sequence[HandlerSection]) -> dict[str, str]:
    """Ids by what handlers were called before: by place and kind, by the first versions."""
    return {
        f"{place}:{section.action}": id
        for place, (id, section) in enumerate(named(sections).items(), 1)
    }


def make(section: HandlerSection, around: Surroundings) -> Kind:
    """What makes deliveries as the section says."""
    return KINDS[section.action].make(section, around)
