"""Rows of what was sent and what it cost."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

from modemgw.store.contract.usage import Bucket, Counts, UsageQuery, UsageSum
from modemgw.store.records import Cost
from modemgw.store.sqlite.rows import Rows

MILLIONTHS = 1_000_000

_BUCKET = "day, sim, key, type, prefix"
_ADD = (
    f"INSERT INTO usage ({_BUCKET}, parts, accepted, delivered, failed) "
    f"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT ({_BUCKET}) DO UPDATE SET "
    "parts = parts + excluded.parts, accepted = accepted + excluded.accepted, "
    "delivered = delivered + excluded.delivered, failed = failed + excluded.failed"
)
_CHARGE = (
    f"INSERT INTO usage_amounts ({_BUCKET}, currency, amount) VALUES (?, ?, ?, ?, ?, ?, ?) "
    f"ON CONFLICT ({_BUCKET}, currency) DO UPDATE SET amount = amount + excluded.amount"
)
_TAKE_FREE = (
    "INSERT INTO free_parts (sim, tariff, month, used) VALUES (?, ?, ?, 1) "
    "ON CONFLICT (sim, tariff, month) DO UPDATE SET used = used + 1 WHERE used < ?"
)


def in_millionths(amount: Decimal) -> int:
    """An amount as it is kept."""
    return int(amount * MILLIONTHS)


def cost_of(millionths: int, currency: str) -> Cost:
    """What is kept, as an amount."""
    return Cost(Decimal(millionths) / MILLIONTHS, currency)


class SqliteUsage(Rows):
    """What was sent and what it cost."""

    __slots__ = ("counted",)

    def __init__(self, db: sqlite3.Connection, now: float = 0.0) -> None:
        super().__init__(db, now)
        self.counted: list[tuple[Bucket, Counts, Cost | None]] = []
        """What the group has counted so far; added up and written at its end."""

    def count(self, bucket: Bucket, counts: Counts, cost: Cost | None = None) -> None:
        """Add to a bucket; seen once the unit of work is committed."""
        self.counted.append((bucket, counts, cost))

    def write_counted(self) -> None:
        """Write what the group has counted: a statement for each bucket, not for each part."""
        counted: dict[Bucket, Counts] = {}
        charged: dict[tuple[Bucket, str], int] = {}
        for bucket, counts, cost in self.counted:
            before = counted.get(bucket)
            if before is not None:
                counts = Counts(*map(sum, zip(before, counts, strict=True)))
            counted[bucket] = counts
            if cost is not None:
                place = bucket, cost.currency
                charged[place] = charged.get(place, 0) + in_millionths(cost.amount)
        self._db.executemany(_ADD, [bucket + counts for bucket, counts in counted.items()])
        if charged:
            self._db.executemany(
                _CHARGE, [(*bucket, cur, amount) for (bucket, cur), amount in charged.items()]
            )

    def take_free(self, sim: str, tariff: str, month: int, most: int) -> bool:
        """Take one of the `most` free parts that a SIM has in the month that begins then.

        `month`: UTC seconds. False: none is left.
        """
        return most > 0 and (self._db.execute(_TAKE_FREE, (sim, tariff, month, most)).rowcount == 1)

    def free_used(self, sim: str, tariff: str, month: int) -> int:
        """How many free parts of a tariff a SIM has used in the month that begins then."""
        row = self._db.execute(
            "SELECT used FROM free_parts WHERE sim = ? AND tariff = ? AND month = ?",
            (sim, tariff, month),
        ).fetchone()
        return 0 if row is None else int(row[0])

    def sums(self, query: UsageQuery) -> list[UsageSum]:
        """The sums, in the order of what they are told apart by."""
        conditions: list[tuple[str, str | int]] = [
            (f"{name} = ?", value) for name, value in query.only.items()
        ]
        conditions += [("day >= ?", query.since)] if query.since is not None else []
        conditions += [("day < ?", query.until)] if query.until is not None else []
        where = " AND ".join(["1", *(condition for condition, _ in conditions)])
        values = [value for _, value in conditions]
        by = "".join(f"{name}, " for name in query.by)
        grouped = f"GROUP BY {by[:-2]} ORDER BY {by[:-2]}" if by else ""
        width = len(query.by)
        amounts: dict[tuple[Any, ...], list[Cost]] = {}
        for row in self._db.execute(
            f"SELECT {by}currency, sum(amount) FROM usage_amounts WHERE {where} "
            f"GROUP BY {by}currency ORDER BY {by}currency",
            values,
        ):
            amounts.setdefault(row[:width], []).append(cost_of(row[-1], row[-2]))
        rows = self._db.execute(
            f"SELECT {by}sum(parts), sum(accepted), sum(delivered), sum(failed) "
            f"FROM usage WHERE {where} {grouped} LIMIT {query.limit:d}",
            values,
        )
        return [
            UsageSum(row[:width], Counts(*row[width:]), tuple(amounts.get(row[:width], ())))
            for row in rows
            if row[-1] is not None
        ]
