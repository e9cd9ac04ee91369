"""JSON Schemas as tables to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from modemgw.api.docs.html import paragraphs, text

Schema = Mapping[str, Any]


def name_of(reference: str) -> str:
    """The model that a reference names."""
    return reference.rpartition("/")[2]


def anchor(model: str) -> str:
    """Where a model stands on the page."""
    return f"type-{model}"


def model(name: str, schema: Schema) -> Iterator[str]:
    """The section about a model."""
    yield f'<section class="model" id="{escape(anchor(name))}">'
    yield f'<h3><a href="#{escape(anchor(name))}"><code>{escape(name)}</code></a></h3>'
    yield paragraphs(schema.get("description", ""))
    yield from fields(schema)
    yield "</section>"


def fields(schema: Schema) -> Iterator[str]:
    """A table of an object's fields, or the choices of an enumeration."""
    required = schema.get("required", ())
    asked = schema.get("additionalProperties") is False  # bodies refuse what they do not know
    if "properties" in schema:
        yield '<div class="wide"><table class="fields"><tbody>'
        for name, about in sorted(
            schema["properties"].items(), key=lambda item: item[0] not in required
        ):
            mark = ""
            if (name in required) is asked:
                mark = f'<span class="mark">{"required" if asked else "may be absent"}</span>'
            yield (
                f'<tr><th scope="row"><code>{escape(name)}</code>{mark}</th>'
                f'<td><div class="kind">{kind(about)}</div>{text(description(about))}</td></tr>'
            )
        yield "</tbody></table></div>"
    elif "enum" in schema:
        yield f"<p>{kind(schema)}</p>"


def description(schema: Schema) -> str:
    """What is said about a field, and its default."""
    words: str = schema.get("description", "")
    default = schema.get("default")
    if default not in (None, []):
        words = f"{words} Default: `{json.dumps(default)}`.".strip()
    return words


def kind(schema: Schema) -> str:
    """The type of a value, in few words; models are links."""
    match schema:
        case {"$ref": str(reference)}:
            name = name_of(reference)
            return f'<a href="#{escape(anchor(name))}">{escape(name)}</a>'
        case {"anyOf": list(choices)} | {"oneOf": list(choices)}:
            return " or ".join(kind(choice) for choice in choices)
        case {"enum": list(values)}:
            return " | ".join(f"<code>{escape(str(value))}</code>" for value in values)
        case {"const": value}:
            return f"<code>{escape(str(value))}</code>"
        case {"type": "array", "items": dict(items)}:
            return f"list of {kind(items)}"
        case {"type": "object", "additionalProperties": dict(inner)}:
            return f"object of {kind(inner)}"
        case {"type": str(plain)}:
            form = schema.get("format") or schema.get("contentEncoding")
            extras = [form] if form else []
            extras += _bounds(schema)
            return escape(plain + (f" ({', '.join(extras)})" if extras else ""))
    return "anything"


def _bounds(schema: Schema) -> Iterator[str]:
    """What a value must keep to, as far as it is short to say."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        yield f"{low:,}–{high:,}" if high < 1 << 53 else f"from {low:,}"
    elif low is not None:
        yield f"from {low:,}"
    elif high is not None:
        yield f"to {high:,}"
    if (longest := schema.get("maxLength")) is not None:
        yield f"at most {longest:,} characters"
    if (most := schema.get("maxItems")) is not None:
        yield f"at most {most:,}"
