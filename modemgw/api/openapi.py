"""The OpenAPI 3.1 document, made from the endpoints and the types of their bodies and answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter
from pydantic_core import to_json

import modemgw
from modemgw.api import answers, docs_page
from modemgw.api.auth import SCOPES
from modemgw.api.endpoint import Endpoint, raw_json_response
from modemgw.api.idempotency import HEADER, MAX_LENGTH, PATTERN
from modemgw.api.problems import CONTENT_TYPE, TITLES
from modemgw.api.requests import MAX_EVENT

EVENT_STREAM = "text/event-stream"
REF = "#/components/schemas/{model}"

DESCRIPTION = """\
Send, receive and track SMS over your own SIM cards.

A 202 for a message is a promise that survives a crash and a power cut. Times are RFC 3339 UTC,
durations carry their unit in the name (`validity` is in seconds). Lists answer
`{"items": […], "next_cursor": null | "…"}`; pass `next_cursor` back as `cursor`.
Errors are RFC 9457 problem details with a stable `type` and every field that is wrong.
"""


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The OpenAPI document of `endpoints`."""
    types = list(_types(endpoints))
    references, definitions = TypeAdapter.json_schemas(
        [(str(n), mode, TypeAdapter(t)) for n, (t, mode) in enumerate(types)],  # type: ignore[misc]
        ref_template=REF,
    )
    schemas = {
        id(t): references[str(n), mode]  # type: ignore[index]
        for n, (t, mode) in enumerate(types)
    }
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, schemas)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "modemgw",
            "version": modemgw.__version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(definitions["$defs"].items())),
            "responses": {_component(slug): _problem(slug) for slug in TITLES},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: `modemgw keys create NAME --scope …`. Scopes: "
                    + "; ".join(f"`{scope}` may {what}" for scope, what in SCOPES.items())
                    + ".",
                }
            },
        },
    }


def _types(endpoints: Iterable[Endpoint]) -> Iterator[tuple[Any, str]]:
    yield answers.Problem, "serialization"
    for endpoint in endpoints:
        for found, mode in ((endpoint.body, "validation"), (endpoint.answer, "serialization")):
            if found is not None:
                yield found, mode


def _component(slug: str) -> str:
    return slug.title().replace("-", "")


def _problem(slug: str) -> dict[str, Any]:
    status, title = TITLES[slug]
    return {
        "description": f"{title} (`urn:modemgw:problem:{slug}`)",
        "content": {
            CONTENT_TYPE: {
                "schema": {"$ref": REF.format(model="Problem")},
                "example": {
                    "type": f"urn:modemgw:problem:{slug}",
                    "title": title,
                    "status": status,
                    "detail": "…",
                },
            }
        },
    }


def _operation(endpoint: Endpoint, schemas: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
    }
    if endpoint.public:
        operation["security"] = []
    elif endpoint.scopes:
        operation["description"] = f"Needs the scope {' or '.join(endpoint.scopes)}."
        operation["x-scopes"] = list(endpoint.scopes)
    if parameters := list(_parameters(endpoint)):
        operation["parameters"] = parameters
    if endpoint.body is not None:
        body: dict[str, Any] = {"schema": schemas[id(endpoint.body)]}
        if endpoint.example is not None:
            body["example"] = endpoint.example
        operation["requestBody"] = {
            "required": endpoint.body_required,
            "content": {"application/json": body},
        }
    answer: dict[str, Any] = {"description": "Done"}
    if endpoint.status != 204:
        media = endpoint.media.partition(";")[0]
        schema = {"type": "string"} if endpoint.answer is None else schemas[id(endpoint.answer)]
        content = {"schema": schema}
        if media == EVENT_STREAM:
            content = {"schema": {"type": "string"}, "x-data-schema": schema}
        answer["content"] = {media: content}
    operation["responses"] = {str(endpoint.status): answer, **_failures(endpoint)}
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    words = re.sub(r"\W+", "_", endpoint.path.removeprefix("/v1")).strip("_")
    return f"{endpoint.method.lower()}_{words}"


def _failures(endpoint: Endpoint) -> dict[str, Any]:
    slugs = ["bad-request", "request-timeout", "expectation-failed", "headers-too-large"]
    slugs.append("internal-error")
    if not endpoint.public:
        slugs += ["unauthorized", "unavailable"]
    if endpoint.scopes:
        slugs.append("missing-scope")
    if endpoint.body is not None:
        slugs += ["invalid-json", "too-large", "unsupported-media-type"]
    if endpoint.body is not None or endpoint.query is not None:
        slugs.append("invalid-fields")
    if endpoint.idempotent:
        slugs.append("idempotency-key-reused")
    by_status: dict[int, list[str]] = {}
    for slug in dict.fromkeys([*slugs, *endpoint.problems]):
        by_status.setdefault(TITLES[slug][0], []).append(slug)
    return {str(status): _failure(by_status[status]) for status in sorted(by_status)}


def _failure(slugs: Sequence[str]) -> dict[str, Any]:
    """The answer with one status, for which there may be several reasons."""
    if len(slugs) == 1:
        return {"$ref": f"#/components/responses/{_component(slugs[0])}"}
    problems = {slug: _problem(slug) for slug in slugs}
    return {
        "description": "; or ".join(problem["description"] for problem in problems.values()),
        "content": {
            CONTENT_TYPE: {
                "schema": {"$ref": REF.format(model="Problem")},
                "examples": {
                    slug: {"value": problem["content"][CONTENT_TYPE]["example"]}
                    for slug, problem in problems.items()
                },
            }
        },
    }


def _parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", endpoint.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if endpoint.query is not None:
        schema = endpoint.query.model_json_schema()
        for name, field in schema["properties"].items():
            about = {k: field.pop(k) for k in ("description",) if k in field}
            form = _inlined(field, schema.get("$defs", {}))
            yield {"name": name, "in": "query", **about, "schema": form}
    if endpoint.idempotent:
        yield {
            "name": HEADER,
            "in": "header",
            "description": "The same key and body again get the first answer again.",
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_LENGTH,
                "pattern": PATTERN,
            },
        }
    if endpoint.media == EVENT_STREAM:
        yield {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "Go on after this event; goes before `after`.",
            "schema": {"type": "integer", "minimum": 0, "maximum": MAX_EVENT},
        }


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """A query parameter's schema with its few references resolved, and without `null`."""
    match schema:
        case {"$ref": str(reference)}:
            return _inlined(definitions[reference.rpartition("/")[2]], definitions)
        case {"anyOf": [one, {"type": "null"}], **rest}:
            return _inlined(one, definitions) | {
                k: v for k, v in rest.items() if k != "default" or v is not None
            }
    return schema


def endpoints(others: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints that show the document of `others` and of themselves, each made once."""

    async def show_document(_request: web.Request) -> web.Response:
        return raw_json_response(body)

    async def show_page(_request: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html", headers=docs_page.HEADERS)

    own = (
        Endpoint(
            method="GET",
            path="/openapi.json",
            handler=show_document,
            summary="This API as an OpenAPI 3.1 document",
            tag="service",
            public=True,
            answer=dict[str, Any],
        ),
        Endpoint(
            method="GET",
            path="/docs",
            handler=show_page,
            summary="This API as a page to read",
            tag="service",
            public=True,
            media="text/html",
        ),
    )
    description = document((*others, *own))
    body = to_json(description)
    page = docs_page.render(description)
    return own
