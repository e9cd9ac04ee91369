"""/v1/events: Server-Sent Events (WHATWG HTML 9.2), resumable by Last-Event-ID."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Final, TypeVar

from aiohttp import web

from modemgw.api import answers
from modemgw.api.auth import may
from modemgw.api.endpoint import CLOSING, HEARTBEAT_S, Endpoint, key_of, parse_query
from modemgw.api.headers import mark
from modemgw.api.interest import Interest
from modemgw.api.parts import ACCESS, EVENTS
from modemgw.api.problems import invalid_fields
from modemgw.api.requests import MAX_EVENT, EventsQuery
from modemgw.api.streams import Streams
from modemgw.gateway import FieldProblem
from modemgw.store.records import Event, Key

STREAMS: Final = web.AppKey("streams", Streams)

RECONNECT_MS = 2000
PLACE_EVERY = 500
"""So many events that a stream does not show, and it is told how far it came."""
SEND_BUFFER = 64 << 10
"""Octets that the system keeps for a stream that is not read."""
GONE_MS = 30_000
"""After this time without a sign of the client's machine (RFC 5482) a stream ends."""

T = TypeVar("T")
_PAUSE: Final = None


def _after(request: web.Request, query: EventsQuery) -> int | None:
    """The event after which to begin; Last-Event-ID goes before `after`. Raises Problem."""
    last = request.headers.get("Last-Event-ID", "").strip()
    if not last:
        return query.after
    if not (last.isascii() and last.isdecimal() and len(last) <= 19 and int(last) <= MAX_EVENT):
        raise invalid_fields(
            [FieldProblem("Last-Event-ID", "this header must be the id of an event", "invalid")]
        )
    return int(last)


def _may_see(key: Key, event: Event) -> bool:
    """Received messages want the scope `inbound`, all else wants `read`."""
    return may(key, ("inbound",) if event.type.startswith("inbound.") else ("read",))


async def _with_pauses(
    source: AsyncIterator[T], seconds: float, *stops: asyncio.Event
) -> AsyncGenerator[T | None, None]:
    """The items of `source`, and None whenever there was none for `seconds`.

    Ends with the first of `stops`.
    """
    stopping = [asyncio.ensure_future(stop.wait()) for stop in stops]
    upcoming = asyncio.ensure_future(anext(source))
    try:
        while not any(stop.is_set() for stop in stops):
            await asyncio.wait(
                (upcoming, *stopping), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if any(stop.is_set() for stop in stops):
                return  # what has just come is no longer for this one
            if upcoming.done():
                try:
                    item = upcoming.result()
                except StopAsyncIteration:
                    return
                upcoming = asyncio.ensure_future(anext(source))
                yield item
            else:
                yield _PAUSE
    finally:
        for task in (upcoming, *stopping):
            task.cancel()
        await asyncio.gather(upcoming, *stopping, return_exceptions=True)


async def stream(request: web.Request) -> web.StreamResponse:
    query = parse_query(EventsQuery, request)
    after = _after(request, query)
    key = key_of(request)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
    )
    if request.method == "HEAD":
        return response
    with request.app[STREAMS].place(key.name), request.app[ACCESS].watch(key) as revoked:
        mark(response.headers)
        events = request.app[EVENTS]
        at = events.newest if after is None else min(after, events.newest)
        source = events.groups(at)
        await response.prepare(request)
        _do_not_wait_for(request)
        with suppress(ConnectionResetError):
            # With its place a client that loses the connection before the first event misses none.
            await response.write(b"retry: %d\nid: %d\n\n" % (RECONNECT_MS, at))
            await _feed(request, response, source, revoked, Progress(at, query.interest))
        return response


class Progress:
    """How far a stream came: also by what it does not show, so that it does not read that anew."""

    def __init__(self, at: int, interest: Interest) -> None:
        self._interest = interest
        self._told = self._at = at

    def choose(self, group: list[Event], key: Key) -> list[Event]:
        """Those of `group` that the stream shows."""
        self._at = group[-1].id
        wants = self._interest.in_event
        chosen = [e for e in group if wants(e.type, e.data) and _may_see(key, e)]
        if chosen:
            self._told = chosen[-1].id
        return chosen

    def place(self, least: int) -> bytes:
        """Its place as a block without data, which no client shows and every client remembers.

        Nothing unless it came at least `least` events further since its place was told.
        """
        if self._at - self._told < least:
            return b""
        self._told = self._at
        return b"id: %d\n\n" % self._at


async def _feed(
    request: web.Request,
    response: web.StreamResponse,
    source: AsyncIterator[list[Event]],
    revoked: asyncio.Event,
    progress: Progress,
) -> None:
    """What happens, until the server ends or the key is revoked.

    Of what a client does not read no more is kept than one group of events.
    """
    key, streams, heartbeat_s = key_of(request), request.app[STREAMS], request.app[HEARTBEAT_S]
    loop = asyncio.get_running_loop()
    written = loop.time()
    paced = _with_pauses(source, heartbeat_s, request.app[CLOSING], revoked)
    async with aclosing(paced):
        async for group in paced:
            told = b"".join(map(streams.encode, progress.choose(group, key))) if group else b""
            told += progress.place(PLACE_EVERY)
            if not told and loop.time() - written >= heartbeat_s:
                told = b": still here\n" + (progress.place(1) or b"\n")
            if told:
                await response.write(told)
                written = loop.time()
            if group:
                await asyncio.sleep(streams.pace_s)


def _do_not_wait_for(request: web.Request) -> None:
    """Have the system keep little for the client, and not for long: one that is gone is noticed."""
    line = None if request.transport is None else request.transport.get_extra_info("socket")
    if line is None:
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    if line.family != socket.AF_UNIX:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/events",
        handler=stream,
        summary="Follow what happens as Server-Sent Events; Last-Event-ID resumes",
        tag="events",
        scopes=("read", "inbound"),
        description="The stream has no end; a comment every 15 seconds shows that a quiet one "
        "lives. Ids only ever grow, so nothing is missed over a lost connection. A key sees what "
        "its scopes allow: `inbound` for `inbound.*`, `read` for all else.",
        query=EventsQuery,
        answer=answers.Event,
        media="text/event-stream",
        problems=("too-many-streams",),
    ),
)
