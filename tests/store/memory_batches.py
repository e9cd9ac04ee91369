"""The batches of the store in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modemgw.store import Batch, BatchQuery, NewBatch, Span, StoreConflict
from modemgw.store.records import OPEN_STATUSES, Message, Page


@dataclass(frozen=True)
class StoredBatch:
    batch: Batch
    spans: tuple[Span, ...]


class MemoryBatches:
    def __init__(self, batches: dict[str, StoredBatch], messages: Mapping[int, Message]) -> None:
        self._batches, self._messages = batches, messages

    def get(self, id: str) -> Batch | None:
        return self._batches[id].batch if id in self._batches else None

    def find(self, query: BatchQuery) -> Page[Batch]:
        if query.cursor is not None and not query.cursor.isdecimal():
            raise ValueError("not a cursor of ours")
        found = [
            batch
            for batch in (one.batch for one in reversed(self._batches.values()))
            if query.name in (None, batch.name)
            and query.state in (None, batch.state(query.now))
            and (query.cursor is None or batch.n < int(query.cursor))
        ]
        shown = tuple(found[: query.limit])
        return Page(shown, str(shown[-1].n) if len(found) > len(shown) else None)

    def not_ended(self) -> list[tuple[Batch, Sequence[Span]]]:
        return [
            (one.batch, one.spans) for one in self._batches.values() if one.batch.ended_at is None
        ]

    def spans(self, id: str) -> Sequence[Span]:
        return list(self._batches[id].spans) if id in self._batches else []

    def _numbers(self, id: str) -> list[int]:
        spans = self.spans(id)
        return [n for first, last in spans for n in range(first, last + 1) if n in self._messages]

    def counts(self, id: str) -> dict[str, int]:
        return dict(Counter(self._messages[n].status.value for n in self._numbers(id)))

    def waiting(self, id: str, after: int, limit: int) -> list[int]:
        open_ = [n for n in self._numbers(id) if self._messages[n].status in OPEN_STATUSES]
        return [n for n in open_ if n > after][:limit]

    def insert(self, new: NewBatch, first: int, accepted: int, rejected: int) -> None:
        paced_from = None if new.rate_per_minute is None else new.created_at
        batch = Batch(
            n=len(self._batches) + 1, id=new.id, name=new.name, key=new.key,
            created_at=new.created_at, accepted=accepted, rejected=rejected, more=new.more,
            send_at=new.send_at, rate_per_minute=new.rate_per_minute, paced_from=paced_from,
            paused_at=None, canceled_at=None, ended_at=None,
        )  # fmt: skip
        self._batches[new.id] = StoredBatch(batch, _span(first, accepted))

    def extend(self, id: str, first: int, accepted: int, rejected: int, *, more: bool) -> None:
        batch = self.get(id)
        if batch is None or batch.canceled_at is not None or not batch.more:
            raise StoreConflict("the batch takes no more messages: it is complete or canceled")
        self._batches[id] = StoredBatch(
            replace(
                batch,
                accepted=batch.accepted + accepted,
                rejected=batch.rejected + rejected,
                more=more,
            ),
            (*self._batches[id].spans, *_span(first, accepted)),
        )

    def _change(self, id: str, **about: object) -> None:
        one = self._batches[id]
        self._batches[id] = replace(one, batch=replace(one.batch, **about))  # type: ignore[arg-type]

    def set_paused(self, id: str, at: float | None) -> None:
        self._change(id, paused_at=at)

    def set_canceled(self, id: str, at: float) -> None:
        self._change(id, canceled_at=at, more=False)

    def set_name(self, id: str, name: str | None) -> None:
        self._change(id, name=name)

    def set_rate(self, id: str, rate_per_minute: int | None, at: float) -> None:
        paced_from = None if rate_per_minute is None else at
        self._change(id, rate_per_minute=rate_per_minute, paced_from=paced_from)

    def set_complete(self, id: str) -> None:
        self._change(id, more=False)

    def set_ended(self, id: str, at: float) -> bool:
        batch = self._batches[id].batch
        if self.waiting(id, 0, 1) or batch.more or batch.ended_at is not None:
            return False
        self._change(id, ended_at=at)
        return True


def _span(first: int, accepted: int) -> tuple[Span, ...]:
    return (Span(first, first + accepted - 1),) if accepted else ()
