"""Types of messages: the policy in force, and how their messages do."""

from __future__ import annotations

from modemgw.client.answer import Answer


class TypeTarget(Answer):
    """How soon messages should come how far, and how many did since the gateway was started."""

    to: str
    """`sent` or `delivered`."""
    seconds: float
    in_time: int
    late: int
    overdue: int
    """Late ones that have not come so far yet."""


class TypeDuplicates(Answer):
    """What becomes of the same text from the same key to the same number."""

    window_seconds: float
    action: str
    """`refuse` or `merge`."""


class MessageType(Answer):
    """What is done with the messages of one type."""

    name: str
    priority: int
    """1 goes before 2."""
    routes: tuple[str, ...]
    """Tried in this order; empty: every route."""
    validity_seconds: float
    max_attempts: int
    retry_wait_seconds: float
    retry_wait_max_seconds: float
    ambiguous: str
    """`hold` or `retry`."""
    ambiguous_wait_seconds: float
    quiet_hours: tuple[str, ...]
    """By the recipient's clock."""
    consent_required: bool
    opt_out: str
    """`respect` or `ignore`."""
    duplicates: TypeDuplicates | None
    erase_text: bool
    redact_text_after_days: float | None
    target: TypeTarget | None
    accepted: int
    """Messages since the gateway was started."""
