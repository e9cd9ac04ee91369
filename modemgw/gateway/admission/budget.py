"""The rule that no more is accepted than budgets have left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modemgw.config import Config
from modemgw.gateway.admission.rule import Addressee, Draft, Reservation, Rule
from modemgw.gateway.budgets.budgets import Budgets
from modemgw.gateway.budgets.ledger import Share
from modemgw.gateway.budgets.pots import Budget
from modemgw.gateway.errors import BudgetExhausted, FieldProblem, Rejected
from modemgw.gateway.outgoing.job import Job
from modemgw.store import Transaction
from modemgw.store.records import Cost, Mailing


class BudgetRule(Rule):
    """Reserves the parts of each message; it is asked again only when some are sent twice."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._budgets = self.surroundings.budgets
        if self._budgets is not None:
            self._budgets.configure(config)

    async def load(self) -> None:
        """See Rule."""
        if self._budgets is not None:
            await self._budgets.load()

    def reservation(self, draft: Draft) -> Reservation | None:
        """See Rule."""
        budgets = self._budgets
        if budgets is None or draft.parts is None:
            return None
        counting = budgets.counting(draft.request.key, draft.new.type)
        if not counting:
            return None
        at = draft.request.now if draft.send_at is None else draft.send_at
        spend = Spend(budgets, counting, len(draft.parts.parts), at, draft.new.modem)
        if spend.by_amount:
            draft.checks.append(spend.note)
        draft.kept.append(spend)
        return spend

    def at_sending(self, job: Job) -> None:
        """See Rule. What may have gone out already is not sent again on credit."""
        if not job.progress or self._budgets is None:
            return
        try:
            self._budgets.once_more(job)
        except BudgetExhausted as refusal:
            raise Rejected([FieldProblem("to", str(refusal), "budget-exhausted")]) from refusal


class Spend:
    """What the messages of one draft take of budgets: in the period in which they are due."""

    def __init__(
        self,
        budgets: Budgets,
        counting: Sequence[Budget],
        parts: int,
        at: float,
        modem: str | None,
    ) -> None:
        self._budgets = budgets
        self._counting = counting
        self._parts, self._at, self._modem = parts, at, modem
        self.by_amount = any(pot.currency for budget in counting for pot in budget.pots)
        """Whether it matters what recipients cost."""
        self._route = ""
        """Of the recipient that was looked at last."""
        self._known: dict[str, list[Share]] = {}
        """By recipient: what is given back is what was taken, whatever changed in between."""

    def note(self, one: Addressee) -> None:
        """See Check: what it will cost depends on the route."""
        self._route = one.route

    def take(self, to: str) -> None:
        """See Reservation."""
        self._budgets.take(self._of(to))

    def give_back(self, to: str) -> None:
        """See Reservation."""
        self._budgets.give_back(self._of(to))

    def keep(self, mailing: Mailing) -> Callable[[Transaction], None]:
        """See Kept."""
        return self._budgets.hold(
            [(id, share) for id, to, _ in mailing.recipients for share in self._of(to)]
        )

    def forget(self, mailing: Mailing) -> None:
        """See Kept."""
        for id, _, _ in mailing.recipients:
            self._budgets.drop(id)

    def _of(self, to: str) -> list[Share]:
        found = self._known.get(to)
        if found is None:
            found = self._known[to] = self._shares(to)
        return found

    def _shares(self, to: str) -> list[Share]:
        parts, at = self._parts, self._at
        costs: list[Cost] = []
        if self.by_amount:
            costs = self._budgets.estimates(self._route, to, parts, self._modem)
        return [
            Share(pot, pot.period(at), pot.span(at).end, pot.quantity(parts, costs))
            for budget in self._counting
            if budget.counts_to(to)
            for pot in budget.pots
        ]
