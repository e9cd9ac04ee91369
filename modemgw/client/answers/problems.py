"""Why a request was refused."""

from __future__ import annotations

from modemgw.client.answer import Answer


class FieldError(Answer):
    """One thing that is wrong with a request."""

    field: str
    detail: str
    code: str


class Problem(Answer):
    """An error, after RFC 9457."""

    type: str = "about:blank"
    """Stable; what a program looks at."""
    title: str = ""
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    """Every field that is wrong."""
    line: int | None = None
    """Of the JSON error, from 1."""
    column: int | None = None
