"""The kinds of deliveries: what each key of a [[handler]] table does.

To add one: a file beside these with a class that has `deliver` and `close` (see outcome.py), a line
in KINDS, and the key in `HandlerSection` and its `ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modemgw.config import HandlerSection, SmtpSection
from modemgw.gateway.deliveries import forward, mail
from modemgw.gateway.deliveries.account import Account, account
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.forward import Forward
from modemgw.gateway.deliveries.mail import Mail
from modemgw.gateway.deliveries.matching import CALL
from modemgw.gateway.deliveries.outcome import Kind
from modemgw.gateway.deliveries.patience import OF_HANDLERS, OF_MAIL, Patience
from modemgw.gateway.deliveries.program import OUTPUT_BYTES, Limits, Program
from modemgw.gateway.deliveries.python import Python
from modemgw.gateway.deliveries.reply import Reply
from modemgw.gateway.deliveries.webhook import Webhook
from modemgw.gateway.deliveries.workers import Calling
from modemgw.store import Store

INBOUND = "inbound.received"
ON = {INBOUND: "message", CALL: "call"}
"""What `on` of a handler chooses; other types of events are for all whose kind is asked of them."""
COMPLETED = "inbound.completed"
"""A late part has completed what was handed on incomplete."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a kind may use besides its handler's table."""

    answering: Answering
    store: Store
    smtp: SmtpSection | None = None


@dataclass(frozen=True, slots=True)
class KindOf:
    """How a kind is made for a handler, and which events are for it."""

    make: Callable[[HandlerSection, Surroundings], Kind]
    """Raises ValueError when the handler names a user that there is not, or that we may not be."""
    events: frozenset[str] = frozenset({INBOUND, CALL})
    ordered: bool = False
    """What one sender sends is always taken one after the other."""
    anew: bool = False
    """It is made anew with each configuration, though its table is the same: what it goes by is
    not all in there."""
    patience: Patience = OF_HANDLERS

    def hears(self, section: HandlerSection, type: str) -> bool:
        """Whether a handler of this kind is asked about events of a type."""
        return type in self.events and ON.get(type, section.on) == section.on


def _program(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.exec is not None, "the configuration was checked"
    answering = around.answering if section.output == "reply" else None
    output_bytes = OUTPUT_BYTES if section.output_bytes is None else section.output_bytes
    limits = Limits(_account(section), section.memory_mb, output_bytes)
    return Program(section.exec, answering, limits)


def _webhook(section: HandlerSection, _: Surroundings) -> Kind:
    assert section.webhook is not None, "the configuration was checked"
    return Webhook(section.webhook, section.at_once)


def _python(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.python is not None, "the configuration was checked"
    calling = Calling(section.python, _account(section), section.memory_mb)
    return Python(calling, around.answering, around.store)


def _reply(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.reply is not None, "the configuration was checked"
    return Reply(section.reply, around.answering)


def _forward(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.forward is not None, "the configuration was checked"
    usual = forward.CALL if section.on == "call" else forward.PREFIX
    prefix = usual if section.prefix is None else section.prefix
    return Forward(section.forward, prefix, around.answering)


def _mail(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.email is not None, "the configuration was checked"
    assert around.smtp is not None, "the configuration was checked"
    usual = mail.OF_CALLS if section.on == "call" else mail.OF_MESSAGES
    return Mail(
        section.email,
        around.smtp,
        store=around.store,
        at_once=section.at_once,
        subject=usual.subject if section.subject is None else section.subject,
        body=usual.body if section.body is None else section.body,
    )


def _account(section: HandlerSection) -> Account | None:
    return None if section.user is None else account(section.user)


KINDS = {
    "exec": KindOf(_program),
    "webhook": KindOf(_webhook),
    "python": KindOf(_python, anew=True),
    "reply": KindOf(_reply, ordered=True),
    "forward": KindOf(_forward, ordered=True),
    "email": KindOf(_mail, anew=True, patience=OF_MAIL),
}
"""By the key of the handler's table."""
