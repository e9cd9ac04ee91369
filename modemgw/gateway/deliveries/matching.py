"""Whom what came in is for: what handlers look at, and what they find in it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modemgw.config import HandlerMatch
from modemgw.config.patterns import Groups, search
from modemgw.store import Payload
from modemgw.store.records import Event, Inbound

CALL = "call.received"
"""The event of somebody who calls: {modem, sim, from, to, name}; null what is not known."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came in, a message or a call, as far as it matters to whom it is for."""

    id: str
    sender: str
    """As the network gave it; empty for one who withholds the number."""
    to: str | None
    modem: str
    sim: str
    at: float
    """UTC seconds."""
    text: str | None = None
    data: bytes | None = None
    ports: tuple[int, int] | None = None
    message_class: int | None = None
    name: str = ""
    """Of a caller, where the modem knows it."""
    asks: str | None = None
    """`stop`, `start` or `help`: what its whole text asks of the gateway."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a handler finds in what it takes."""

    keyword: str = ""
    """The first word of the text, as it was written."""
    rest: str = ""
    """What follows it."""
    groups: Groups | None = None
    """Of the handler's pattern."""

    def as_json(self) -> dict[str, Any]:
        """For programs: names of groups are text."""
        groups = {str(name): said for name, said in (self.groups or {}).items()}
        return {"keyword": self.keyword, "rest": self.rest, "groups": groups}


def of_message(message: Inbound) -> Came:
    """A received message."""
    return Came(
        id=message.id,
        sender=message.sender,
        to=message.to,
        modem=message.modem,
        sim=message.sim,
        at=message.received_at,
        text=message.text,
        data=message.data,
        ports=message.ports,
        message_class=message.message_class,
        asks=message.keyword,
    )


def of_call(id: str, at: float, data: Mapping[str, Any]) -> Came:
    """A call, as its event tells of it."""
    return Came(
        id=id,
        sender=data.get("from") or "",
        to=data.get("to"),
        modem=str(data.get("modem", "")),
        sim=str(data.get("sim", "")),
        at=at,
        name=data.get("name") or "",
    )


def of_event(event: Event, message: Inbound | None) -> Came | None:
    """What an event tells of; None where that is nothing that came in."""
    if message is not None:
        return of_message(message)
    return of_call(str(event.id), event.at, event.data) if event.type == CALL else None


def of_payload(payload: Payload) -> Came:
    """What a delivery is about: a message or a call."""
    if payload.inbound is not None:
        return of_message(payload.inbound)
    return of_call(payload.id, payload.at, payload.data)


def find(match: HandlerMatch, came: Came) -> Found | None:
    """What a handler finds in what it takes; None where it is not for it."""
    if not _from_and_to(match, came):
        return None
    if came.asks is not None and match.keyword is None:
        return None  # the gateway has done it; it is for nobody else who has not that very word
    if match.port and (came.ports is None or came.ports[0] not in match.port):
        return None
    if match.class_ and came.message_class not in match.class_:
        return None
    words = (came.text or "").split(maxsplit=1)
    keyword, rest = words[0] if words else "", words[1].rstrip() if len(words) > 1 else ""
    if match.keyword is not None and keyword.casefold() != match.keyword.casefold():
        return None
    groups = None
    if match.pattern is not None:
        groups = None if came.text is None else search(match.pattern, came.text)
        if groups is None:
            return None
    return Found(keyword, rest, groups)


def _from_and_to(match: HandlerMatch, came: Came) -> bool:
    """Whether a handler is for this sender, and for the SIM that it came to."""
    if match.modem and came.modem not in match.modem:
        return False
    if match.sim and came.sim not in match.sim:
        return False
    if match.to and came.to not in match.to:
        return False
    if match.from_ and came.sender not in match.from_:
        return False
    if match.from_prefix and not came.sender.startswith(match.from_prefix):
        return False
    return match.from_pattern is None or search(match.from_pattern, came.sender) is not None
