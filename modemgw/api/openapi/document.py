"""The whole document, made from the endpoints and the types of their bodies and answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import TypeAdapter

import modemgw
from modemgw.api import answers
from modemgw.api.auth import SCOPES
from modemgw.api.endpoint import Endpoint
from modemgw.api.openapi import headers
from modemgw.api.openapi.events import EVENT_TYPES, webhooks
from modemgw.api.openapi.examples import EXAMPLES
from modemgw.api.openapi.failures import component, problem_response
from modemgw.api.openapi.operations import REF, Operations
from modemgw.api.problem_types import PROBLEM_TYPES

DESCRIPTION = """\
Send, receive and track SMS over your own SIM cards.

A 202 for a message is a promise that survives a crash and a power cut. Times are RFC 3339 UTC,
durations carry their unit in the name (`validity` is in seconds). Lists answer
`{"items": […], "next_cursor": null | "…"}`; pass `next_cursor` back as `cursor`.
Errors are RFC 9457 problem details with a stable `type` and every field that is wrong;
`/problems` has a page about each.
"""

TAGS = {
    "messages": "Send, see and cancel messages.",
    "batches": "Many messages that are sent, paced, paused and called off together.",
    "inbound": "What was received.",
    "consents": "Who may be sent what.",
    "conversations": "What was sent to a number and received from it, as one.",
    "events": "What happens, as it happens.",
    "webhooks": "What happens, posted to you.",
    "templates": "Texts by name, and how many SMS they can become.",
    "handlers": "Programs of the configuration that get what was received.",
    "modems": "See and control the modems.",
    "sims": "The SIMs and what they have used of their plans.",
    "alerts": "What a person must see to, and had to before.",
    "budgets": "What may be spent.",
    "usage": "What was sent, and what it cost.",
    "verifications": "Codes by SMS that prove a number.",
    "keys": "API keys: who may do what.",
    "privacy": "What is kept about one number.",
    "audit": "What admins did.",
    "service": "For those who watch the gateway, and this documentation.",
}
"""What belongs together, in the order of the documentation; a tag that is not here comes after."""


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `endpoints`."""
    endpoints = [endpoint for endpoint in endpoints if endpoint.documented]
    types = list(_types(endpoints))
    references, definitions = TypeAdapter.json_schemas(
        [(str(n), mode, TypeAdapter(t)) for n, (t, mode) in enumerate(types)],  # type: ignore[misc]
        ref_template=REF,
    )
    schemas = {
        id(t): references[str(n), mode]  # type: ignore[index]
        for n, (t, mode) in enumerate(types)
    }
    models = definitions["$defs"]
    operations = Operations(endpoints, schemas, models, EXAMPLES)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operations.describe(endpoint)
    data = {kind.data: schemas[id(kind.data)] for kind in EVENT_TYPES}
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
        "tags": list(_tags(endpoints)),
        "paths": paths,
        "webhooks": webhooks(data),
        "components": {
            "schemas": dict(sorted(models.items())),
            "responses": {component(name): problem_response(name) for name in PROBLEM_TYPES},
            "headers": headers.components(),
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
    for kind in dict.fromkeys(kind.data for kind in EVENT_TYPES):
        yield kind, "serialization"
    for endpoint in endpoints:
        for found, mode in ((endpoint.body, "validation"), (endpoint.answer, "serialization")):
            if found is not None:
                yield found, mode


def _tags(endpoints: Iterable[Endpoint]) -> Iterator[dict[str, str]]:
    used = dict.fromkeys(endpoint.tag for endpoint in endpoints)
    for name in dict.fromkeys([*TAGS, *used]):
        about = {"description": TAGS[name]} if name in TAGS else {}
        yield {"name": name, **about}
