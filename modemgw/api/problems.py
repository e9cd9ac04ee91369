"""Errors as RFC 9457 problem details: every answer that is no success is made here."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json

from modemgw.api import answers
from modemgw.api.problem_types import PROBLEM_TYPES, REFUSALS, page_of, type_uri
from modemgw.gateway import (
    BudgetExhausted,
    Conflict,
    Duplicate,
    FieldProblem,
    IdempotencyConflict,
    NotFound,
    Outdated,
    Rejected,
    TooMany,
    Unavailable,
)
from modemgw.modem import ModemError
from modemgw.store import StoreUnavailable

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

MAX_ERRORS = 50
"""Fields that are described in one problem; what is wrong beyond is counted."""
MAX_FIELD = 100
MAX_DETAIL = 2500
"""Characters of what is told: names and values come from outside, and may be of any length."""

_LINE_COLUMN = re.compile(r"^(.*) at line (\d+) column (\d+)$", re.DOTALL)
_CODES = (
    ("missing", "missing"),
    ("extra_forbidden", "unknown"),
    ("too_long", "too-long"),
    ("too_short", "too-short"),
    ("greater_than", "out-of-range"),
    ("less_than", "out-of-range"),
    ("literal_error", "not-a-choice"),
    ("enum", "not-a-choice"),
    ("_type", "wrong-type"),
    ("_parsing", "wrong-type"),
)


_REFUSED: Mapping[str, str] = {
    "templates-only": "templates-only",
    "template-not-allowed": "templates-only",
}
"""Codes of what is wrong with a field that make a problem another one than `invalid-fields`."""


class Problem(Exception):
    """An answer that is no success. `slug` is a key of PROBLEM_TYPES."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        errors: Iterable[FieldProblem] = (),
        position: tuple[int, int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.slug = slug
        self.status, self.title = PROBLEM_TYPES[slug].status, PROBLEM_TYPES[slug].title
        self.detail = shortened(detail, MAX_DETAIL)
        self.errors = tuple(
            replace(
                error,
                field=shortened(error.field, MAX_FIELD),
                detail=shortened(error.detail, MAX_DETAIL),
            )
            for error in islice(errors, MAX_ERRORS)
        )
        self.position = position
        self.headers = headers

    def document(self) -> answers.Problem:
        """The problem details object."""
        document: answers.Problem = {
            "type": type_uri(self.slug),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [
                {"field": e.field, "detail": e.detail, "code": e.code} for e in self.errors
            ]
        if self.position is not None:
            document["line"], document["column"] = self.position
        return document

    def response(self) -> web.Response:
        """The answer that carries it; its `Link` leads to the page about the type."""
        return web.Response(
            body=to_json(self.document()),
            status=self.status,
            content_type=CONTENT_TYPE,
            headers={"Link": f'<{page_of(self.slug)}>; rel="help"', **(self.headers or {})},
        )


def invalid_fields(errors: Iterable[FieldProblem], most: int = MAX_ERRORS) -> Problem:
    """The problem that names every field in `errors`, or `most` of them."""
    errors = tuple(errors)
    detail = "; ".join(
        f"{shortened(e.field, MAX_FIELD)}: {shortened(e.detail, 300)}" for e in errors[:5]
    )
    if len(errors) > 5:
        detail += f"; and {len(errors) - 5:,} more"
    return Problem("invalid-fields", detail, errors=errors[:most])


def path_of(request: web.BaseRequest) -> str:
    """The path as it was sent, escaped: nothing in it does anything to a log or a terminal."""
    path = shortened(request.raw_path.partition("?")[0], MAX_FIELD)
    return path.encode("ascii", "backslashreplace").decode()


def shortened(text: str, most: int) -> str:
    """`text` as it can be told: `most` characters at the most, and none that UTF-8 lacks."""
    if len(text) > most:
        text = f"{text[: most - 1]}…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def field_problem(error: ErrorDetails, loc: tuple[int | str, ...] | None = None) -> FieldProblem:
    """What pydantic found, in our words. `loc` replaces the error's own place."""
    place = error["loc"] if loc is None else loc
    field = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".")
    kind = error["type"]
    code = next((code for mark, code in _CODES if mark in kind), "invalid")
    match code:
        case "missing":
            detail = "this field is required"
        case "unknown":
            detail = "there is no such field"
        case _:
            detail = error["msg"].removeprefix("Value error, ")
            detail = detail.replace("Input should be", "this should be", 1)
    return FieldProblem(field=field or "body", detail=detail, code=code)


def from_validation(error: ValidationError) -> Problem:
    """The problem behind a body or a query that pydantic refused."""
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return invalid_json(str(found[0].get("ctx", {}).get("error", found[0]["msg"])))
    return invalid_fields(map(field_problem, found))


def invalid_json(message: str) -> Problem:
    """The problem of a body that is no JSON; `message` may end in a line and a column."""
    if at := _LINE_COLUMN.match(message):
        return Problem("invalid-json", message, position=(int(at[2]), int(at[3])))
    return Problem("invalid-json", message)


def from_refusal(
    error: Rejected | TooMany | Duplicate, too_many: str = "too-many-messages"
) -> Problem:
    """The problem of a message that the gateway does not take; `too_many`: by a limit."""
    if isinstance(error, TooMany | Duplicate):
        slug = "duplicate" if isinstance(error, Duplicate) else too_many
        seconds = max(1, math.ceil(error.retry_after_s))
        if isinstance(error, BudgetExhausted):
            slug = "budget-exhausted"
        return Problem(slug, str(error), headers={"Retry-After": str(seconds)})
    for problem in error.problems:
        if problem.code in _REFUSED:
            return Problem(_REFUSED[problem.code], problem.detail, errors=error.problems)
    codes = {problem.code for problem in error.problems}
    if len(codes) == 1 and (code := codes.pop()) in REFUSALS:
        return Problem(code, str(error), errors=error.problems)
    return invalid_fields(error.problems)


def from_http(error: web.HTTPException, request: web.BaseRequest) -> Problem:
    """The problem behind what aiohttp raises."""
    match error:
        case web.HTTPNotFound():
            return Problem("no-such-path", f"there is nothing at {path_of(request)}")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return Problem(
                "method-not-allowed",
                f"{path_of(request)} takes {allowed}, not {request.method}",
                headers={"Allow": allowed},
            )
        case web.HTTPRequestEntityTooLarge():
            limit = request.client_max_size
            return Problem("too-large", f"the body may have {limit:,} bytes at most")
        case web.HTTPExpectationFailed():
            return Problem("expectation-failed", "the only Expect there is is 100-continue")
        case _ if error.status < 500:
            return Problem("bad-request", error.reason)
        case _:
            return Problem("internal-error", error.reason)


def to_problem(error: Exception, request: web.Request) -> Problem:
    """The one place where an exception becomes an answer."""
    match error:
        case Problem():
            return error
        case Rejected() | TooMany() | Duplicate():
            return from_refusal(error)
        case NotFound():
            return Problem("not-found", str(error))
        case Outdated():
            return Problem("precondition-failed", str(error))
        case Conflict():
            return Problem("conflict", str(error))
        case IdempotencyConflict():
            return Problem("idempotency-key-reused", str(error))
        case Unavailable() | StoreUnavailable():
            return Problem("unavailable", str(error), headers={"Retry-After": "10"})
        case ModemError():
            return Problem("modem-error", str(error))
        case web.HTTPException():
            return from_http(error, request)
        case _:
            log.error("%s %s failed", request.method, path_of(request), exc_info=error)
            return Problem("internal-error", "the gateway's log says more")


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever a handler raises into problem details."""
    try:
        return await handler(request)
    except Exception as error:
        if isinstance(error, web.HTTPException) and error.status < 400:
            raise
        return to_problem(error, request).response()
