"""Who gets deliveries: the configured handlers, each under an id that stays its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from modemgw.config import HandlerMatch, HandlerSection
from modemgw.gateway.deliveries.kinds import KINDS
from modemgw.gateway.deliveries.outcome import Kind
from modemgw.gateway.deliveries.reply import Accept
from modemgw.store.records import Inbound


@dataclass(slots=True, eq=False)
class Subscriber:
    """A handler, and how deliveries are made to it."""

    id: str
    section: HandlerSection
    kind: Kind
    under_way: int = 0
    """Deliveries that are being made to it."""
    complaint: str | None = None
    """Why it did not take the last delivery, if it did not."""

    @property
    def events(self) -> frozenset[str]:
        """Types of events that it is asked about."""
        return KINDS[self.section.action].events

    def wants(self, message: Inbound | None) -> bool:
        """Whether an event of those types is for it; `message`: the one it is about, if any."""
        return message is None or matches(self.section.match, message)


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


def matches(match: HandlerMatch, message: Inbound) -> bool:
    """Whether a handler wants a message."""
    if match.keyword is not None:
        words = (message.text or "").split(maxsplit=1)
        if not words or words[0].casefold() != match.keyword.casefold():
            return False
    if match.from_prefix and not message.sender.startswith(match.from_prefix):
        return False
    return not match.modem or message.modem in match.modem


def make(section: HandlerSection, accept_reply: Accept) -> Kind:
    """What makes deliveries as the section says."""
    return KINDS[section.action].make(section, accept_reply)
