"""Verifications, and the prefixes to which no code goes."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer


class Verification(Answer):
    """A number that is to be proved, or was, or was not."""

    id: str
    to: str
    status: str
    """pending, approved, expired, locked (too many wrong codes) or canceled."""
    length: int
    """Digits of the code."""
    attempts_left: int
    """How many more codes may be tried."""
    sends_left: int
    """How often the code may be sent yet."""
    resend_at: datetime | None
    """From when on it may be sent once more; None: never."""
    key: str
    """Name of the API key that asked for it."""
    reference: str | None
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class CheckedVerification(Answer):
    """What a code was worth."""

    id: str
    status: str
    """`approved` alone proves the number; pending, expired, locked."""
    attempts_left: int

    @property
    def approved(self) -> bool:
        """Whether the code was right."""
        return self.status == "approved"


class StoppedPrefix(Answer):
    """Numbers to which no code goes for a while."""

    prefix: str
    since: datetime
    until: datetime
    sent: int
    """Verifications that were begun there …"""
    approved: int
    """… and those of them that were approved."""
