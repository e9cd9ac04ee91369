"""What any store guarantees of what budgets have given out."""

from __future__ import annotations

from typing import Any

from modemgw.store import BudgetHold, BudgetPeriod, BudgetUse

DAY = BudgetPeriod("shop", "parts_per_day", 1_795_046_400)
MONTH = BudgetPeriod("shop", "parts_per_month", 1_793_491_200)


def hold(message: str, quantity: int, of: BudgetPeriod = DAY, sim: str = "") -> BudgetHold:
    return BudgetHold(message, of, sim, quantity)


async def test_sums_follow_what_messages_hold_and_survive(open_store: Any) -> None:
    async with open_store() as store:
        stands = await store.write(
            lambda tx: tx.budgets.reserve([hold("a", 2), hold("b", 3), hold("a", 2, MONTH)])
        )
        assert sorted(stands) == [BudgetUse(DAY, 5, 0, 0), BudgetUse(MONTH, 2, 0, 0)]
        await store.write(lambda tx: tx.budgets.settle(hold("b", 3), 1))
    async with open_store() as store:
        uses, holds = await store.read(lambda view: (view.budgets.uses(), view.budgets.holds()))
        assert sorted(uses) == [BudgetUse(DAY, 2, 1, 0), BudgetUse(MONTH, 2, 0, 0)]
        assert sorted(holds) == [hold("a", 2), hold("a", 2, MONTH)]


async def test_a_message_may_take_more_than_at_first_and_by_sim(open_store: Any) -> None:
    async with open_store() as store:
        await store.write(lambda tx: tx.budgets.reserve([hold("a", 1), hold("a", 1, sim="8944")]))
        await store.write(lambda tx: tx.budgets.reserve([hold("a", 2)]))
        found = await store.read(lambda view: view.budgets.holds_of("a"))
        assert sorted(found) == [hold("a", 3), hold("a", 1, sim="8944")]
        assert await store.read(lambda view: view.budgets.holds_of("b")) == []


async def test_a_mark_is_told_once_and_none_below_it(open_store: Any) -> None:
    async with open_store() as store:
        told = [await store.write(lambda tx, n=n: tx.budgets.tell(DAY, n)) for n in (2, 1, 2)]
        assert told == [True, False, False]


async def test_what_holds_though_its_message_is_gone_is_found(open_store: Any) -> None:
    async with open_store() as store:
        await store.write(lambda tx: tx.budgets.reserve([hold("gone", 1), hold("gone", 1, MONTH)]))
        assert await store.read(lambda view: view.budgets.over()) == ["gone"]


async def test_old_periods_go_unless_something_is_reserved_in_them(open_store: Any) -> None:
    async with open_store() as store:
        await store.write(lambda tx: tx.budgets.reserve([hold("a", 1), hold("b", 1, MONTH)]))
        await store.write(lambda tx: tx.budgets.settle(hold("b", 1, MONTH), 1))
        await store.write(lambda tx: tx.budgets.count(MONTH, 4))
        assert BudgetUse(MONTH, 0, 5, 0) in await store.read(lambda view: view.budgets.uses())
        await store.write(lambda tx: tx.budgets.drop(DAY.period + 1))
        assert await store.read(lambda view: view.budgets.uses()) == [BudgetUse(DAY, 1, 0, 0)]
