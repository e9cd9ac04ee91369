"""The kinds of deliveries: what each key of a [[handler]] table does.

To add one: a file beside these with a class that has `deliver` and `close` (see outcome.py), a line
in KINDS, and the key in `HandlerSection` and its `ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from modemgw.config import HandlerSection, SmtpSection
from modemgw.gateway.deliveries.account import Account, account
from modemgw.gateway.deliveries.errands import MayAnswer, Send, answerable
from modemgw.gateway.deliveries.mail import Mail
from modemgw.gateway.deliveries.outcome import Kind
from modemgw.gateway.deliveries.patience import OF_HANDLERS, OF_MAIL, Patience
from modemgw.gateway.deliveries.program import Limits, Program
from modemgw.gateway.deliveries.python import Python
from modemgw.gateway.deliveries.reply import Accept, Reply
from modemgw.gateway.deliveries.webhook import Webhook
from modemgw.gateway.deliveries.workers import Calling

INBOUND = "inbound.received"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a kind may use besides its handler's table."""

    reply: Accept
    """Accepts an automatic reply."""
    send: Send
    """Accepts a message that a handler's function asks for."""
    smtp: SmtpSection | None = None
    may_answer: MayAnswer = answerable


@dataclass(frozen=True, slots=True)
class KindOf:
    """How a kind is made for a handler, and which events are for it."""

    make: Callable[[HandlerSection, Surroundings], Kind]
    """Raises ValueError when it cannot be used on this machine: see `problems`."""
    events: frozenset[str] = frozenset({INBOUND})
    anew: bool = False
    """It is made anew with each configuration, though its table is the same: what it goes by is
    not all in there."""
    patience: Patience = OF_HANDLERS


def _program(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.exec is not None, "the configuration was checked"
    limits = Limits(_account(section), section.memory_mb)
    if section.output_bytes is not None:
        limits = replace(limits, output_bytes=section.output_bytes)
    return Program(section.exec, around.reply if section.output == "reply" else None, limits)


def _webhook(section: HandlerSection, _: Surroundings) -> Kind:
    assert section.webhook is not None, "the configuration was checked"
    return Webhook(section.webhook, section.at_once)


def _python(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.python is not None, "the configuration was checked"
    calling = Calling(section.python, _account(section), section.memory_mb)
    return Python(calling, around.send, around.may_answer)


def _reply(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.reply is not None, "the configuration was checked"
    return Reply(section.reply, around.reply)


def _mail(section: HandlerSection, around: Surroundings) -> Kind:
    assert section.email is not None, "the configuration was checked"
    assert around.smtp is not None, "the configuration was checked"
    return Mail(section.email, around.smtp, subject=section.subject, body=section.body)


def _account(section: HandlerSection) -> Account | None:
    return None if section.user is None else account(section.user)


KINDS = {
    "exec": KindOf(_program),
    "webhook": KindOf(_webhook),
    "python": KindOf(_python, anew=True),
    "reply": KindOf(_reply),
    "email": KindOf(_mail, anew=True, patience=OF_MAIL),
}
"""By the key of the handler's table."""
