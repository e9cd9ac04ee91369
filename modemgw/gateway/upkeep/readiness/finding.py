"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "failed", "not_tested"]


@dataclass(frozen=True, slots=True)
class Finding:
    """How one point of the checklist stands."""

    status: Status
    evidence: str
    """What was seen, in a sentence."""
    next_step: str | None = None
    """What to do; None where it has passed."""


@dataclass(frozen=True, slots=True)
class Item:
    """A point of the checklist and how it stands."""

    id: str
    title: str
    finding: Finding


def passed(evidence: str) -> Finding:
    """It is so."""
    return Finding("passed", evidence)


def failed(evidence: str, next_step: str) -> Finding:
    """It is not so."""
    return Finding("failed", evidence, next_step)


def not_tested(evidence: str, next_step: str) -> Finding:
    """Nobody has tried it yet, so nothing can be said."""
    return Finding("not_tested", evidence, next_step)
