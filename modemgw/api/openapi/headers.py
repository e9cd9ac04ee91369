"""The header fields of answers, and of requests beyond those of HTTP itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Header:
    """A field that an answer may carry."""

    description: str
    example: str | int


HEADERS: Mapping[str, Header] = {
    "Accept": Header("What the body may be.", "application/json"),
    "Allow": Header("The methods that the path takes.", "GET, POST"),
    "ETag": Header(
        "Names this state of the object. With `If-None-Match` the answer is a 304 without a body "
        "as long as nothing has changed.",
        '"5f3a9c1e"',
    ),
    "Idempotency-Replayed": Header(
        "`true`: the Idempotency-Key was seen before, and this is the first answer again.", "true"
    ),
    "Link": Header(
        "The page about this type of problem.", '</problems/invalid-fields>; rel="help"'
    ),
    "Location": Header("Where what was made is found.", "/v1/messages/msg_…"),
    "Preference-Applied": Header("The part of `Prefer` that was followed (RFC 7240).", "wait=10"),
    "RateLimit": Header(
        "How many messages the key has left (`r`) and in how many seconds there is more (`t`); "
        "absent where it has no limit.",
        '"per_minute";r=58;t=12',
    ),
    "RateLimit-Policy": Header(
        "The limits of the key: how many messages (`q`) in how many seconds (`w`).",
        '"per_minute";q=60;w=60;qu="messages"',
    ),
    "Retry-After": Header("Seconds after which to try again.", 10),
    "WWW-Authenticate": Header(
        "How to show a key, and what is wrong with this one (RFC 6750).", 'Bearer realm="modemgw"'
    ),
}
"""Every field, by its name. All may be absent: the call's description says when they are there."""


def reference(name: str) -> dict[str, str]:
    """A reference to a field among the components."""
    return {"$ref": f"#/components/headers/{name}"}


def references(names: Iterable[str]) -> dict[str, Any]:
    """References to fields, by their names; each once."""
    return {name: reference(name) for name in dict.fromkeys(names)}


def components() -> dict[str, Any]:
    """The fields as components of an OpenAPI document."""
    return {
        name: {
            "description": header.description,
            "schema": {"type": "integer" if isinstance(header.example, int) else "string"},
            "example": header.example,
        }
        for name, header in HEADERS.items()
    }
