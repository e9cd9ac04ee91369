"""Problems as responses of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modemgw.api import answers
from modemgw.api.endpoint import JSON, Endpoint
from modemgw.api.openapi import headers
from modemgw.api.problem_types import PROBLEM_TYPES, ProblemType, page_of, type_uri
from modemgw.api.problems import CONTENT_TYPE

_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def component(name: str) -> str:
    """The name of a problem's response among the components."""
    return name.title().replace("-", "")


def problem_example(name: str) -> answers.Problem:
    """What an answer with this problem looks like."""
    kind = PROBLEM_TYPES[name]
    example: answers.Problem = {
        "type": type_uri(name),
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail,
    }
    if kind.errors:
        example["errors"] = [
            {"field": e.field, "detail": e.detail, "code": e.code} for e in kind.errors
        ]
    if kind.position is not None:
        example["line"], example["column"] = kind.position
    return example


def problem_response(name: str) -> dict[str, Any]:
    """The response with one problem."""
    kind = PROBLEM_TYPES[name]
    return {
        "description": _about(name, kind),
        "headers": headers.references(("Link", *kind.headers)),
        "content": {CONTENT_TYPE: {"schema": _PROBLEM, "example": problem_example(name)}},
    }


def _about(name: str, kind: ProblemType) -> str:
    return f"{kind.title} ([{name}]({page_of(name)}))"


def problems_of(endpoint: Endpoint) -> tuple[str, ...]:
    """The problems that an endpoint may answer, each once."""
    names = ["bad-request", "request-timeout", "expectation-failed", "headers-too-large"]
    names.append("internal-error")
    if not endpoint.public:
        names += ["unauthorized", "unavailable"]
    if endpoint.scopes:
        names.append("missing-scope")
    if endpoint.body is not None:
        names += ["too-large", "unsupported-media-type"]
        names += ["invalid-json"] if endpoint.body_media == JSON else []
    if endpoint.body is not None or endpoint.query is not None:
        names.append("invalid-fields")
    if endpoint.conditional:
        names.append("precondition-failed")
    if endpoint.idempotent:
        names += ["invalid-fields", "idempotency-key-reused"]
    return tuple(dict.fromkeys([*names, *endpoint.problems]))


def failures(endpoint: Endpoint) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for name in problems_of(endpoint):
        by_status.setdefault(PROBLEM_TYPES[name].status, []).append(name)
    return {str(status): _failure(by_status[status]) for status in sorted(by_status)}


def _failure(names: Sequence[str]) -> dict[str, Any]:
    """The response with one status, for which there may be several reasons."""
    if len(names) == 1:
        return {"$ref": f"#/components/responses/{component(names[0])}"}
    kinds = {name: PROBLEM_TYPES[name] for name in names}
    fields = dict.fromkeys(field for kind in kinds.values() for field in kind.headers)
    return {
        "description": "; or ".join(_about(name, kind) for name, kind in kinds.items()),
        "headers": headers.references(("Link", *fields)),
        "content": {
            CONTENT_TYPE: {
                "schema": _PROBLEM,
                "examples": {
                    name: {"summary": kind.title, "value": problem_example(name)}
                    for name, kind in kinds.items()
                },
            }
        },
    }
