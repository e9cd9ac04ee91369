"""Rows of budgets: sums by limit and period, and what each message holds of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from modemgw.store.contract.budgets import BudgetHold, BudgetPeriod, BudgetUse
from modemgw.store.sqlite.rows import Rows

_OF = "budget = ? AND measure = ? AND period = ?"
_HOLD = "message, budget, measure, period, sim, quantity"


class SqliteBudgets(Rows):
    """What budgets have given out."""

    __slots__ = ()

    def uses(self) -> list[BudgetUse]:
        """Every limit in every period that is kept."""
        rows = self._db.execute(
            "SELECT budget, measure, period, reserved, used, told FROM budget_use"
        )
        return [BudgetUse(BudgetPeriod(*row[:3]), *row[3:]) for row in rows]

    def holds(self) -> list[BudgetHold]:
        """What every message has reserved."""
        return [_hold(row) for row in self._db.execute(f"SELECT {_HOLD} FROM budget_holds")]

    def holds_of(self, message: str) -> list[BudgetHold]:
        """What a message has reserved."""
        rows = self._db.execute(
            f"SELECT {_HOLD} FROM budget_holds WHERE message = ?",
            (message,),
        )
        return [_hold(row) for row in rows]

    def over(self) -> list[str]:
        """Messages that hold something though they have come to an end, or are gone."""
        rows = self._db.execute(
            "SELECT DISTINCT message FROM budget_holds LEFT JOIN messages ON id = message "
            "WHERE status IS NULL OR status NOT IN ('scheduled', 'queued', 'sending')"
        )
        return [message for (message,) in rows]

    def reserve(self, holds: Iterable[BudgetHold]) -> list[BudgetUse]:
        """Messages take these, beside what they hold already. Returns how their limits stand."""
        taken: Counter[BudgetPeriod] = Counter()
        rows = []
        for hold in holds:
            taken[hold.of] += hold.quantity
            rows.append((hold.message, *hold.of, hold.sim, hold.quantity))
        self._db.executemany(
            f"INSERT INTO budget_holds ({_HOLD}) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity",
            rows,
        )
        return [self._add(of, quantity, 0) for of, quantity in taken.items()]

    def count(self, of: BudgetPeriod, used: int) -> None:
        """So much was used that nobody had reserved."""
        self._add(of, 0, used)

    def settle(self, hold: BudgetHold, used: int) -> None:
        """Of a hold so much was used in the end; the rest is given back. It is over."""
        self._db.execute(
            f"DELETE FROM budget_holds WHERE message = ? AND {_OF} AND sim = ?",
            (hold.message, *hold.of, hold.sim),
        )
        self._add(hold.of, -hold.quantity, used)

    def tell(self, of: BudgetPeriod, mark: int) -> bool:
        """A mark is about to be told of; False: it was told before, or a higher one."""
        self._add(of, 0, 0)
        done = self._db.execute(
            f"UPDATE budget_use SET told = ? WHERE {_OF} AND told < ?",
            (mark, *of, mark),
        )
        return done.rowcount == 1

    def drop(self, before: int) -> None:
        """Let go of periods that began before this time (UTC seconds)."""
        self._db.execute("DELETE FROM budget_use WHERE period < ? AND reserved = 0", (before,))

    def _add(self, of: BudgetPeriod, reserved: int, used: int) -> BudgetUse:
        row = self._db.execute(
            "INSERT INTO budget_use (budget, measure, period, reserved, used) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "reserved = reserved + excluded.reserved, used = used + excluded.used "
            "RETURNING reserved, used, told",
            (*of, reserved, used),
        ).fetchone()
        return BudgetUse(of, *row)


def _hold(row: tuple[str, str, str, int, str, int]) -> BudgetHold:
    return BudgetHold(row[0], BudgetPeriod(*row[1:4]), row[4], row[5])
