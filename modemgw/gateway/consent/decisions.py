"""A decision as it is recorded: what stands by it, and the event that tells of a change.

Everything here runs in a unit of work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modemgw.store import Consent, ConsentState, Transaction
from modemgw.store.contract.consents import EVERYTHING

BY_SMS = "sms"
"""The source of what was decided by a keyword."""

EVENTS = {
    ConsentState.OPTED_OUT: "consent.opted_out",
    ConsentState.OPTED_IN: "consent.opted_in",
}


@dataclass(frozen=True, slots=True)
class NewConsent:
    """A decision to record."""

    number: str
    """E.164; or as somebody wrote it, until it is read."""
    state: ConsentState
    source: str
    scope: str = EVERYTHING
    evidence: str | None = None
    at: float | None = None
    """UTC seconds at which it was made; None: now, and it stands whatever was before."""
    key: str | None = None
    inbound: str | None = None

    def consent(self, now: float) -> Consent:
        """The decision as it is recorded at `now`."""
        return Consent(
            self.number,
            self.scope,
            self.state,
            self.source,
            now if self.at is None else self.at,
            now,
            self.evidence,
            self.key,
            self.inbound,
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """What has become of a decision."""

    consent: Consent
    stands: bool
    """False: one that was made later stands, and this is kept as history."""
    changed: bool
    """Whether the number's state is another now."""


def stands_over(new: NewConsent, current: Consent | None) -> bool:
    """Whether a decision takes the place of the one that stands: the later one counts."""
    return current is None or new.at is None or new.at >= current.at


def decide(tx: Transaction, new: NewConsent, **told: Any) -> Decided:
    """Record a decision, and an event if it changes something. `told`: what that says beyond."""
    current = tx.consents.current(new.number, new.scope)
    consent = new.consent(tx.now)
    stands = stands_over(new, current)
    changed = stands and (current is None or current.state is not new.state)
    tx.consents.record([consent], stands=stands)
    if changed:
        tx.events.emit(EVENTS[new.state], about(consent) | told)
    return Decided(consent, stands, changed)


def about(consent: Consent) -> dict[str, Any]:
    """What an event says of a decision."""
    return {
        "number": consent.number,
        "scope": consent.scope,
        "source": consent.source,
        "inbound": consent.inbound,
    }
