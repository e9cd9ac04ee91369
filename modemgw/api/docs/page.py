"""The OpenAPI document as one page to read; what is tried from it is docs/static/main.js's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from modemgw.api.docs import schemas
from modemgw.api.docs.html import frame, header, paragraphs, text
from modemgw.api.docs.operations import Sections, badge

KEY_FORM = """
<form class="key" id="key" hidden autocomplete="off">
<label for="key-field">API key</label>
<input id="key-field" type="password" spellcheck="false" autocomplete="off"
 placeholder="paste a key">
<button type="button" id="key-forget" hidden>Forget</button>
<output id="key-state" for="key-field"></output></form>
"""


def render(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document made by modemgw.api.openapi."""
    title = f"{document['info']['title']} API"
    return frame(title, _content(document), script=True)


def _content(document: Mapping[str, Any]) -> Iterator[str]:
    groups = _groups(document)
    sections = Sections(document)
    models = document["components"]["schemas"]
    yield header(
        extra=f'<button type="button" id="menu" aria-controls="nav" aria-expanded="false" hidden>'
        f"Menu</button>{KEY_FORM}"
    )
    yield '<div class="page"><nav id="nav" aria-label="Calls">'
    yield (
        '<input type="search" id="filter" placeholder="Filter" aria-label="Filter the calls" '
        "hidden>"
    )
    for tag in document["tags"]:
        if operations := groups.get(tag["name"]):
            yield f'<h2><a href="#tag-{escape(tag["name"])}">{escape(tag["name"])}</a></h2><ul>'
            for method, path, operation in operations:
                yield _entry(operation, badge(method), path)
            yield "</ul>"
    yield '<h2><a href="#events-delivered">events delivered</a></h2><ul>'
    for name, methods in document["webhooks"].items():
        yield _entry(methods["post"], "", name)
    yield '</ul><h2><a href="#types">types</a></h2><ul>'
    for name in models:
        yield f'<li><a href="#{escape(schemas.anchor(name))}"><code>{escape(name)}</code></a></li>'
    yield '</ul></nav><main id="content" tabindex="-1">'
    yield f"<h1>{escape(document['info']['title'])} API</h1>"
    yield paragraphs(document["info"]["description"])
    yield f"<p>{text(document['components']['securitySchemes']['key']['description'])}</p>"
    for tag in document["tags"]:
        if operations := groups.get(tag["name"]):
            yield f'<h2 id="tag-{escape(tag["name"])}">{escape(tag["name"].capitalize())}</h2>'
            yield paragraphs(tag.get("description", ""))
            for method, path, operation in operations:
                yield from sections.call(method, path, operation)
    yield '<h2 id="events-delivered">Events, as webhooks deliver them</h2>'
    yield paragraphs(
        "A POST to your address for each event, signed after the Standard Webhooks specification: "
        "check `webhook-signature` before you believe the body, and answer 2xx within the time "
        "allowed. What is not taken comes again, so the same `webhook-id` may come twice."
    )
    for name, methods in document["webhooks"].items():
        yield from sections.webhook(name, methods["post"])
    yield '<h2 id="types">Types</h2>'
    for name, schema in models.items():
        yield from schemas.model(name, schema)
    yield "</main></div>"


def _groups(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Any]]]:
    groups: dict[str, list[tuple[str, str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return groups


def _entry(operation: Mapping[str, Any], mark: str, name: str) -> str:
    words = escape(operation["summary"])
    return (
        f'<li><a href="#{escape(operation["operationId"])}" title="{words}">{mark}'
        f"<code>{escape(name.removeprefix('/v1'))}</code></a></li>"
    )
