"""What is taken from pots, in memory: nothing that is sent waits for a look into the store.

It follows the store: whatever is taken here is committed with the message that takes it, or given
back. So what it knows is never less than what the store does, and no limit is passed by anybody who
asks here first; all of it happens in the event loop, where nobody comes in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from modemgw.gateway.budgets.pots import Pot, shown
from modemgw.gateway.errors import BudgetExhausted
from modemgw.store import BudgetHold, BudgetPeriod, BudgetUse


class Share(NamedTuple):
    """What a message takes from a pot."""

    pot: Pot
    of: BudgetPeriod
    resets_at: float
    """UTC seconds."""
    quantity: int
    sim: str = ""
    """See BudgetHold."""

    def hold(self, message: str) -> BudgetHold:
        """It, as what a message with this id holds."""
        return BudgetHold(message, self.of, self.sim, self.quantity)


class Ledger:
    """How much is reserved and used of each limit in each period, and by which messages."""

    def __init__(self) -> None:
        self._uses: dict[BudgetPeriod, tuple[int, int]] = {}
        """(reserved, used)"""
        self._held: dict[str, dict[tuple[BudgetPeriod, str], int]] = {}
        """By message and SIM: what is reserved."""

    def load(self, uses: Iterable[BudgetUse], holds: Iterable[BudgetHold]) -> None:
        """Know what the store does; once, before anything is taken."""
        self._uses = {use.of: (use.reserved, use.used) for use in uses}
        self._held = {}
        for hold in holds:
            self.holds(hold)

    def use(self, of: BudgetPeriod) -> tuple[int, int]:
        """How much is reserved, and how much used."""
        return self._uses.get(of, (0, 0))

    def lacking(self, shares: Sequence[Share]) -> Share | None:
        """The first of these for which its pot has not enough left; None: there is enough."""
        for share in shares:
            if share.pot.stops and sum(self.use(share.of)) + share.quantity > share.pot.limit:
                return share
        return None

    def take(self, shares: Sequence[Share], now: float) -> None:
        """Reserve all of these, or none: raises BudgetExhausted."""
        short = self.lacking(shares)
        if short is not None:
            raise exhausted(short, sum(self.use(short.of)), now)
        for share in shares:
            self._add(share.of, share.quantity, 0)

    def give_back(self, shares: Iterable[Share]) -> None:
        """What was taken is not needed after all."""
        for share in shares:
            self._add(share.of, -share.quantity, 0)

    def holds(self, hold: BudgetHold) -> None:
        """A message holds this of what was taken."""
        held = self._held.setdefault(hold.message, {})
        place = hold.of, hold.sim
        held[place] = held.get(place, 0) + hold.quantity

    def __bool__(self) -> bool:
        """Whether any message holds anything."""
        return bool(self._held)

    def drop(self, message: str) -> None:
        """A message holds nothing any more."""
        self._held.pop(message, None)

    def held(self, message: str) -> dict[tuple[BudgetPeriod, str], int] | None:
        """What a message holds; None: nothing."""
        return self._held.get(message)

    def settle(self, hold: BudgetHold, used: int) -> None:
        """Of what a message held so much was used in the end."""
        self.drop(hold.message)
        self._add(hold.of, -hold.quantity, used)

    def _add(self, of: BudgetPeriod, reserved: int, used: int) -> None:
        before = self.use(of)
        self._uses[of] = before[0] + reserved, before[1] + used


def exhausted(share: Share, taken: int, now: float) -> BudgetExhausted:
    """Why a share cannot be had; `now` in UTC seconds."""
    pot = share.pot
    left, limit, quantity = (
        shown(pot.measure, n) for n in (max(0, pot.limit - taken), pot.limit, share.quantity)
    )
    return BudgetExhausted(
        f"the budget {pot.budget} has {left} of {limit} left ({pot.name}), and this takes "
        f"{quantity}; it is full again in {share.resets_at - now:.0f} s",
        share.resets_at - now,
    )
