"""The rules before acceptance in their order, and how they are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from modemgw.config import Config
from modemgw.gateway.admission.bill_shock import BillShockRule
from modemgw.gateway.admission.budget import BudgetRule
from modemgw.gateway.admission.consent import ConsentRule
from modemgw.gateway.admission.content import ContentRule
from modemgw.gateway.admission.idempotency import IdempotencyRule
from modemgw.gateway.admission.limits import LimitsRule
from modemgw.gateway.admission.modem import ModemRule
from modemgw.gateway.admission.number import NumberRule
from modemgw.gateway.admission.quiet import QuietHoursRule
from modemgw.gateway.admission.quota import Allowance
from modemgw.gateway.admission.route import RouteRule
from modemgw.gateway.admission.rule import Draft, Request, Rule, Surroundings
from modemgw.gateway.admission.schedule import ScheduleRule
from modemgw.gateway.admission.template import TemplateRule
from modemgw.gateway.errors import Rejected
from modemgw.gateway.outgoing.job import Job
from modemgw.store import Transaction
from modemgw.store.records import Key, NewMailing, NewMessage

RULES: tuple[type[Rule], ...] = (
    IdempotencyRule,
    TemplateRule,
    ContentRule,
    ScheduleRule,
    NumberRule,
    ConsentRule,
    QuietHoursRule,
    LimitsRule,
    BillShockRule,
    BudgetRule,
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
        # Each rule is asked only what it has something to say to: a message costs microseconds.
        self._common = [r.common for r in self.all if type(r).common is not Rule.common]
        self._groups = [r.groups for r in self.all if type(r).groups is not Rule.groups]
        self._each = [r.each for r in self.all if type(r).each is not Rule.each]
        self._reservation = [
            r.reservation for r in self.all if type(r).reservation is not Rule.reservation
        ]
        self._in_transaction = [
            r.in_transaction for r in self.all if type(r).in_transaction is not Rule.in_transaction
        ]
        self._at_sending = [
            r.at_sending for r in self.all if type(r).at_sending is not Rule.at_sending
        ]
        self._key_seen = [r.key_seen for r in self.all if type(r).key_seen is not Rule.key_seen]
        self._allowances = [
            r.allowances for r in self.all if type(r).allowances is not Rule.allowances
        ]
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Go by this configuration; then await `load`."""
        for rule in self.all:
            rule.configure(config)

    async def load(self) -> None:
        """Let the rules learn what they must know of the store."""
        for rule in self.all:
            await rule.load()

    async def groups(self, mailing: NewMailing) -> Sequence[tuple[NewMessage, Sequence[int]]]:
        """The recipients of a mailing by the drafts that they can share: mostly all one."""
        for ask in self._groups:
            if (found := await ask(mailing)) is not None:
                return found
        return [(mailing.content, range(len(mailing.to)))]

    def draft(self, request: Request, new: NewMessage) -> Draft:
        """What many recipients share, looked at once. `new.to` is not read: see `Draft.check`."""
        draft = Draft(request, new)
        for look in self._common:
            try:
                look(draft)
            except Rejected as refusal:
                draft.problems += refusal.problems
        for of_each in self._each:
            if (check := of_each(draft)) is not None:
                draft.checks.append(check)
        for of_draft in self._reservation:
            if (reservation := of_draft(draft)) is not None:
                draft.reservations.append(reservation)
        return draft

    def in_transaction(self, request: Request, answer: Any) -> list[Callable[[Transaction], None]]:
        """What the rules write in the transaction that accepts the messages, before them."""
        steps = [write(request, answer) for write in self._in_transaction]
        return [step for step in steps if step is not None]

    def at_sending(self, job: Job) -> None:
        """Ask again, of a message that is taken for sending, what a rule wants to be asked again.

        Raises Rejected (it ends), TooMany (it waits so long) or NotYet (it is scheduled anew).
        """
        for ask in self._at_sending:
            ask(job)

    async def key_seen(self, key: Key) -> None:
        """A key is let in. Raises StoreUnavailable: a rule cannot learn what it must know of it."""
        for learn in self._key_seen:
            await learn(key)

    def allowances(self, key: str) -> list[Allowance]:
        """What is left of the limits on a key, by its name."""
        found: list[Allowance] = []
        for ask in self._allowances:
            found += ask(key)
        return found

    def replies_left(self, to: str) -> int:
        """How many more automatic replies a number may have in this hour."""
        said = [rule.replies_left(to) for rule in self.all]
        return min(left for left in said if left is not None)

    def clock_set(self, by_s: float) -> None:
        """The wall clock was set `by_s` seconds ahead."""
        for rule in self.all:
            rule.clock_set(by_s)

    def forget_idle(self, now: float) -> None:
        """Drop from memory what does not matter any more at `now` (UTC seconds)."""
        for rule in self.all:
            rule.forget_idle(now)
