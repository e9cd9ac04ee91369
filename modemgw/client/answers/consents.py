"""Consents, and what is kept about one number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from modemgw.client.answer import Answer


class Consent(Answer):
    """A decision about a number."""

    number: str
    scope: str | None
    """What it is about; None: everything."""
    state: str
    """`opted_in` or `opted_out`."""
    source: str
    """How it was made; `sms`: by a keyword."""
    evidence: str | None
    at: datetime
    recorded_at: datetime
    key: str | None
    """The API key that recorded it."""
    inbound: str | None
    """The received message that it was made by."""


class ConsentsOfNumber(Answer):
    """All that is known of a number."""

    number: str
    state: str | None
    """About everything; None: unknown."""
    standing: tuple[Consent, ...]
    """The decision that stands, by scope."""
    history: tuple[Consent, ...]
    """Every decision, the newest first."""
    erased: bool
    """It had opted out and was erased: that it has is all that is known."""


class RefusedRow(Answer):
    """A row that was not taken."""

    line: int
    number: str
    detail: str


class ImportReport(Answer):
    """What has become of the rows of a list, or would become of them."""

    dry_run: bool
    rows: int
    new: int
    changed: int
    kept: int
    """Kept as evidence; they change nothing."""
    unchanged: int
    """They say nothing new."""
    refused: int
    refused_rows: tuple[RefusedRow, ...]
    """The first 1,000 of them."""


class PrivacyExport(Answer):
    """Everything that is kept about a number."""

    number: str
    exported_at: datetime
    holdings: dict[str, list[dict[str, Any]]]
    """By what it is. Octets are in hexadecimal, times in Unix seconds."""


class PrivacyErasure(Answer):
    """What was erased of a number, or would be."""

    dry_run: bool
    canceled: int
    """Messages that had not begun."""
    found: dict[str, int]
    """How much there was, by what it is."""
    left: dict[str, int]
    """What is not done with yet: ask again when it is."""
    opted_out: bool
    """A mark says that the number has opted out, and stays."""
    stays: tuple[str, ...]
    """What is not erased at all."""
