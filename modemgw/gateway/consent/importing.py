"""Many decisions at once: what each would change, and which are not taken.

A list may be older than what people have decided since. So a row never lets somebody in again who
has opted out, unless that is asked for and the row says that it was decided later; and never
somebody who was erased: for that a single decision with its evidence is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from modemgw.gateway.consent.decisions import NewConsent, stands_over
from modemgw.store import Consent, ConsentState, View
from modemgw.store.contract.consents import EVERYTHING, Erased

MOST_REFUSED = 1000
"""Refused rows that are described; more are counted."""


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    """Nothing was known of the number and scope."""
    CHANGED = "changed"
    """The state is another now."""
    KEPT = "kept"
    """It is kept as evidence and changes nothing: what stands says the same, or is later."""
    UNCHANGED = "unchanged"
    """It says what stands already, and nothing beyond."""
    REFUSED = "refused"


class Row(NamedTuple):
    """A row of a list."""

    line: int
    """Its line in the file, from 1."""
    new: NewConsent


class RefusedRow(NamedTuple):
    """A row that is not taken."""

    line: int
    number: str
    detail: str


@dataclass(slots=True)
class ImportReport:
    """What has become, or would become, of a list."""

    dry_run: bool
    counts: Counter[Fate] = field(default_factory=Counter)
    refused: list[RefusedRow] = field(default_factory=list)

    def add(self, other: ImportReport) -> None:
        """Count what has become of further rows."""
        self.counts += other.counts
        self.refused += other.refused[: MOST_REFUSED - len(self.refused)]


@dataclass(slots=True)
class Sorted:
    """Rows by what is to be done for them."""

    report: ImportReport
    stand: list[Consent] = field(default_factory=list)
    history: list[Consent] = field(default_factory=list)


def sort_rows(
    view: View,
    rows: Iterable[Row],
    *,
    now: float,
    again: bool,
    dry_run: bool = False,
) -> Sorted:
    """What is to be done for rows, each after those before it. `again`: who opted out may be let
    in."""
    erased = view.consents.erased()
    known: dict[tuple[str, str], Consent] = {}
    result = Sorted(ImportReport(dry_run))
    report = result.report
    for line, new in rows:
        current = _current(view, known, new)
        detail = _refusal(new, current, erased, again=again)
        if detail is not None:
            report.counts[Fate.REFUSED] += 1
            if len(report.refused) < MOST_REFUSED:
                report.refused.append(RefusedRow(line, new.number, detail))
            continue
        fate = _fate(new, current)
        report.counts[fate] += 1
        if fate is Fate.UNCHANGED:
            continue
        consent = new.consent(now)
        if stands_over(new, current):
            known[new.number, new.scope] = consent
            result.stand.append(consent)
        else:
            result.history.append(consent)
    return result


def _current(
    view: View, known: Mapping[tuple[str, str], Consent], new: NewConsent
) -> Consent | None:
    found = known.get((new.number, new.scope))
    return found or view.consents.current(new.number, new.scope)


def _refusal(
    new: NewConsent, current: Consent | None, erased: Erased, *, again: bool
) -> str | None:
    if new.state is ConsentState.OPTED_OUT:
        return None
    if current is None:
        if new.scope == EVERYTHING and new.number in erased:
            return "has opted out and was erased; record a new opt-in by itself, with evidence"
        return None
    if current.state is ConsentState.OPTED_IN or not stands_over(new, current):
        return None
    if not again:
        return "has opted out"
    return (
        None if new.at is not None else "has opted out, and the row does not say that it is later"
    )


def _fate(new: NewConsent, current: Consent | None) -> Fate:
    if current is None:
        return Fate.NEW
    if stands_over(new, current) and new.state is not current.state:
        return Fate.CHANGED
    same = new.state is current.state and new.source == current.source
    if same and new.at in (None, current.at) and new.evidence in (None, current.evidence):
        return Fate.UNCHANGED
    return Fate.KEPT
