"""The kinds of deliveries: what each key of a [[handler]] table does.

To add one: a file beside these with a class that has `deliver` and `close` (see outcome.py), a line
in KINDS, and the key in `HandlerSection` and its `ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modemgw.config import HandlerSection
from modemgw.gateway.deliveries import forward
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.forward import Forward
from modemgw.gateway.deliveries.matching import CALL
from modemgw.gateway.deliveries.outcome import Kind
from modemgw.gateway.deliveries.program import Program
from modemgw.gateway.deliveries.python import Python
from modemgw.gateway.deliveries.reply import Reply
from modemgw.gateway.deliveries.webhook import Webhook

INBOUND = "inbound.received"
ON = {INBOUND: "message", CALL: "call"}
"""What `on` of a handler chooses; other types of events are for all whose kind is asked of them."""
COMPLETED = "inbound.completed"
"""A late part has completed what was handed on incomplete."""


@dataclass(frozen=True, slots=True)
class KindOf:
    """How a kind is made for a handler, and which events are for it."""

    make: Callable[[HandlerSection, Answering], Kind]
    """From the handler's table; the second is what answers the sender."""
    events: frozenset[str] = frozenset({INBOUND, CALL})
    ordered: bool = False
    """What one sender sends is always taken one after the other."""

    def hears(self, section: HandlerSection, type: str) -> bool:
        """Whether a handler of this kind is asked about events of a type."""
        return type in self.events and ON.get(type, section.on) == section.on


def _program(section: HandlerSection, _: Answering) -> Kind:
    assert section.exec is not None, "the configuration was checked"
    return Program(section.exec)


def _webhook(section: HandlerSection, _: Answering) -> Kind:
    assert section.webhook is not None, "the configuration was checked"
    return Webhook(section.webhook, section.at_once)


def _python(section: HandlerSection, _: Answering) -> Kind:
    assert section.python is not None, "the configuration was checked"
    return Python(section.python, section.at_once)


def _reply(section: HandlerSection, answering: Answering) -> Kind:
    assert section.reply is not None, "the configuration was checked"
    return Reply(section.reply, answering)


def _forward(section: HandlerSection, answering: Answering) -> Kind:
    assert section.forward is not None, "the configuration was checked"
    usual = forward.CALL if section.on == "call" else forward.PREFIX
    prefix = usual if section.prefix is None else section.prefix
    return Forward(section.forward, prefix, answering)


KINDS = {
    "exec": KindOf(_program),
    "webhook": KindOf(_webhook),
    "python": KindOf(_python),
    "reply": KindOf(_reply, ordered=True),
    "forward": KindOf(_forward, ordered=True),
}
"""By the key of the handler's table."""
