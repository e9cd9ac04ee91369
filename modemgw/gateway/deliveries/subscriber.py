"""Who gets inbound messages: the configured handlers, each under an id that stays its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from modemgw.config import HandlerMatch, HandlerSection
from modemgw.gateway.deliveries.outcome import Kind
from modemgw.gateway.deliveries.program import Program
from modemgw.gateway.deliveries.python import Python
from modemgw.gateway.deliveries.reply import Accept, Reply
from modemgw.gateway.deliveries.webhook import Webhook
from modemgw.store.records import Inbound


@dataclass(slots=True, eq=False)
class Subscriber:
    """A handler, and how messages are handed to it."""

    id: str
    section: HandlerSection
    kind: Kind
    under_way: int = 0
    """Messages that are being handed to it."""
    complaint: str | None = None
    """Why it did not take the last message, if it did not."""


def kind_of(section: HandlerSection) -> str:
    """The key that says what is done: exec, webhook, python or reply."""
    return next(
        kind
        for kind in ("exec", "webhook", "python", "reply")
        if getattr(section, kind) is not None
    )


def made_up_id(section: HandlerSection) -> str:
    """The id of a handler that has none: from what it does, wherever in the file it stands.

    So what is pending for it can never go to another address: with the address the id changes.
    """
    kind = kind_of(section)
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
        f"{place}:{kind_of(section)}": id
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
    """What hands messages over as the section says."""
    if section.exec is not None:
        return Program(section.exec)
    if section.webhook is not None:
        return Webhook(section.webhook, section.at_once)
    if section.python is not None:
        return Python(section.python, section.at_once)
    assert section.reply is not None, "the configuration was checked"
    return Reply(section.reply, accept_reply)
