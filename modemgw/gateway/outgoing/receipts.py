"""Status reports find the attempt that they are about, and tell its message.

All that matching goes by is in the store: the attempts, the one in the air among them, the reports
that wait and the clocks of service centres. A unit of work that is run again finds everything as it
was. A report that may be about a part in the air waits for it to end; one that matches nothing is
kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from modemgw.gateway.fleet.centre import SLACK_S
from modemgw.gateway.fleet.sims import centre_clock, keep_centre_clock
from modemgw.gateway.outgoing import progress
from modemgw.gateway.outgoing.accounts import Accounts, sent_of
from modemgw.gateway.outgoing.matching import NEAR_S, OLDEST_S, Heard, choose
from modemgw.sms import Outcome, PduError, StatusReport, Timestamp, decode_mt, status_of
from modemgw.store import AttemptKey, Candidate, Transaction
from modemgw.store.contract import attempts
from modemgw.store.records import AttemptState

CANDIDATES = 16
"""Attempts with the same TP-MR that are looked at, newest first: 4,096 parts of one SIM."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What a report was about."""

    key: AttemptKey
    was_ambiguous: bool
    """It settled an attempt of which nobody knew."""


@dataclass(frozen=True, slots=True)
class Early:
    """A report that is kept: it may be about this attempt, which is still in the air."""

    key: AttemptKey


class Receipts:
    """Matches reports to attempts. Its methods run inside a unit of work, in the store's thread."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        """Where what reports tell is counted."""
        self.on_early: dict[AttemptKey, Callable[[], None]] = {}
        """What the lane that has an attempt in the air wants to be called, in the loop, when a
        report was kept that may be about it. The loop's own: no unit of work touches it."""

    def take(
        self, tx: Transaction, *, modem: str, sim: str, report: StatusReport, tpdu: bytes
    ) -> Matched | Early | None:
        """Apply a report that just came. One that matches nothing (yet) is kept."""
        found = _apply(tx, self.accounts, sim, report, tx.now)
        if isinstance(found, Matched):
            return found
        recipient = str(report.recipient)
        tx.unmatched.keep(
            digest=hashlib.sha256(sim.encode() + tpdu).digest(),
            modem=modem,
            sim=sim,
            tpdu=tpdu,
            reference=report.reference,
            recipient=recipient,
            tail=attempts.tail(recipient),
            tp_status=report.status,
        )
        return found

    def ended(
        self, tx: Transaction, key: AttemptKey, sim: str, to: str, reference: int | None = None
    ) -> list[Matched]:
        """An attempt on `sim` to a recipient ended: apply the reports that waited for its end.

        `reference`: the TP-MR that it was told. Returns the doubts that were settled, this attempt
        or earlier ones.
        """
        waiting = tx.unmatched.find(sim, reference, attempts.tail(to), 0.0)
        begun = tx.attempts.find(key) if waiting else None
        if begun is None:  # none waits; or it could not be recorded, so nothing was sent
            return []
        settled = []
        # A clock that was set back meanwhile must not hide what came after that.
        since = min(begun.started_at, tx.now) - SLACK_S
        for kept in waiting:
            if kept.received_at < since:
                continue
            try:
                report = decode_mt(kept.tpdu)
            except PduError:  # decoded once before: so this was written by another version
                continue
            if not isinstance(report, StatusReport):
                continue
            found = _apply(tx, self.accounts, sim, report, kept.received_at)
            if isinstance(found, Matched):
                tx.unmatched.drop(kept.n)
                settled += [found] if found.was_ambiguous else []
        return settled


def _apply(
    tx: Transaction, accounts: Accounts, sim: str, report: StatusReport, came_at: float
) -> Matched | Early | None:
    known = centre_clock(tx, sim)
    heard = Heard(_seconds(report.scts), known.ahead_s, came_at)
    choice = choose(_fitting(tx, sim, report, came_at), heard)
    if choice is None:
        return None
    found = choice.one
    if found.state is AttemptState.SUBMITTING:
        return Early(found.key) if choice.sure else None  # kept in either case
    if choice.sure and heard.sc_time is not None and found.ended_at is not None:
        seen = known.seen(heard.sc_time - found.ended_at)
        if seen.is_news_to(known):
            keep_centre_clock(tx, sim, seen)
    doubt = found.state is AttemptState.AMBIGUOUS
    if doubt and tx.attempts.settle(found.key, report.reference, came_at):
        ended = came_at if found.ended_at is None else found.ended_at
        accounts.accepted(tx, found.key, sent_of(sim, found), ended)
    if _is_news(found, report.status):
        tx.attempts.add_report(
            found.key,
            tp_status=report.status,
            reported_at=came_at,
            sc_time=heard.sc_time,
            discharge_time=_seconds(report.discharge),
        )
        accounts.reported(tx, sim, found, report.status, came_at)
        progress.report(tx, found, report.status)
    return Matched(found.key, was_ambiguous=doubt)


def _fitting(tx: Transaction, sim: str, report: StatusReport, came_at: float) -> list[Candidate]:
    """Attempts that a report may name: by its TP-MR, or to its recipient and without one yet."""
    recipient = str(report.recipient)
    fitting = tx.attempts.find_fitting(
        sim, report.reference, recipient, tx.now - OLDEST_S, CANDIDATES
    )
    if not fitting and len(recipient.lstrip("+")) < attempts.TAIL_DIGITS:
        # Rewritten beyond recognition: believed only when there is no doubt.
        found = tx.attempts.find_unreported(sim, report.reference, tx.now - NEAR_S, 2)
        fitting = found if len(found) == 1 else []
    # What was begun after the report had come is not meant, unless our clock was set back since.
    return [one for one in fitting if not came_at < one.started_at <= tx.now]


def _seconds(stamp: Timestamp) -> float | None:
    """UTC seconds of a time stamp; None for a date that does not exist."""
    at = stamp.datetime
    return None if at is None else at.timestamp()


def _is_news(found: Candidate, tp_status: int) -> bool:
    """Whether a report changes what is known: the first final one wins.

    Except that "delivered" corrects a "given up" or "does not exist" (TS 23.040 9.2.3.15: 60–7F
    and 49), which service centres send while another copy is still on its way.
    """
    if found.tp_status is None:
        return True
    known = status_of(found.tp_status)
    if not known.final:
        return True
    corrects = known.outcome in (Outcome.FAILED_TEMPORARY, Outcome.UNKNOWN)
    return corrects and status_of(tp_status).outcome is Outcome.DELIVERED
