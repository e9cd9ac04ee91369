"""The log of events, the answers kept for Idempotency-Key, and reports that matched nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from modemgw.store.errors import StoreConflict
from modemgw.store.records import Event


class AnsweredBefore(StoreConflict):
    """This Idempotency-Key was used before; `fingerprint` and `body` are of its first use."""

    def __init__(self, fingerprint: str, body: bytes) -> None:
        super().__init__("this Idempotency-Key was used before")
        self.fingerprint = fingerprint
        self.body = body


@dataclass(frozen=True, slots=True)
class UnmatchedReport:
    """A status report that no attempt was found for (yet)."""

    n: int
    sim: str
    reference: int
    tpdu: bytes
    received_at: float


class EventsView(Protocol):
    """The log of what happened: what can be asked."""

    def after(self, id: int, limit: int) -> list[Event]:
        """Events with a higher id than this, in order."""


class Events(EventsView, Protocol):
    """The log of what happened."""

    def emit(self, type: str, data: dict[str, Any]) -> None:
        """Record an event. The store gives it its id, higher than any before, and publishes it
        once the group is committed.

        Raises what the unit fails with when `data` is not plain JSON.
        """

    def emit_all(self, type: str, datas: Iterable[dict[str, Any]]) -> None:
        """Record an event of this type with each of these data, in their order. See `emit`."""


class AnswersView(Protocol):
    """Answers kept for Idempotency-Key: what can be asked."""

    def find(self, key: str, idempotency_key: str) -> AnsweredBefore | None:
        """The answer that was given to an Idempotency-Key of this API key."""


class Answers(AnswersView, Protocol):
    """Answers kept for Idempotency-Key."""

    def remember(self, key: str, idempotency_key: str, fingerprint: str, body: bytes) -> None:
        """Keep the answer to a request. Raises AnsweredBefore when there is one already."""


class UnmatchedReports(Protocol):
    """Status reports that no attempt was found for."""

    def keep(
        self,
        *,
        digest: bytes,
        modem: str,
        sim: str,
        tpdu: bytes,
        reference: int,
        recipient: str,
        tail: str,
        tp_status: int,
    ) -> None:
        """Keep a report that matched nothing; the same report offered again changes nothing."""

    def find(
        self, sim: str, reference: int | None, tail: str, since: float
    ) -> list[UnmatchedReport]:
        """Kept reports for a SIM that came since a time, by TP-MR or recipient, oldest first."""

    def drop(self, n: int) -> None:
        """The report has found its attempt."""
