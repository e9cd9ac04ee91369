"""One call, or one webhook, as a section of the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from modemgw.api.docs import schemas
from modemgw.api.docs.curl import curl
from modemgw.api.docs.html import paragraphs, text

JSON = "application/json"
Node = Mapping[str, Any]


class Sections:
    """Renders the operations of one document."""

    def __init__(self, document: Node) -> None:
        self._components = document["components"]

    def call(self, method: str, path: str, operation: Node) -> Iterator[str]:
        """The section about one call; `docs/main.js` adds the form that tries it."""
        yield from _heading(operation, badge(method) + f"<code>{escape(path)}</code>")
        yield '<div class="said">'
        yield paragraphs(operation.get("description", ""))
        yield from self._request(operation)
        yield from self._answers(operation)
        yield "</div>"
        yield '<div class="shown">'
        yield code(curl(method, path, operation), "Request")
        yield (
            f'<details class="try" data-method="{method}" data-path="{escape(path)}" hidden>'
            "<summary>Try it</summary></details>"
        )
        yield from self._examples(operation)
        yield "</div></section>"

    def webhook(self, name: str, operation: Node) -> Iterator[str]:
        """The section about one event that webhooks deliver."""
        yield from _heading(operation, badge("EVENT") + f"<code>{escape(name)}</code>")
        content = operation["requestBody"]["content"][JSON]
        yield '<div class="said">'
        yield from schemas.fields(content["schema"])
        yield '</div><div class="shown">'
        yield code(_pretty(content["example"]), "Body", folded=True)
        yield "</div></section>"

    def _request(self, operation: Node) -> Iterator[str]:
        if parameters := operation.get("parameters"):
            yield '<h4>Parameters</h4><div class="wide"><table class="fields"><tbody>'
            for parameter in parameters:
                mark = '<span class="mark">required</span>' if parameter.get("required") else ""
                about = {**parameter["schema"], "description": parameter.get("description", "")}
                yield (
                    f'<tr><th scope="row"><code>{escape(parameter["name"])}</code>{mark}</th><td>'
                    f'<div class="kind">{parameter["in"]} · {schemas.kind(parameter["schema"])}'
                    f"</div>{text(schemas.description(about))}</td></tr>"
                )
            yield "</tbody></table></div>"
        body = operation.get("requestBody", {}).get("content", {}).get(JSON)
        if body:
            yield f"<h4>Body: {schemas.kind(body['schema'])}</h4>"
            models = list(_models(body["schema"]))
            for name in models:
                if len(models) > 1:
                    yield f"<h5>{escape(name)}</h5>"
                yield from schemas.fields(self._components["schemas"][name])

    def _answers(self, operation: Node) -> Iterator[str]:
        yield '<h4>Answers</h4><div class="wide"><table class="answers"><tbody>'
        for status, response in operation["responses"].items():
            if "$ref" in response:
                response = self._components["responses"][schemas.name_of(response["$ref"])]
            words = text(response["description"])
            for media, content in response.get("content", {}).items():
                if media != "application/problem+json":
                    schema = content.get("x-data-schema", content["schema"])
                    of = "" if media == JSON else f" <code>{escape(media)}</code>"
                    words += f'<div class="kind">{schemas.kind(schema)}{of}</div>'
            yield f'<tr><th scope="row">{_status(status)}</th><td>{words}'
            for name in response.get("headers", {}):
                if name != "Link":
                    words = self._components["headers"][name]["description"]
                    yield f'<div class="field"><code>{name}</code> {text(words)}</div>'
            yield "</td></tr>"
        yield "</tbody></table></div>"

    def _examples(self, operation: Node) -> Iterator[str]:
        body = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
        for example in list(body.get("examples", {}).values())[1:]:
            yield code(_pretty(example["value"]), f"Or: {example['summary']}", folded=True)
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                if status[0] == "2" and "example" in content:
                    shown = content["example"]
                    words = shown if isinstance(shown, str) else _pretty(shown)
                    yield code(words, f"Answer {status}", folded=words.count("\n") > 12)


def _models(schema: Node) -> Iterator[str]:
    """The models that a body may be."""
    match schema:
        case {"$ref": str(reference)}:
            yield schemas.name_of(reference)
        case {"anyOf": list(choices)}:
            for choice in choices:
                yield from _models(choice)


def badge(method: str) -> str:
    """A method, coloured by what it does."""
    return f'<span class="method {method.lower()}">{method}</span>'


def code(words: str, title: str, *, folded: bool = False) -> str:
    """Something to copy, below its title."""
    pre = f'<pre tabindex="0"><code>{escape(words)}</code></pre>'
    if folded:
        return f'<details class="code"><summary>{escape(title)}</summary>{pre}</details>'
    return f'<figure class="code"><figcaption>{escape(title)}</figcaption>{pre}</figure>'


def _heading(operation: Node, line: str) -> Iterator[str]:
    id = escape(operation["operationId"])
    yield f'<section class="operation" id="{id}"><div class="head">'
    yield f'<h3><a href="#{id}">{text(operation["summary"])}</a></h3>'
    yield f'<div class="line">{line}</div></div>'


def _status(status: str) -> str:
    return f'<span class="status s{status[0]}">{escape(status)}</span>'


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
