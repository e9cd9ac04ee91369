"""The guard at the door: bearer keys (RFC 6750) and their scopes."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from modemgw.api.endpoint import BODIES, Endpoint, remember_key
from modemgw.api.parts import ACCESS
from modemgw.api.problems import Problem
from modemgw.api.proxies import client_address
from modemgw.store.records import Key

SCOPES: Mapping[str, str] = {
    "send": "send, preview and cancel messages",
    "read": "see messages, batches, modems, events and figures",
    "inbound": "see received messages",
    "admin": "do everything, and control modems",
}


def may(key: Key, scopes: tuple[str, ...]) -> bool:
    """Whether `key` has one of `scopes`, or needs none."""
    return not scopes or "admin" in key.scopes or not key.scopes.isdisjoint(scopes)


def guard(endpoints: Mapping[Handler, Endpoint]) -> Middleware:
    """A middleware that lets in whom each endpoint allows.

    Paths that do not exist want a key as well: without one nothing can be learnt here.
    """

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.isascii():
            _check_path(request)
        endpoint = endpoints.get(request.match_info.handler)
        if endpoint is not None and endpoint.public:
            return await handler(request)
        key = await authenticate(request)
        if endpoint is not None and not may(key, endpoint.scopes):
            wanted = " or ".join(endpoint.scopes)
            raise Problem(
                "missing-scope",
                f"the API key {key.name!r} lacks the scope {wanted}",
                headers={
                    "WWW-Authenticate": 'Bearer realm="modemgw", error="insufficient_scope", '
                    f'scope="{endpoint.scopes[0]}"'
                },
            )
        remember_key(request, key)
        try:
            return await handler(request)
        finally:
            request.app[BODIES].release(request)

    return admit


def _check_path(request: web.Request) -> None:
    """Raises Problem for a path that is not UTF-8: no id is, and nobody can look it up."""
    try:
        request.path.encode()
    except UnicodeEncodeError as error:
        raise Problem("bad-request", "the path is not UTF-8") from error


async def authenticate(request: web.Request) -> Key:
    """The key in force that a request shows. Raises Problem, Unavailable."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(
            "unauthorized",
            "send the header Authorization: Bearer KEY; `modemgw keys create` makes a key",
            headers={"WWW-Authenticate": 'Bearer realm="modemgw"'},
        )
    token = token.strip()
    # Ours are ASCII (RFC 6750, 2.1); what is not even UTF-8 cannot be looked up.
    access = request.app[ACCESS]
    key = await access.authenticate(token) if token.isascii() else None
    if key is None:
        await access.hold_back(client_address(request))
        raise Problem(
            "unauthorized",
            "this API key is not known, was revoked or rotated, or has expired",
            headers={"WWW-Authenticate": 'Bearer realm="modemgw", error="invalid_token"'},
        )
    return key
