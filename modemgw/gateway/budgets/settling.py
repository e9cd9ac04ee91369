"""What a message used of what it held, seen from its end; and what is told of a limit's marks.

Runs inside units of work: it looks at the store and touches no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from modemgw.gateway.budgets.pots import STATES, Pot, millionths, shown
from modemgw.gateway.outgoing import life
from modemgw.store import BudgetHold, BudgetPeriod, BudgetUse, Transaction
from modemgw.store.records import Attempt, AttemptState, Message, MessageStatus

ENDS = frozenset(
    f"message.{status}"
    for status in ("sent", "delivered", "undelivered", "failed", "expired", "canceled", "unknown")
)
"""Events after which a message takes no more than it has taken."""
_GONE_OUT = (AttemptState.ACCEPTED, AttemptState.AMBIGUOUS, AttemptState.SUBMITTING)
_BY_REPORT = "tp-st-"

Settled = list[tuple[BudgetHold, int]]
"""Each hold that is over, and what was used of it."""


def settle(tx: Transaction, messages: Iterable[str]) -> Settled:
    """Settle what messages hold that have come to an end."""
    settled: Settled = []
    for id in messages:
        holds = tx.budgets.holds_of(id)
        message = tx.messages.get(id, life.part_status) if holds else None
        for hold in holds:
            used = hold.quantity if message is None else used_of(message, hold)
            tx.budgets.settle(hold, used)
            settled.append((hold, used))
    return settled


def used_of(message: Message, hold: BudgetHold) -> int:
    """How much of a hold a message used that has come to an end.

    A try counts when the network took it, or nobody knows. A status report may end a message while
    the rest of its parts are still on their way: then those count, too.
    """
    gone = [
        attempt
        for part in message.parts
        for attempt in part.attempts
        if attempt.state in _GONE_OUT and hold.sim in ("", attempt.sim)
    ]
    _, _, currency = hold.of.measure.partition(" ")
    if currency:
        used = sum(_paid(attempt, currency, hold.quantity, len(message.parts)) for attempt in gone)
    else:
        used = len(gone)
    by_report = message.status is MessageStatus.UNDELIVERED or (
        message.error is not None and message.error.code.startswith(_BY_REPORT)
    )
    return max(used, hold.quantity) if by_report and gone else used


def _paid(attempt: Attempt, currency: str, estimated: int, parts: int) -> int:
    """What a try cost, in millionths; of one of which nobody knows, what was estimated for it."""
    if attempt.state is not AttemptState.ACCEPTED:
        return -(-estimated // parts)
    cost = attempt.cost
    return 0 if cost is None or cost.currency != currency else millionths(cost)


def tell(
    tx: Transaction, pots: Mapping[BudgetPeriod, tuple[Pot, float]], uses: Iterable[BudgetUse]
) -> None:
    """Tell of the marks that limits have reached, each once in a period.

    `pots`: by limit and period its pot, and the UTC seconds at which it is full again.
    """
    for use in uses:
        pot, resets_at = pots[use.of]
        tell_mark(tx, use, pot, resets_at, pot.mark(use.reserved + use.used))


def tell_mark(tx: Transaction, use: BudgetUse, pot: Pot, resets_at: float, mark: int) -> None:
    """Tell that a limit has reached a mark, unless that was told."""
    if mark <= use.told or not tx.budgets.tell(use.of, mark):
        return
    for one in range(use.told + 1, mark + 1):
        data = {
            "budget": pot.budget,
            "measure": pot.measure,
            "limit": shown(pot.measure, pot.limit),
            "taken": shown(pot.measure, use.reserved + use.used),
            "action": "stop" if pot.stops else "warn",
            "resets_at": resets_at,
        }
        tx.events.emit(f"budget.{STATES[one]}", data)
