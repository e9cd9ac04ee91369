"""Why a request was refused, and every reason that there is."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict


class FieldError(TypedDict):
    """One thing that is wrong with a request."""

    field: str
    detail: str
    code: str


class Problem(TypedDict):
    """An error, after RFC 9457."""

    type: Annotated[str, Field(description="Stable; what a program looks at.")]
    title: str
    status: int
    detail: str
    errors: Annotated[
        NotRequired[list[FieldError]], Field(description="Every field that is wrong.")
    ]
    line: Annotated[NotRequired[int], Field(description="Of the JSON error, from 1.")]
    column: Annotated[NotRequired[int], Field(description="Of the JSON error, from 1.")]


class ProblemType(TypedDict):
    """A type of problem: what it means and what to do about it."""

    name: str
    type: Annotated[str, Field(description="As answers carry it.")]
    status: int
    title: str
    meaning: str
    remedy: Annotated[str, Field(description="What to do.")]
    retry: Annotated[
        Literal["no", "later"],
        Field(description="`no`: the same request gets the same answer."),
    ]
    example: Problem


class ProblemTypes(TypedDict):
    """Every type of problem that there is."""

    items: list[ProblemType]
    next_cursor: None
