"""Status reports find the attempt that they are about (TS 23.040 9.2.2.3).

A report names its part only by TP-MR, an octet that a SIM uses again after 256 parts, and by a
recipient that networks rewrite. So the match is by SIM, TP-MR and the end of the number, the newest
attempt first; a report that comes before the modem has told the TP-MR waits for it; and one that
matches nothing is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from modemgw.gateway import progress
from modemgw.sms import Outcome, PduError, StatusReport, Timestamp, decode_mt, status_of
from modemgw.store import AttemptKey, Submission, Transaction, attempts, events, sim_state

CANDIDATES = 16
"""Attempts with the same TP-MR that are looked at, newest first: 4,096 parts of one SIM."""
DAY_S = 86400.0
OLDEST_S = 8 * DAY_S
"""A report whose part was taken longer ago, or later than now, has a time stamp that is wrong."""
EARLY_S = 600.0
"""How long a report waits for the attempt that it may be about."""
SLACK_S = 60.0
"""How wrong what we think of a service centre's clock may be."""


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


@dataclass(frozen=True, slots=True)
class _InTheAir:
    """The part that a SIM sends just now."""

    key: AttemptKey
    tail: str
    since: float


class Receipts:
    """Matches reports to attempts. Its methods run inside a unit of work, in the store's thread."""

    def __init__(self) -> None:
        self._clock_offset: dict[str, float] = {}
        """How far the service centre's clock is ahead of ours, by SIM, as last seen for certain."""
        self.remembered_offset: dict[str, float] = {}
        """The same as the last run saw it. Our clock may have been set since: it is a hint only."""
        self._in_the_air: dict[str, _InTheAir] = {}
        self._put_off: set[str] = set()
        """SIMs with a report that may be about the part in the air, or about one in doubt."""
        self.on_early: dict[AttemptKey, Callable[[], None]] = {}
        """What the lane that has an attempt in the air wants to be called, in the loop, when a
        report was kept that may be about it. The loop's own: no unit of work touches it."""

    def clock_set(self, by_s: float) -> None:
        """Our own clock was set `by_s` seconds ahead: a service centre's is less far ahead now."""
        self._clock_offset = {sim: at - by_s for sim, at in self._clock_offset.items()}
        self.remembered_offset = {sim: at - by_s for sim, at in self.remembered_offset.items()}
        self._in_the_air = {
            sim: replace(part, since=part.since + by_s) for sim, part in self._in_the_air.items()
        }

    def begun(self, sim: str, key: AttemptKey, to: str, at: float) -> None:
        """A part is about to go out."""
        self._in_the_air[sim] = _InTheAir(key, attempts.tail(to), at)

    def ended(
        self, tx: Transaction, sim: str, reference: int | None = None, *, doubt: bool = False
    ) -> list[Matched]:
        """An attempt ended: apply reports that were quicker. Returns the doubts that they settled.

        `reference`: the TP-MR that it was told. `doubt`: it became ambiguous.
        """
        self._in_the_air.pop(sim, None)
        if doubt or sim in self._put_off:
            self._put_off.discard(sim)
            return self.take_early(tx, sim)
        return [] if reference is None else self.take_early(tx, sim, reference)

    def take(
        self, tx: Transaction, *, modem: str, sim: str, report: StatusReport, tpdu: bytes
    ) -> Matched | Early | None:
        """Apply a report that just came. One that matches nothing (yet) is kept."""
        matched = self._apply(tx, sim, report)
        if matched is not None:
            return matched
        events.keep_unmatched(
            tx,
            digest=hashlib.sha256(sim.encode() + tpdu).digest(),
            modem=modem,
            sim=sim,
            tpdu=tpdu,
            reference=report.reference,
            recipient=str(report.recipient),
            tp_status=report.status,
        )
        return self._early(sim, report)

    def _early(self, sim: str, report: StatusReport) -> Early | None:
        """The attempt in the air, if a report that matched nothing may be about it."""
        part, sc_time = self._in_the_air.get(sim), _seconds(report.scts)
        if part is None or part.tail != attempts.tail(str(report.recipient)):
            return None
        offset = self._clock_offset.get(sim)
        if offset is not None and sc_time is not None and sc_time - offset < part.since - SLACK_S:
            return None  # about one that was sent before
        return Early(part.key)

    def take_early(
        self, tx: Transaction, sim: str, reference: int | None = None, within_s: float = EARLY_S
    ) -> list[Matched]:
        """Apply the reports that wait, with this TP-MR or any. Returns the doubts they settled."""
        settled = []
        for kept in events.unmatched(tx, sim, reference, tx.now - within_s):
            try:
                report = decode_mt(kept.tpdu)
            except PduError:  # decoded once before: so this was written by another version
                continue
            matched = self._apply(tx, sim, report) if isinstance(report, StatusReport) else None
            if matched is not None:
                events.drop_unmatched(tx, kept.n)
                settled += [matched] if matched.was_ambiguous else []
        return settled

    def _apply(self, tx: Transaction, sim: str, report: StatusReport) -> Matched | None:
        recipient = str(report.recipient)
        sc_time = _seconds(report.scts)
        known = attempts.find_reference(tx, sim, report.reference, recipient, CANDIDATES)
        if not known and len(recipient.lstrip("+")) < attempts.TAIL_DIGITS:
            # Rewritten beyond recognition: believed only when there is no doubt.
            since = tx.now - EARLY_S
            known = attempts.find_unreported(tx, sim, report.reference, since, 2)
            known = known if len(known) == 1 else []
        offset = self._clock_offset.get(sim, self.remembered_offset.get(sim, 0.0))
        taken_at = None if sc_time is None else sc_time - offset
        if taken_at is not None and not tx.now - OLDEST_S <= taken_at <= tx.now + DAY_S:
            taken_at = None
        found = choose(known, report.status, sc_time, taken_at) if known else None
        if found is None or not _plausible(found, sc_time, taken_at, tx.now):
            return self._apply_to_ambiguous(tx, sim, report, recipient, taken_at)
        if sc_time is not None and len(known) == 1 and found.ended_at is not None:
            self._learn(tx, sim, sc_time - found.ended_at)
        self._record(tx, found, report)
        return Matched(found.key, was_ambiguous=False)

    def _learn(self, tx: Transaction, sim: str, offset: float) -> None:
        """A service centre's clock was seen for certain."""
        before = self._clock_offset.get(sim)
        if before is None or abs(offset - before) > SLACK_S:
            sim_state.keep_centre_ahead(tx, sim, offset)
        self._clock_offset[sim] = offset

    def _apply_to_ambiguous(
        self,
        tx: Transaction,
        sim: str,
        report: StatusReport,
        recipient: str,
        taken_at: float | None,
    ) -> Matched | None:
        """The TP-MR of an ambiguous attempt was never told: recipient and time must do."""
        end = attempts.tail(recipient)
        slack = EARLY_S if sim in self._clock_offset else DAY_S
        fitting = [
            one
            for one in attempts.find_ambiguous(tx, sim)
            if attempts.tail(one.to) == end and (taken_at is None or _apart(one, taken_at) <= slack)
        ]
        if not fitting:
            return None
        part = self._in_the_air.get(sim)
        if part is not None and part.tail == end:
            self._put_off.add(sim)
            return None
        nearest = fitting[0]
        if taken_at is not None:
            nearest = min(fitting, key=lambda one: _apart(one, taken_at))
        attempts.settle(tx, nearest.key, report.reference, tx.now)
        self._record(tx, nearest, report)
        return Matched(nearest.key, was_ambiguous=True)

    def _record(self, tx: Transaction, found: Submission, report: StatusReport) -> None:
        if not _is_news(found, report.status):
            return
        attempts.add_report(
            tx,
            found.key,
            tp_status=report.status,
            reported_at=tx.now,
            sc_time=_seconds(report.scts),
            discharge_time=_seconds(report.discharge),
        )
        progress.report(tx, found, report.status)


def choose(
    candidates: list[Submission], tp_status: int, sc_time: float | None, taken_at: float | None
) -> Submission:
    """The attempt that a report is about, among those that it fits (at least one), newest first.

    One that had a report with this very time stamp is meant: `sc_time` tells when the service
    centre took the part, and is the same in all its reports (9.2.2.3). Else one that still waits
    for a final report comes before one that has it. When several wait, the TP-MR has wrapped: the
    one whose submission is nearest to `taken_at`, that time by our own clock, is meant.
    """
    if sc_time is not None:
        repeated = next((c for c in candidates if c.sc_time == sc_time), None)
        if repeated is not None:
            return repeated
    waiting = [c for c in candidates if c.tp_status is None or not status_of(c.tp_status).final]
    if len(waiting) > 1 and taken_at is not None:
        return min(waiting, key=lambda c: abs((c.ended_at or 0.0) - taken_at))
    if waiting:
        return waiting[0]
    return next((c for c in candidates if _is_news(c, tp_status)), candidates[0])


def _plausible(
    found: Submission, sc_time: float | None, taken_at: float | None, now: float
) -> bool:
    """Whether a report may be about an attempt with its TP-MR, which may be of an earlier round."""
    if found.tp_status is not None and status_of(found.tp_status).final:
        return sc_time is None or found.sc_time in (None, sc_time)
    fresh = now - found.started_at <= DAY_S
    return fresh or taken_at is None or _apart(found, taken_at) <= DAY_S


def _apart(found: Submission, taken_at: float) -> float:
    """Seconds by which a time lies outside an attempt; 0 within it."""
    ended_at = found.started_at if found.ended_at is None else found.ended_at
    return max(found.started_at - taken_at, taken_at - ended_at, 0.0)


def _seconds(stamp: Timestamp) -> float | None:
    """UTC seconds of a time stamp; None for a date that does not exist."""
    at = stamp.datetime
    return None if at is None else at.timestamp()


def _is_news(found: Submission, tp_status: int) -> bool:
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
