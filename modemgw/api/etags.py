"""ETag and If-None-Match (RFC 9110, 8.8.3 and 13.1.2): what has not changed is not sent again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

TAG_OCTETS: Final = 12
"""Of the digest: two states of one thing do not meet in it by chance."""


def tagged(handler: Handler) -> Handler:
    """The handler of a GET, whose answers name their state; 304 to who has that state already."""

    async def show(request: web.Request) -> web.StreamResponse:
        answer = await handler(request)
        if answer.status != 200 or not isinstance(answer, web.Response):
            return answer
        if not isinstance(answer.body, bytes):
            return answer
        tag = blake2b(answer.body, digest_size=TAG_OCTETS).hexdigest()
        if has(request, tag):
            kept = {n: v for n, v in answer.headers.items() if not n.startswith("Content-")}
            answer = web.Response(status=304, headers=kept)
        answer.headers["ETag"] = f'"{tag}"'
        return answer

    return show


def has(request: web.Request, tag: str) -> bool:
    """Whether who asks has what `tag` names. A weak tag is as good: nothing is put together."""
    given = request.headers.get("If-None-Match")
    if given is None:
        return False
    return given.strip() == "*" or any(one.value == tag for one in request.if_none_match or ())
