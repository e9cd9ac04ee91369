"""The OpenAPI document as one HTML page to read: no script, nothing loaded from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { background: var(--soft); padding: .7rem; overflow-x: auto; border-radius: 4px }
section { border-top: 1px solid var(--line); margin-top: 1.5rem }
h3 code { font-size: 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0;
         border-bottom: 1px solid var(--line) }
.method { display: inline-block; min-width: 4rem; font-weight: 700 }
.soft { opacity: .7 }
nav a { display: block; text-decoration: none }
"""


def render(document: Mapping[str, Any]) -> str:
    """The page for an OpenAPI document made by modemgw.api.openapi."""
    return "\n".join(_page(document))


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    title = f"{document['info']['title']} {document['info']['version']}"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    yield from (_paragraph(text) for text in document["info"]["description"].split("\n\n"))
    yield _paragraph(document["components"]["securitySchemes"]["key"]["description"])
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    yield "<nav>"
    for method, path, operation in operations:
        yield (
            f'<a href="#{operation["operationId"]}"><code><span class="method">{method}</span>'
            f"{escape(path)}</code> <span class=soft>{escape(operation['summary'])}</span></a>"
        )
    yield "</nav><h2>Paths</h2>"
    for method, path, operation in operations:
        yield from _operation(method, path, operation)
    yield "<h2>Types</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _type(name, schema)
    yield "<h2>Problems</h2><table>"
    for problem in document["components"]["responses"].values():
        example = problem["content"]["application/problem+json"]["example"]
        yield (
            f"<tr><td>{example['status']}<td><code>{example['type']}</code>"
            f"<td>{escape(example['title'])}"
        )
    yield "</table></body></html>"


def _paragraph(text: str) -> str:
    pieces = escape(text.strip()).split("`")
    marked = "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(pieces))
    return f"<p>{marked}</p>"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<section id="{operation["operationId"]}">'
    yield f'<h3><code><span class="method">{method}</span>{escape(path)}</code></h3>'
    yield _paragraph(operation["summary"] + ". " + operation.get("description", ""))
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter<th>in<th>type<th>"
        for parameter in parameters:
            yield (
                f"<tr><td><code>{escape(parameter['name'])}</code><td>{parameter['in']}"
                f"<td>{_kind(parameter['schema'])}<td>{escape(_about(parameter))}"
            )
        yield "</table>"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        yield f"<p>Body: {_kind(body['schema'])}</p>"
    yield f"<pre>{escape(curl(method, path, operation))}</pre><table>"
    for status, response in operation["responses"].items():
        if "$ref" in response:
            name = response["$ref"].rpartition("/")[2]
            yield f"<tr><td>{status}<td>Problem <span class=soft>{name}</span>"
        else:
            if "content" not in response:
                yield f"<tr><td>{status}<td><span class=soft>no body</span>"
            for media, content in response.get("content", {}).items():
                schema = content.get("x-data-schema", content["schema"])
                yield f"<tr><td>{status}<td>{_kind(schema)} <code>{media}</code>"
    yield "</table></section>"


def curl(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """A command line that works when $URL, $KEY and what is in braces are filled in."""
    line = "curl -s"
    if "text/event-stream" in operation["responses"].get("200", {}).get("content", {}):
        line += "N"
    if method != "GET":
        line += f" -X {method}"
    line += f' "$URL{path}"'
    if operation.get("security") != []:
        line += ' \\\n  -H "Authorization: Bearer $KEY"'
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in body:
        example = json.dumps(body["example"], ensure_ascii=False)
        line += f" \\\n  -H 'Content-Type: application/json' \\\n  -d '{example}'"
    return line


def _type(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<section id="type-{escape(name)}"><h3><code>{escape(name)}</code></h3>'
    yield _paragraph(schema.get("description", ""))
    required = schema.get("required", ())
    if "properties" in schema:
        yield "<table>"
        for field, about in schema["properties"].items():
            mark = "" if field in required else " <span class=soft>may be absent</span>"
            yield (
                f"<tr><td><code>{escape(field)}</code>{mark}<td>{_kind(about)}"
                f"<td>{escape(_about(about))}"
            )
        yield "</table>"
    elif "enum" in schema:
        yield _paragraph(", ".join(f"`{value}`" for value in schema["enum"]))
    yield "</section>"


def _about(schema: Mapping[str, Any]) -> str:
    text: str = schema.get("description", "")
    default = schema.get("default")
    if default not in (None, []):
        text = f"{text} Default: {json.dumps(default)}.".strip()
    return text


def _kind(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": str(reference)}:
            name = escape(reference.rpartition("/")[2])
            return f'<a href="#type-{name}">{name}</a>'
        case {"anyOf": list(choices)}:
            return " | ".join(_kind(choice) for choice in choices)
        case {"enum": list(values)}:
            return " | ".join(f"<code>{escape(str(value))}</code>" for value in values)
        case {"type": "array", "items": dict(items)}:
            return f"[{_kind(items)}, …]"
        case {"type": str(kind)}:
            bounds = (schema.get("minimum", ""), schema.get("maximum", ""))
            extra = f" {bounds[0]}…{bounds[1]}" if any(b != "" for b in bounds) else ""
            form = schema.get("format") or schema.get("contentEncoding")
            return escape(f"{kind}{extra}" + (f" ({form})" if form else ""))
    return "any"
