"""Which pages of other origins may call from a browser (WHATWG Fetch, 3.2): none unless listed.

Cookies have no part in it, here a key is shown by the page itself: credentials are never allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from modemgw.config import HttpSection
from modemgw.config.http import ANY_ORIGIN

REQUEST_HEADERS: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer"
)
"""What a page may send."""
EXPOSED: Final = (
    "Allow, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, "
    "RateLimit-Policy, Retry-After, WWW-Authenticate"
)
"""What it may see of an answer beside what any page may."""
MAX_AGE_S: Final = 7200
"""How long a browser may keep the answer to its preflight; Chromium keeps none for longer."""


class Cors:
    """The origins that are let in."""

    def __init__(self, http: HttpSection) -> None:
        self._origins = frozenset(http.cors_origins)

    def __bool__(self) -> bool:
        return bool(self._origins)

    async def mark(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Let the page that asks see the answer: a listener of on_response_prepare."""
        if ANY_ORIGIN not in self._origins:
            answer.headers.add("Vary", "Origin")
        if (origin := self._let_in(request)) is not None:
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Expose-Headers"] = EXPOSED

    def preflight(self, request: web.Request, methods: str) -> Mapping[str, str]:
        """What an answer to OPTIONS has beside, if it is a preflight of a page that is let in."""
        asked = "Access-Control-Request-Method" in request.headers
        if not asked or self._let_in(request) is None:
            return {}
        return {
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": REQUEST_HEADERS,
            "Access-Control-Max-Age": str(MAX_AGE_S),
        }

    def _let_in(self, request: web.Request) -> str | None:
        origin = request.headers.get("Origin")
        if origin is None:
            return None
        if ANY_ORIGIN in self._origins:
            return ANY_ORIGIN
        return origin if origin in self._origins else None
