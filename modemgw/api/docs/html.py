"""Pieces of the pages: the frame around each, and text with a little markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

import modemgw

_MARKUP = re.compile(r"`([^`]+)`|\[([^\]]+)\]\((/[^)\s]*)\)")


def frame(title: str, content: Iterable[str], *, root: str = "", script: bool = False) -> str:
    """A whole page. `root` leads from its place to the API's: `../` for `/problems/x`.

    Every address is relative, so that the pages also work behind a proxy that adds a prefix.
    """
    lines = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title>",
        f'<link rel="icon" href="{root}docs/icon.svg" type="image/svg+xml">',
        f'<link rel="stylesheet" href="{root}docs/docs.css">',
    ]
    if script:
        lines.append(f'<script type="module" src="{root}docs/main.js"></script>')
    lines += ["</head><body>", *content, "</body></html>\n"]
    return "\n".join(lines)


def header(root: str = "", extra: str = "") -> str:
    """The bar at the top of every page."""
    return (
        '<a class="skip" href="#content">Skip to the content</a>'
        f'<header class="bar"><a class="name" href="{root}docs">modemgw '
        f'<span class="soft">{escape(modemgw.__version__)}</span></a>'
        f'<a href="{root}problems">Problems</a><a href="{root}openapi.json">OpenAPI</a>{extra}'
        "</header>"
    )


def text(words: str, root: str = "") -> str:
    """Plain text as HTML: `code` and [links](/path) are what there is of markup."""

    def mark(found: re.Match[str]) -> str:
        if found[1] is not None:
            return f"<code>{escape(found[1])}</code>"
        return f'<a href="{root}{escape(found[3][1:])}">{escape(found[2])}</a>'

    pieces, at = [], 0
    for found in _MARKUP.finditer(words):
        pieces += [escape(words[at : found.start()]), mark(found)]
        at = found.end()
    return "".join([*pieces, escape(words[at:])])


def paragraphs(words: str, root: str = "") -> str:
    """Each block of text between empty lines as a paragraph."""
    return "".join(f"<p>{text(block.strip(), root)}</p>" for block in words.split("\n\n") if block)
