"""The rule that no more is accepted than budgets have left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modemgw.config import Config
from modemgw.gateway.admission.rule import Draft, Reservation, Rule
from modemgw.gateway.budgets.budgets import Budgets
from modemgw.gateway.budgets.ledger import Share
from modemgw.gateway.budgets.pots import Budget
from modemgw.gateway.errors import BudgetExhausted, FieldProblem, Rejected
from modemgw.gateway.outgoing.job import Job
from modemgw.store import Transaction
from modemgw.store.records import Mailing


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
        spend = Spend(budgets, counting, len(draft.parts.parts), at)
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

    def __init__(self, budgets: Budgets, counting: Sequence[Budget], parts: int, at: float) -> None:
        self._budgets = budgets
        self._shares = [
            (
                budget,
                [Share(pot, pot.period(at), pot.span(at).end, parts) for pot in budget.pots],
            )
            for budget in counting
        ]

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
        return [
            share for budget, shares in self._shares if budget.counts_to(to) for share in shares
        ]
