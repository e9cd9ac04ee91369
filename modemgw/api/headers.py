"""Headers that go without saying: those of every answer, and those of pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

SERVER: Final = "modemgw"
"""Of what it is made, and in which version, is nobody's business."""
_ALWAYS: Final = CIMultiDict({"Server": SERVER, "X-Content-Type-Options": "nosniff"})
_PRIVATE: Final = CIMultiDict({**_ALWAYS, "Cache-Control": "no-store"})
_PAGE: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",  # kept, and asked for with the ETag
}


def mark(headers: CIMultiDict[str]) -> None:
    """Every answer: private unless it says otherwise, and of the type that it says."""
    headers.update(_ALWAYS if "Cache-Control" in headers else _PRIVATE)


def page(handler: Handler) -> Handler:
    """The handler of a page, with the headers that keep a browser from more than it is for.

    What it sets itself stays: a page with a script has a policy of its own.
    """

    async def show(request: web.Request) -> web.StreamResponse:
        answer = await handler(request)
        for name, value in _PAGE.items():
            answer.headers.setdefault(name, value)
        return answer

    return show
