"""The rules before acceptance in their order, and how they are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from modemgw.config import Config
from modemgw.gateway.admission.content import ContentRule
from modemgw.gateway.admission.idempotency import IdempotencyRule
from modemgw.gateway.admission.limits import LimitsRule
from modemgw.gateway.admission.modem import ModemRule
from modemgw.gateway.admission.number import NumberRule
from modemgw.gateway.admission.route import RouteRule
from modemgw.gateway.admission.rule import Draft, Request, Rule, Surroundings
from modemgw.gateway.admission.schedule import ScheduleRule
from modemgw.gateway.errors import Rejected
from modemgw.gateway.outgoing.job import Job
from modemgw.store import Transaction
from modemgw.store.records import NewMessage

RULES: tuple[type[Rule], ...] = (
    IdempotencyRule,
    ContentRule,
    ScheduleRule,
    NumberRule,
    LimitsRule,
    ModemRule,
    RouteRule,
)
"""Every rule, in the order in which it is asked. A new one is a file beside these and a line here.

A single message, each of a batch, an automatic reply and a preview go through all of them.
"""


class Rules:
    """The rules of a gateway."""

    def __init__(
        self, order: Sequence[type[Rule]], config: Config, surroundings: Surroundings
    ) -> None:
        self.all = tuple(rule(surroundings) for rule in order)
        asked = (rule.at_sending() for rule in self.all)
        self._at_sending = tuple(ask for ask in asked if ask is not None)
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Go by this configuration; then await `load`."""
        for rule in self.all:
            rule.configure(config)

    async def load(self) -> None:
        """Let the rules learn what they must know of the store."""
        for rule in self.all:
            await rule.load()

    def draft(self, request: Request, new: NewMessage) -> Draft:
        """What many recipients share, looked at once. `new.to` is not read: see `Draft.check`."""
        draft = Draft(request, new)
        for rule in self.all:
            try:
                rule.common(draft)
            except Rejected as refusal:
                draft.problems += refusal.problems
        draft.checks = [check for r in self.all if (check := r.each(draft)) is not None]
        draft.reservations = [
            wanted for r in self.all if (wanted := r.reservation(draft)) is not None
        ]
        return draft

    def in_transaction(self, request: Request, answer: Any) -> list[Callable[[Transaction], None]]:
        """What the rules write in the transaction that accepts the messages, before them."""
        steps = (rule.in_transaction(request, answer) for rule in self.all)
        return [step for step in steps if step is not None]

    def at_sending(self, job: Job) -> None:
        """Ask again, of a message that is taken for sending, what a rule wants to be asked again.

        Raises Rejected (it ends) or TooMany (it waits so long).
        """
        for ask in self._at_sending:
            ask(job)

    def clock_set(self, by_s: float) -> None:
        """The wall clock was set `by_s` seconds ahead."""
        for rule in self.all:
            rule.clock_set(by_s)

    def forget_idle(self, now: float) -> None:
        """Drop from memory what does not matter any more at `now` (UTC seconds)."""
        for rule in self.all:
            rule.forget_idle(now)
