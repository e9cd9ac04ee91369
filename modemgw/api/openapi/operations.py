"""One endpoint as an operation of an OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from modemgw.api.endpoint import Endpoint
from modemgw.api.idempotency import HEADER, MAX_LENGTH, PATTERN
from modemgw.api.openapi import headers
from modemgw.api.openapi.failures import failures
from modemgw.api.openapi.sample import sample
from modemgw.api.requests import MAX_EVENT
from modemgw.api.waiting import APPLIED, MAX_WAIT_S, PREFER

EVENT_STREAM = "text/event-stream"
REF = "#/components/schemas/{model}"
_DESCRIPTIONS = {
    200: "Done",
    201: "Made",
    202: "Accepted: it is on disk, and survives a crash",
    204: "Done; there is no body",
}


class Operations:
    """Describes endpoints.

    `schemas` has the schema of each type of body and answer, `definitions` what their references
    name, and `examples` the examples of some of those.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        schemas: Mapping[int, Any],
        definitions: Mapping[str, Any],
        examples: Mapping[str, Any],
    ) -> None:
        self._endpoints = endpoints
        self._schemas = schemas
        self._definitions = definitions
        self._examples = examples

    def describe(self, endpoint: Endpoint) -> dict[str, Any]:
        """The operation that is `endpoint`."""
        operation: dict[str, Any] = {
            "operationId": operation_id(endpoint),
            "summary": endpoint.summary,
            "tags": [endpoint.tag],
        }
        about = endpoint.description
        if endpoint.public:
            operation["security"] = []
        elif endpoint.scopes:
            scopes = " or ".join(f"`{scope}`" for scope in endpoint.scopes)
            about = f"{about} Needs the scope {scopes}.".strip()
            operation["x-scopes"] = list(endpoint.scopes)
        if about:
            operation["description"] = about
        if parameters := list(self._parameters(endpoint)):
            operation["parameters"] = parameters
        if endpoint.body is not None:
            operation["requestBody"] = self._body(endpoint)
        operation["responses"] = {
            str(endpoint.status): self._answer(endpoint),
            **_unchanged(endpoint),
            **failures(endpoint),
        }
        return operation

    def _body(self, endpoint: Endpoint) -> dict[str, Any]:
        schema = self._schemas[id(endpoint.body)]
        first = endpoint.example
        if first is None:
            first = sample(schema, self._definitions, self._examples)
        content: dict[str, Any] = {"schema": schema}
        if endpoint.examples:
            named = {endpoint.summary.partition(";")[0]: first, **endpoint.examples}
            content["examples"] = {
                slug(name): {"summary": name, "value": value} for name, value in named.items()
            }
        else:
            content["example"] = first
        return {"required": endpoint.body_required, "content": {endpoint.body_media: content}}

    def example(self, endpoint: Endpoint) -> Any:
        """What `endpoint` may answer; None where that is no JSON."""
        if endpoint.answer is None:
            return None
        if endpoint.answer_example is not None:
            return endpoint.answer_example
        return sample(self._schemas[id(endpoint.answer)], self._definitions, self._examples)

    def _answer(self, endpoint: Endpoint) -> dict[str, Any]:
        answer: dict[str, Any] = {"description": _DESCRIPTIONS.get(endpoint.status, "Done")}
        if fields := headers.references(_fields(endpoint)):
            answer["headers"] = fields
        if endpoint.status != 204:
            answer["content"] = self._content(endpoint)
            if links := self._links(endpoint):
                answer["links"] = links
        return answer

    def _content(self, endpoint: Endpoint) -> dict[str, Any]:
        media = endpoint.media.partition(";")[0]
        text = {"schema": {"type": "string"}}
        if endpoint.answer is None:
            return {media: text}
        schema, example = self._schemas[id(endpoint.answer)], self.example(endpoint)
        if media == EVENT_STREAM:
            return {media: {**text, "x-data-schema": schema, "example": _as_stream(example)}}
        content = {media: {"schema": schema, "example": example}}
        return content | dict.fromkeys(endpoint.also_media, text)

    def _parameters(self, endpoint: Endpoint) -> Iterator[dict[str, Any]]:
        for name in re.findall(r"{(\w+)}", endpoint.path):
            parameter: dict[str, Any] = {"name": name, "in": "path", "required": True}
            parameter["schema"] = {"type": "string"}
            if (example := self._known(endpoint, name)) is not None:
                parameter["example"] = example
            yield parameter
        if endpoint.query is not None:
            schema = endpoint.query.model_json_schema()
            for name, field in schema["properties"].items():
                about = {k: field.pop(k) for k in ("description",) if k in field}
                form = _inlined(field, schema.get("$defs", {}))
                yield {"name": name, "in": "query", **about, "schema": form}
        yield from _header_parameters(endpoint)

    def _known(self, endpoint: Endpoint, name: str) -> Any:
        """What stands in a path for `name`, as the answers about that object show it."""
        path = endpoint.path[: endpoint.path.index(f"{{{name}}}") + len(name) + 2]
        for other in self._endpoints:
            if other.path == path and other.method == "GET":
                example = self.example(other)
                return example.get(name) if isinstance(example, dict) else None
        for other in self._endpoints:
            if other.path == path.rpartition("/")[0] and other.method == "GET":
                example = self.example(other)
                if isinstance(example, dict) and example.get("items"):
                    return example["items"][0].get(name)
        return None

    def _links(self, endpoint: Endpoint) -> dict[str, Any]:
        """What can be asked next about what was made or listed."""
        example = self.example(endpoint)
        if endpoint.method not in ("POST", "GET") or not isinstance(example, dict):
            return {}
        where = "#"
        if endpoint.method == "GET":
            if not example.get("items"):
                return {}
            example, where = example["items"][0], "#/items/0"
        links = {}
        for other in self._endpoints:
            match = re.fullmatch(re.escape(endpoint.path) + r"/{(\w+)}(/.*)?", other.path)
            if match and isinstance(example, dict) and match[1] in example:
                pointer = f"$response.body{where}/{match[1]}"
                links[operation_id(other)] = {
                    "operationId": operation_id(other),
                    "parameters": {match[1]: pointer},
                }
        return links


def operation_id(endpoint: Endpoint) -> str:
    """The name of an operation; it never changes as long as method and path are the same."""
    words = re.sub(r"\W+", "_", endpoint.path.removeprefix("/v1")).strip("_")
    return f"{endpoint.method.lower()}_{words}"


def slug(text: str) -> str:
    """`text` as a name that can stand in a document and an address."""
    return re.sub(r"\W+", "-", text).strip("-").lower()


def _fields(endpoint: Endpoint) -> Iterator[str]:
    """The header fields that a success may carry."""
    yield from endpoint.headers
    if endpoint.idempotent or endpoint.status == 201:
        yield "Location"
    if endpoint.idempotent:
        yield "Idempotency-Replayed"
    if endpoint.waits:
        yield APPLIED
    if endpoint.has_etag:
        yield "ETag"
    if not endpoint.public:
        yield from ("RateLimit", "RateLimit-Policy")


def _unchanged(endpoint: Endpoint) -> dict[str, Any]:
    if not endpoint.has_etag:
        return {}
    about = "Not changed since; there is no body"
    return {"304": {"description": about, "headers": headers.references(["ETag"])}}


def _as_stream(example: Any) -> str:
    data = to_json(example).decode()
    return f"id: {example['id']}\nevent: {example['type']}\ndata: {data}\n\n"


def _header_parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
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
    if endpoint.waits:
        yield {
            "name": PREFER,
            "in": "header",
            "description": f"`wait=N`: answer when the status is final, or after N seconds (at "
            f"most {MAX_WAIT_S}); `Preference-Applied` says that it was heeded (RFC 7240).",
            "schema": {"type": "string"},
            "example": "wait=30",
        }
    if endpoint.conditional:
        yield {
            "name": "If-Match",
            "in": "header",
            "description": "The ETag of what is to be changed: 412 if it is another one by now.",
            "schema": {"type": "string"},
            "example": headers.HEADERS["ETag"].example,
        }
    if endpoint.has_etag:
        yield {
            "name": "If-None-Match",
            "in": "header",
            "description": "The ETag of an answer that is there already: 304 if it still holds.",
            "schema": {"type": "string"},
            "example": headers.HEADERS["ETag"].example,
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
