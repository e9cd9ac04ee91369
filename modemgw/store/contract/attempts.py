"""Attempts: one for each try of one part on one SIM, with the receipt that answered it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from modemgw.store.records import (
    Attempt,
    AttemptState,
    Cost,
    ErrorInfo,
    MessageStatus,
    RetryAt,
)


class AttemptKey(NamedTuple):
    """Which attempt: the message's number, the part from 1, the try from 1."""

    message: int
    part: int
    n: int


class Candidate(NamedTuple):
    """An attempt, with what the matching of reports wants to know of it and its message."""

    key: AttemptKey
    state: AttemptState
    to: str
    asked: bool
    """A status report was asked for with it."""
    started_at: float
    ended_at: float | None
    tp_status: int | None
    """Of the newest report so far."""
    sc_time: float | None
    """TP-SCTS of that report."""
    only_try: bool
    """Its part was tried this once."""
    message_id: str
    message_status: MessageStatus
    message_parts: int
    message_reference: str | None
    message_key: str
    message_type: str


TAIL_DIGITS = 7
"""So many last digits of a number survive what networks do to it."""


def tail(number: str) -> str:
    """The end of a number, by which its national and international spellings are one."""
    return number[-TAIL_DIGITS:]


class Begun(NamedTuple):
    """How an attempt began."""

    sim: str
    to: str
    started_at: float


class AttemptsView(Protocol):
    """Each try of one part on one SIM, with the receipt that answered it: what can be asked."""

    def last_sims(self, routes: Sequence[str], messages: int) -> Iterable[tuple[str, str]]:
        """(recipient, SIM) of what `routes` carried, oldest first, within the newest `messages`."""

    def of(self, message: int) -> dict[int, list[Attempt]]:
        """Every attempt of a message, by part, oldest first."""

    def recent(self, sim: str, since: float) -> list[tuple[float, str]]:
        """(start, recipient) of what `sim` has sent, or may have, since a time, oldest first.

        Its limits' use. One of which nobody knows counts: the network may have counted it as well.
        """

    def used(self, sim: str, since: float) -> tuple[int, float | None]:
        """How many parts `recent` has, and when the oldest of them was begun."""


class Attempts(AttemptsView, Protocol):
    """Each try of one part on one SIM, with the receipt that answered it."""

    def begin(
        self,
        key: AttemptKey,
        *,
        modem: str,
        sim: str,
        to: str,
        started_at: float,
        duplicate_risk: bool,
        receipt_asked: bool,
    ) -> None:
        """Record that a PDU is about to go out. Committed before it does: a crash finds it here."""

    def finish(
        self,
        key: AttemptKey,
        state: AttemptState,
        *,
        reference: int | None = None,
        error: ErrorInfo | None = None,
        ended_at: float,
        retry: RetryAt | None = None,
    ) -> bool:
        """Record how an attempt ended, once: an end that is known already stays (False)."""

    def set_cost(self, key: AttemptKey, cost: Cost) -> None:
        """Keep what an accepted attempt costs."""

    def find(self, key: AttemptKey) -> Begun | None:
        """How an attempt began; None when it was never recorded."""

    def add_report(
        self,
        key: AttemptKey,
        *,
        tp_status: int,
        reported_at: float,
        sc_time: float | None,
        discharge_time: float | None,
    ) -> None:
        """Keep the newest status report of an attempt."""

    def settle(self, key: AttemptKey, reference: int, ended_at: float) -> bool:
        """An ambiguous attempt turned out to be accepted: a report named it. False: it was not."""

    def find_fitting(
        self, sim: str, reference: int, recipient: str, since: float, limit: int
    ) -> list[Candidate]:
        """Attempts on `sim` to a recipient that a report with this TP-MR may name.

        The newest that the modem answered with it, the part in the air, and the newest of which
        nobody knows and that were begun since a time; `limit` of the first and of the last kind.
        """

    def find_unreported(
        self, sim: str, reference: int, since: float, limit: int
    ) -> list[Candidate]:
        """Attempts on `sim` to anybody with this TP-MR, since a time, that no report named yet."""

    def interrupted(self, error: ErrorInfo) -> list[AttemptKey]:
        """After a crash: every attempt that was in the air becomes ambiguous. Returns which."""

    def in_the_air(self, sim: str, carried: Iterable[int]) -> list[tuple[float, str]]:
        """(start, recipient) of each part of these messages whose end on `sim` is not known."""
