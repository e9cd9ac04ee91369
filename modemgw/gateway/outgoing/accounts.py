"""What is sent is counted, and charged, in the unit of work that learns of it.

So the sum of what is counted is that of the attempts, whatever ends the process. Each try goes to
the day (of UTC) on which it ended; what a report tells of it later goes to the same day.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.outgoing import life
from modemgw.store import AttemptKey, Bucket, Candidate, Counts, Transaction
from modemgw.store.contract.usage import DAY_S
from modemgw.store.records import AttemptState, Cost, PartStatus

_ACCEPTED = Counts(parts=1, accepted=1)
_REFUSED = Counts(parts=1, failed=1)
_FAILED = frozenset({PartStatus.UNDELIVERED, PartStatus.EXPIRED})


class Sent(NamedTuple):
    """A try of a part, as it is counted."""

    sim: str
    """ICCID."""
    to: str
    key: str
    """Name of the API key."""
    type: str


class Accounts:
    """Counts tries of parts. Its methods run inside a unit of work, in the store's thread."""

    def __init__(self, tariffs: Tariffs) -> None:
        self.tariffs = tariffs
        """What is charged by."""

    def look(self, modem: str) -> None:
        """A modem is about to end a try. The one method for the event loop."""
        self.tariffs.look(modem)

    def accepted(self, tx: Transaction, attempt: AttemptKey, sent: Sent, at: float) -> None:
        """The network accepted a try at `at` (UTC seconds): from now on it has to be paid."""
        cost = self._charge(tx, sent, at) if self.tariffs else None
        if cost is not None:
            tx.attempts.set_cost(attempt, cost)
        tx.usage.count(self._bucket(sent, at), _ACCEPTED, cost)

    def refused(self, tx: Transaction, sent: Sent, at: float) -> None:
        """The network refused a try at `at` (UTC seconds)."""
        tx.usage.count(self._bucket(sent, at), _REFUSED)

    def reported(
        self, tx: Transaction, sim: str, found: Candidate, tp_status: int, at: float
    ) -> None:
        """A report that came at `at` tells something new of an attempt."""
        then = _fate(found.state, tp_status)
        before = _NOTHING if found.tp_status is None else _fate(found.state, found.tp_status)
        if then == before:
            return
        news = Counts(
            delivered=then.delivered - before.delivered, failed=then.failed - before.failed
        )
        sent = sent_of(sim, found)
        tx.usage.count(self._bucket(sent, at if found.ended_at is None else found.ended_at), news)

    def _charge(self, tx: Transaction, sent: Sent, at: float) -> Cost | None:
        price = self.tariffs.price(sent.sim, sent.to)
        if price is None:
            return None
        if price.free_parts:
            month = int(price.month(at).start)
            if tx.usage.take_free(sent.sim, price.tariff, month, price.free_parts):
                return Cost(Decimal(), price.currency)
        return price.of(1)

    def _bucket(self, sent: Sent, at: float) -> Bucket:
        prefix = self.tariffs.prefix(sent.to)
        return Bucket(int(at // DAY_S), sent.sim, sent.key, sent.type, prefix)


def sent_of(sim: str, found: Candidate) -> Sent:
    """The try that a report is about."""
    return Sent(sim, found.to, found.message_key, found.message_type)


_NOTHING = Counts()
_DELIVERED = Counts(delivered=1)
_NOT_DELIVERED = Counts(failed=1)


def _fate(state: AttemptState, tp_status: int) -> Counts:
    """What a report says of a try."""
    part = life.reported(state, tp_status)
    if part is PartStatus.DELIVERED:
        return _DELIVERED
    return _NOT_DELIVERED if part in _FAILED else _NOTHING
