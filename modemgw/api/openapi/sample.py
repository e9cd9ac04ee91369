"""A value that a JSON Schema allows, as an example to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLACEHOLDER = "…"
"""Stands where the schema does not say what a text looks like: an example is missing there."""
MOMENT = "2026-11-22T10:00:00.123Z"
CURSOR = "4711"

Schema = Mapping[str, Any]


def sample(schema: Schema, definitions: Mapping[str, Schema], known: Mapping[str, Any]) -> Any:
    """An example of `schema`.

    `definitions` has the schemas that references name, `known` the examples of some of them. What
    is not known is put together from its parts: a default or the first choice before a bare type,
    and any value before null.
    """
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return known[name] if name in known else sample(definitions[name], definitions, known)
        case {"examples": [example, *_]} | {"example": example} | {"const": example}:
            return example
        case {"enum": [first, *_]}:
            return first
        case {"default": default} if default is not None:
            return default
        case {"anyOf": [*choices]} if choices:
            real = [choice for choice in choices if choice != {"type": "null"}]
            return sample((real or choices)[0], definitions, known)
        case {"type": "object", "properties": dict(fields)}:
            return {
                name: CURSOR if _is_cursor(name, field) else sample(field, definitions, known)
                for name, field in fields.items()
            }
        case {"type": "object", "additionalProperties": dict(inner)}:
            return {PLACEHOLDER: sample(inner, definitions, known)}
        case {"type": "array", "items": dict(inner)}:
            return [sample(inner, definitions, known)]
        case {"type": "array", "prefixItems": list(items)}:
            return [sample(item, definitions, known) for item in items]
    return _plain(schema)


def _is_cursor(name: str, schema: Schema) -> bool:
    return name == "next_cursor" and "anyOf" in schema


def _plain(schema: Schema) -> Any:
    match schema.get("type"):
        case "string":
            return MOMENT if schema.get("format") == "date-time" else PLACEHOLDER
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return []
        case "object":
            return {}
    return None
