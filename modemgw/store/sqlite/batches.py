"""Rows of batches, and where their messages are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from modemgw.store.contract.batches import Batch, BatchQuery, BatchState, NewBatch, Span
from modemgw.store.errors import StoreConflict
from modemgw.store.records import Page
from modemgw.store.sqlite.message_lists import OPEN, place, sources
from modemgw.store.sqlite.rows import Rows

_COLUMNS = (
    "n, id, name, key, created_at, accepted, rejected, more, send_at, rate_per_minute, "
    "paced_from, paused_at, canceled_at, ended_at"
)

_STATE: Final = {
    BatchState.CANCELED: "canceled_at IS NOT NULL",
    BatchState.DONE: "+canceled_at IS NULL AND ended_at IS NOT NULL",
    BatchState.PAUSED: "ended_at IS NULL AND +canceled_at IS NULL AND paused_at IS NOT NULL",
    BatchState.SCHEDULED: "ended_at IS NULL AND +canceled_at IS NULL AND paused_at IS NULL "
    "AND send_at > :now",
    BatchState.RUNNING: "ended_at IS NULL AND +canceled_at IS NULL AND paused_at IS NULL "
    "AND (send_at IS NULL OR send_at <= :now)",
}
"""Batch.state, as conditions; what is rare is found by an index."""

MOST_SPANS: Final = 1000
"""So many times messages may be added to a batch, when others come in between."""


class SqliteBatches(Rows):
    """Batches."""

    __slots__ = ()

    def get(self, id: str) -> Batch | None:
        """The batch with this id."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM batches WHERE id = ?", (id,)).fetchone()
        return None if row is None else _batch(row)

    def find(self, query: BatchQuery) -> Page[Batch]:
        """A page of batches, newest first. Raises ValueError for a cursor that is not ours."""
        conditions = ["n > 0"]
        if query.name is not None:
            conditions.append("name = :name")
        if query.state is not None:
            conditions.append(_STATE[query.state])
        if query.cursor is not None:
            conditions.append("n < :before")
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM batches WHERE {' AND '.join(conditions)} "
            f"ORDER BY n DESC LIMIT {query.limit + 1:d}",
            {
                "name": query.name,
                "now": query.now,
                "before": None if query.cursor is None else place(query.cursor),
            },
        ).fetchall()
        shown = tuple(map(_batch, rows[: query.limit]))
        return Page(shown, str(shown[-1].n) if len(rows) > len(shown) else None)

    def not_ended(self) -> list[tuple[Batch, Sequence[Span]]]:
        """Every batch that has not ended, the oldest first, and where its messages are."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM batches INDEXED BY batches_open "
            "WHERE ended_at IS NULL ORDER BY n"
        ).fetchall()
        return [(batch, self.spans(batch.id)) for batch in map(_batch, rows)]

    def spans(self, id: str) -> Sequence[Span]:
        """Where the messages of a batch are, in their order."""
        rows = self._db.execute(
            "SELECT first, last FROM batch_spans "
            "WHERE batch = (SELECT n FROM batches WHERE id = ?) ORDER BY first",
            (id,),
        )
        return [Span(first, last) for first, last in rows]

    def counts(self, id: str) -> dict[str, int]:
        """How many messages of a batch have which status.

        What has ended is counted in its index; each of those that have not is looked at.
        """
        counts: Counter[str] = Counter()
        for span in self.spans(id):
            for status, count in self._db.execute(
                "SELECT status, count(*) FROM messages INDEXED BY messages_open "
                f"WHERE {OPEN} AND n BETWEEN ? AND ? GROUP BY status",
                span,
            ):
                counts[status] += count
            for status, index, condition, values in _left():
                (count,) = self._db.execute(
                    f"SELECT count(*) FROM messages {index} "
                    f"WHERE {condition} AND n BETWEEN ? AND ?",
                    (*values, *span),
                ).fetchone()
                counts[status] += count
        return {status: count for status, count in sorted(counts.items()) if count}

    def waiting(self, id: str, after: int, limit: int) -> list[int]:
        """Numbers above `after` of messages that still want a modem, in their order."""
        found: list[int] = []
        for first, last in self.spans(id):
            if last <= after:
                continue
            rows = self._db.execute(
                f"SELECT n FROM messages INDEXED BY messages_open WHERE {OPEN} "
                "AND n BETWEEN ? AND ? ORDER BY n LIMIT ?",
                (max(first, after + 1), last, limit - len(found)),
            )
            found += [n for (n,) in rows]
            if len(found) == limit:
                break
        return found

    def insert(self, new: NewBatch, first: int, accepted: int, rejected: int) -> None:
        """A batch was taken, with `accepted` messages from number `first` on."""
        cursor = self._db.execute(
            "INSERT INTO batches (id, name, key, created_at, accepted, rejected, more, send_at, "
            "rate_per_minute, paced_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                new.id,
                new.name,
                new.key,
                new.created_at,
                accepted,
                rejected,
                new.more,
                new.send_at,
                new.rate_per_minute,
                None if new.rate_per_minute is None else new.created_at,
            ),
        )
        if accepted:
            self._db.execute(
                "INSERT INTO batch_spans (batch, first, last) VALUES (?, ?, ?)",
                (cursor.lastrowid, first, first + accepted - 1),
            )

    def extend(self, id: str, first: int, accepted: int, rejected: int, *, more: bool) -> None:
        """Messages were added to a batch. Raises StoreConflict: it takes none."""
        batch = self.get(id)
        if batch is None:
            raise StoreConflict("there is no such batch any more")
        if batch.canceled_at is not None:
            raise StoreConflict("the batch is canceled: it takes no more messages")
        if not batch.more or batch.ended_at is not None:
            raise StoreConflict(
                "the batch is complete: it was not said (`more`) that messages are to be added"
            )
        self._db.execute(
            "UPDATE batches SET accepted = accepted + ?, rejected = rejected + ?, more = ? "
            "WHERE n = ?",
            (accepted, rejected, more, batch.n),
        )
        if not accepted:
            return
        spans = self.spans(id)
        last = first + accepted - 1
        if spans and spans[-1].last == first - 1:
            self._db.execute(
                "UPDATE batch_spans SET last = ? WHERE batch = ? AND first = ?",
                (last, batch.n, spans[-1].first),
            )
        elif len(spans) >= MOST_SPANS:
            raise StoreConflict(
                f"messages were added to the batch {MOST_SPANS:,} times: send more at once"
            )
        else:
            self._db.execute(
                "INSERT INTO batch_spans (batch, first, last) VALUES (?, ?, ?)",
                (batch.n, first, last),
            )

    def set_paused(self, id: str, at: float | None) -> None:
        """It is paused from `at` on, or goes on."""
        self._db.execute("UPDATE batches SET paused_at = ? WHERE id = ?", (at, id))

    def set_canceled(self, id: str, at: float) -> None:
        """It is canceled; nothing is added to it any more."""
        self._db.execute("UPDATE batches SET canceled_at = ?, more = 0 WHERE id = ?", (at, id))

    def set_name(self, id: str, name: str | None) -> None:
        """It is called otherwise."""
        self._db.execute("UPDATE batches SET name = ? WHERE id = ?", (name, id))

    def set_rate(self, id: str, rate_per_minute: int | None, at: float) -> None:
        """It has another pace, from `at` on."""
        self._db.execute(
            "UPDATE batches SET rate_per_minute = ?, paced_from = ? WHERE id = ?",
            (rate_per_minute, None if rate_per_minute is None else at, id),
        )

    def set_complete(self, id: str) -> None:
        """Nothing is added to it any more."""
        self._db.execute("UPDATE batches SET more = 0 WHERE id = ?", (id,))

    def set_ended(self, id: str, at: float) -> bool:
        """Nothing of it waits any more; False: something does, or may come, or it was told."""
        if self.waiting(id, 0, 1):
            return False
        done = self._db.execute(
            "UPDATE batches SET ended_at = ? WHERE id = ? AND ended_at IS NULL AND more = 0",
            (at, id),
        )
        return done.rowcount == 1


def _left() -> Iterator[tuple[str, str, str, tuple[Any, ...]]]:
    """(status, index, condition, values) of all that does not want a modem any more."""
    for status in ("sent", "delivered", "undelivered", "failed", "expired", "canceled", "unknown"):
        for index, condition, values in sources(status):
            yield status, index, condition, values


def _batch(row: Sequence[Any]) -> Batch:
    n, id, name, key, created_at, accepted, rejected, more, *times = row
    return Batch(n, id, name, key, created_at, accepted, rejected, bool(more), *times)
