"""ETag and If-None-Match (RFC 9110, 8.8.3 and 13.1.2): what has not changed is not sent again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from modemgw.api.problems import Problem

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
        tag = tag_of(answer.body)
        if has(request, tag):
            kept = {n: v for n, v in answer.headers.items() if not n.startswith("Content-")}
            answer = web.Response(status=304, headers=kept)
        answer.headers["ETag"] = f'"{tag}"'
        return answer

    return show


def tag_of(body: bytes) -> str:
    """What names the state of something that is shown like this."""
    return blake2b(body, digest_size=TAG_OCTETS).hexdigest()


def check_match(request: web.Request, tag: str, what: str) -> None:
    """Raises Problem if `If-Match` (RFC 9110, 13.1.1) names another state than `tag`: somebody
    else has changed it. `what`: it, in words.
    """
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return
    if not any(one.value == tag and not one.is_weak for one in request.if_match or ()):
        raise Problem("precondition-failed", f"{what} is not what If-Match says: GET it again")


def has(request: web.Request, tag: str) -> bool:
    """Whether who asks has what `tag` names. A weak tag is as good: nothing is put together."""
    given = request.headers.get("If-None-Match")
    if given is None:
        return False
    return given.strip() == "*" or any(one.value == tag for one in request.if_none_match or ())
