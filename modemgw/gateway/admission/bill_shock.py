"""The rule that an hour far above the usual stops what is least urgent first."""

from __future__ import annotations

from collections.abc import Callable

from modemgw.config import Config
from modemgw.gateway.admission.rule import Draft, Reservation, Rule, Surroundings
from modemgw.gateway.budgets.shock import BillShock
from modemgw.store import Transaction
from modemgw.store.records import Mailing


class BillShockRule(Rule):
    """Counts the parts of each hour, where [bill_shock] asks for it."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._shock = BillShock(surroundings.store, surroundings.clock)

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._shock.configure(config.bill_shock)

    async def load(self) -> None:
        """See Rule."""
        await self._shock.load()

    def reservation(self, draft: Draft) -> Reservation | None:
        """See Rule."""
        if not self._shock or draft.parts is None:
            return None
        parts, now = len(draft.parts.parts), draft.request.now
        counted = Counted(self._shock, draft.new.type, parts, now)
        draft.kept.append(counted)
        return counted


class Counted:
    """The messages of one draft, as the hour counts them."""

    def __init__(self, shock: BillShock, type: str, parts: int, now: float) -> None:
        self._shock, self._type, self._parts, self._now = shock, type, parts, now

    def take(self, to: str) -> None:
        """See Reservation."""
        self._shock.take(self._type, self._parts, self._now)

    def give_back(self, to: str) -> None:
        """See Reservation."""
        self._shock.give_back(self._parts, self._now)

    def keep(self, mailing: Mailing) -> Callable[[Transaction], None]:
        """See Kept."""
        return self._shock.count(self._parts * len(mailing.recipients), self._now)

    def forget(self, mailing: Mailing) -> None:
        """See Kept: what was taken was given back."""
