"""What a verification may become, and what is told of it. Functions on a transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from modemgw.config import VerificationsSection
from modemgw.gateway.verifications.codes import Codes
from modemgw.gateway.verifications.guard import check_limits
from modemgw.gateway.verifications.refusals import Over
from modemgw.store import StoppedPrefix, Transaction, Use, Verification
from modemgw.store.contract.verifications import VerificationStatus

Ending = Literal["approved", "expired", "locked", "canceled"]


def status_at(verification: Verification, now: float) -> VerificationStatus:
    """Where one stands at `now` (UTC seconds), though nobody has noticed yet that it expired."""
    if verification.status == "pending" and verification.expires_at <= now:
        return "expired"
    return verification.status


def attempts_left(verification: Verification) -> int:
    """How many more codes may be tried."""
    return max(0, verification.max_attempts - verification.attempts)


def end(tx: Transaction, verification: Verification, status: Ending, now: float) -> Verification:
    """Nothing is pending any more: say so once."""
    ended = replace(verification, status=status, ended_at=now)
    tx.verifications.update(ended)
    tell(tx, ended, status)
    return ended


def tell(tx: Transaction, verification: Verification, what: str) -> None:
    """An event about a verification; neither its number nor its code is in it."""
    tx.events.emit(
        f"verification.{what}",
        {
            "id": verification.id,
            "status": verification.status,
            "reference": verification.reference,
            "attempts_left": attempts_left(verification),
        },
    )


def tell_stopped(tx: Transaction, stop: StoppedPrefix) -> None:
    """The event that a prefix is stopped."""
    tx.events.emit(
        "verification.prefix_stopped",
        {
            "prefix": stop.prefix,
            "until": stop.until,
            "sent": stop.sent,
            "approved": stop.approved,
        },
    )


def try_code(
    tx: Transaction,
    before: Verification,
    given: str,
    *,
    codes: Codes,
    section: VerificationsSection,
    now: float,
) -> Verification:
    """Try a code: the try is counted first, then the codes are compared.

    Both are one transaction and the answer follows its commit, so nobody learns whether a code was
    right without having used up a try, whatever ends the process. Raises Over, TooManyTries.
    """
    status = status_at(before, now)
    if status in ("approved", "canceled"):
        raise Over(f"verification {before.id!r} is {status} already: begin another one")
    if status == "expired":
        return before if before.status == "expired" else end(tx, before, "expired", now)
    if status == "locked":
        return before
    use = Use("attempt", before.number, before.key, before.prefix, before.client, now)
    check_limits(tx, use, section)
    tried = replace(before, attempts=before.attempts + 1)
    tx.verifications.update(tried)
    tx.verifications.count(use)
    if codes.matches(tried.salt, tried.length, given):
        return end(tx, tried, "approved", now)
    return tried if attempts_left(tried) else end(tx, tried, "locked", now)
