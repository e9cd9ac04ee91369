"""The kinds of deliveries: what each key of a [[handler]] table does.

To add one: a file beside these with a class that has `deliver` and `close` (see outcome.py), a line
in KINDS, and the key in `HandlerSection` and its `ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modemgw.config import HandlerSection
from modemgw.gateway.deliveries.outcome import Kind
from modemgw.gateway.deliveries.program import Program
from modemgw.gateway.deliveries.python import Python
from modemgw.gateway.deliveries.reply import Accept, Reply
from modemgw.gateway.deliveries.webhook import Webhook

INBOUND = "inbound.received"
COMPLETED = "inbound.completed"
"""A late part has completed what was handed on incomplete."""


@dataclass(frozen=True, slots=True)
class KindOf:
    """How a kind is made for a handler, and which events are for it."""

    make: Callable[[HandlerSection, Accept], Kind]
    """From the handler's table; the second is what accepts an automatic reply."""
    events: frozenset[str] = frozenset({INBOUND})


def _program(section: HandlerSection, _: Accept) -> Kind:
    assert section.exec is not None, "the configuration was checked"
    return Program(section.exec)


def _webhook(section: HandlerSection, _: Accept) -> Kind:
    assert section.webhook is not None, "the configuration was checked"
    return Webhook(section.webhook, section.at_once)


def _python(section: HandlerSection, _: Accept) -> Kind:
    assert section.python is not None, "the configuration was checked"
    return Python(section.python, section.at_once)


def _reply(section: HandlerSection, accept: Accept) -> Kind:
    assert section.reply is not None, "the configuration was checked"
    return Reply(section.reply, accept)


KINDS = {
    "exec": KindOf(_program),
    "webhook": KindOf(_webhook),
    "python": KindOf(_python),
    "reply": KindOf(_reply),
}
"""By the key of the handler's table."""
