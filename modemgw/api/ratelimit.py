"""How much an API key has left: RateLimit fields (draft-ietf-httpapi-ratelimit-headers-10)."""

from __future__ import annotations

import math

from aiohttp import web

from modemgw.api.endpoint import KEY
from modemgw.api.parts import SENDING


async def tell_limits(request: web.Request, response: web.StreamResponse) -> None:
    """Before an answer goes out: say what is left of the limits on its key, if it has any.

    Limits count messages, not requests. For a key without limits nothing is computed.
    """
    key = request.get(KEY)
    if key is None:
        return
    allowances = request.app[SENDING].allowances(key.name)
    if allowances:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{one.window}";q={one.limit};w={one.window_s:.0f};qu="messages"' for one in allowances
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{one.window}";r={one.left};t={math.ceil(one.resets_s)}' for one in allowances
        )
