"""Receiving bodies: bounded in time, in size and in what all of them hold together."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any

from aiohttp import web

from modemgw.api.connections import MIN_RATE, Connection
from modemgw.api.problems import Problem
from modemgw.config import HttpSection

SMALL = 64 << 10
"""Octets that a body may have uncounted: their number is bounded by that of the connections."""
LARGE = 256 << 10
"""Octets of a body of which one at a time is taken apart."""


class Bodies:
    """What large bodies hold, from their first octets to the end of their requests."""

    def __init__(self, http: HttpSection) -> None:
        self._timeout_s = http.body_timeout
        self._free = max(http.body_memory_bytes, http.max_body_bytes)
        self._held: dict[int, int] = {}
        """Octets of each request that has many, by its identity."""
        self._taken_apart = asyncio.Lock()

    async def read(self, request: web.Request) -> bytes:
        """The body of a request. Raises Problem, HTTPRequestEntityTooLarge, ConnectionError."""
        if request.content.is_eof():  # it came with its headers
            body = request.content.read_nowait(-1)
            if len(body) > request.client_max_size:
                raise web.HTTPRequestEntityTooLarge(request.client_max_size, len(body))
            return body
        if (request.content_length or 0) > request.client_max_size:
            raise web.HTTPRequestEntityTooLarge(request.client_max_size)
        try:
            with _interruptible(request):
                return await self._receive(request)
        except TimeoutError as error:
            raise Problem(
                "request-timeout", f"the body did not come within {self._timeout_s:g} s"
            ) from error

    async def _receive(self, request: web.Request) -> bytes:
        body = bytearray()
        async with asyncio.timeout(self._timeout_s) as limit:
            until = limit.when() or 0.0
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > request.client_max_size:
                    raise web.HTTPRequestEntityTooLarge(request.client_max_size)
                if len(body) > SMALL:
                    self._hold(request, len(body))
                limit.reschedule(until + len(body) / MIN_RATE)
        return bytes(body)

    def turn(self, body: bytes) -> AbstractAsyncContextManager[Any]:
        """For who takes a body apart: a large one alone, for what is in it takes far more room."""
        return nullcontext() if len(body) <= LARGE else self._taken_apart

    def _hold(self, request: web.Request, octets: int) -> None:
        more = octets - self._held.get(id(request), 0)
        if more > self._free:
            raise Problem(
                "unavailable",
                "too many large bodies are being received; send this one again later",
                headers={"Retry-After": "5"},
            )
        self._free -= more
        self._held[id(request)] = octets

    def release(self, request: web.Request) -> None:
        """The request is over: others may have what it held."""
        if self._held:
            self._free += self._held.pop(id(request), 0)


def _interruptible(request: web.Request) -> AbstractContextManager[None]:
    """While a body is received its connection may be closed for one that wants to come in."""
    connection = request.protocol
    return connection.waiting() if isinstance(connection, Connection) else nullcontext()
