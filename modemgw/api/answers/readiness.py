"""The checklist of readiness."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

_Status = Literal["passed", "failed", "not_tested"]


class ChecklistItem(TypedDict):
    """A point of the checklist and how it stands."""

    id: str
    title: str
    status: _Status
    evidence: Annotated[str, Field(description="What was seen.")]
    next_step: Annotated[str | None, Field(description="null where it has passed.")]


class Checklist(TypedDict):
    """The checklist, and how many of its points stand how."""

    ready: Annotated[bool, Field(description="Whether every point has passed.")]
    passed: int
    failed: int
    not_tested: int
    points: list[ChecklistItem]
