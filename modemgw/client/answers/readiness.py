"""The checklist of readiness."""

from __future__ import annotations

from modemgw.client.answer import Answer


class ChecklistItem(Answer):
    """A point of the checklist and how it stands."""

    id: str
    title: str
    status: str
    """`passed`, `failed` or `not_tested`."""
    evidence: str
    next_step: str | None
    """None where it has passed."""


class Checklist(Answer):
    """The checklist, and how many of its points stand how."""

    ready: bool
    """Whether every point has passed."""
    passed: int
    failed: int
    not_tested: int
    points: tuple[ChecklistItem, ...]
