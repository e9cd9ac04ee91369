"""What doors hand in and get of verifications."""

from __future__ import annotations

from dataclasses import dataclass

from modemgw.gateway.verifications import life
from modemgw.store import Verification
from modemgw.store.contract.verifications import VerificationStatus


@dataclass(frozen=True, slots=True)
class NewVerification:
    """What somebody asks for. What is None is as the configuration has it."""

    to: str
    template: str | None = None
    language: str | None = None
    length: int | None = None
    ttl_s: float | None = None
    domain: str | None = None
    reference: str | None = None
    client_ip: str | None = None


@dataclass(frozen=True, slots=True)
class VerificationView:
    """A verification as it is now. Times are UTC seconds."""

    id: str
    to: str
    status: VerificationStatus
    length: int
    attempts_left: int
    sends_left: int
    resend_at: float | None
    """When its code may be sent once more; None: not at all."""
    key: str
    reference: str | None
    created_at: float
    expires_at: float
    ended_at: float | None


def view_of(verification: Verification, now: float, resend_after_s: float) -> VerificationView:
    """A verification as it is at `now` (UTC seconds)."""
    status = life.status_at(verification, now)
    sends_left = max(0, verification.max_sends - verification.sends)
    again = status == "pending" and sends_left > 0
    return VerificationView(
        id=verification.id,
        to=verification.number,
        status=status,
        length=verification.length,
        attempts_left=life.attempts_left(verification),
        sends_left=sends_left,
        resend_at=verification.sent_at + resend_after_s if again else None,
        key=verification.key,
        reference=verification.reference,
        created_at=verification.created_at,
        expires_at=verification.expires_at,
        ended_at=verification.ended_at,
    )
