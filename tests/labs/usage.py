"""What should have been counted: added up from the attempts, one by one."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from modemgw.gateway.fleet.price_list import Prefixes
from modemgw.gateway.outgoing import life
from modemgw.store import Dimension, UsageSum
from modemgw.store.contract.usage import DAY_S
from modemgw.store.records import AttemptState, PartStatus

EVERYTHING: tuple[Dimension, ...] = ("day", "sim", "key", "type", "prefix")

Counted = dict[tuple[object, ...], tuple[int, ...]]
"""By bucket: parts, accepted, delivered, failed, and millionths of any currency."""


def of_attempts(db: sqlite3.Connection, prefixes: Prefixes) -> Counted:
    """Added up from what became of each attempt."""
    counted: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0] * 5)
    for state, tp_status, ended_at, sim, to, cost, key, type in db.execute(
        "SELECT a.state, tp_status, ended_at, sim, a.to_number, cost, key, type "
        "FROM attempts a JOIN messages m ON m.n = a.message WHERE state IN ('accepted', 'refused')"
    ):
        counts = counted[int(ended_at // DAY_S), sim, key, type, prefixes.of(to)]
        counts[0] += 1
        counts[1] += state == AttemptState.ACCEPTED
        counts[3] += state == AttemptState.REFUSED
        counts[4] += cost or 0
        if tp_status is not None:
            part = life.reported(AttemptState(state), tp_status)
            counts[2] += part is PartStatus.DELIVERED
            counts[3] += part in (PartStatus.UNDELIVERED, PartStatus.EXPIRED)
    return {bucket: tuple(counts) for bucket, counts in counted.items()}


def of_sums(sums: Iterable[UsageSum]) -> Counted:
    """What was counted, told apart by EVERYTHING."""
    return {
        one.of: (*one.counts, int(sum(cost.amount for cost in one.amounts) * 1_000_000))
        for one in sums
    }
