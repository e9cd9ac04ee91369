"""/v1/events: Server-Sent Events (WHATWG HTML 9.2), resumable by Last-Event-ID."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Final, TypeVar

from aiohttp import web
from pydantic_core import to_json

from modemgw.api import answers, render
from modemgw.api.auth import may
from modemgw.api.endpoint import CLOSING, GATEWAY, HEARTBEAT_S, Endpoint, key_of, parse_query
from modemgw.api.problems import invalid_fields
from modemgw.api.requests import EventsQuery
from modemgw.gateway import FieldProblem
from modemgw.store.records import Event, Key

RECONNECT_MS = 2000

T = TypeVar("T")
_PAUSE: Final = None


def _after(request: web.Request) -> int | None:
    """The event after which to begin; Last-Event-ID goes before `after`. Raises Problem."""
    after = parse_query(EventsQuery, request).after
    last = request.headers.get("Last-Event-ID", "").strip()
    if not last:
        return after
    if not (last.isascii() and last.isdecimal()):
        raise invalid_fields(
            [FieldProblem("Last-Event-ID", "this header must be the id of an event", "invalid")]
        )
    return int(last)


def _may_see(key: Key, event: Event) -> bool:
    """Received messages want the scope `inbound`, all else wants `read`."""
    return may(key, ("inbound",) if event.type.startswith("inbound.") else ("read",))


def encode(event: Event) -> bytes:
    """`event` as one Server-Sent Event."""
    data = to_json(render.event(event))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), data)


async def _with_pauses(
    source: AsyncIterator[T], seconds: float, stop: asyncio.Event
) -> AsyncGenerator[T | None, None]:
    """The items of `source`, and None whenever there was none for `seconds`; ends with `stop`."""
    stopping = asyncio.ensure_future(stop.wait())
    upcoming = asyncio.ensure_future(anext(source))
    try:
        while not stop.is_set():
            await asyncio.wait(
                (upcoming, stopping), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if upcoming.done():
                try:
                    item = upcoming.result()
                except StopAsyncIteration:
                    return
                upcoming = asyncio.ensure_future(anext(source))
                yield item
            elif not stopping.done():
                yield _PAUSE
    finally:
        for task in (upcoming, stopping):
            task.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await upcoming
        with suppress(asyncio.CancelledError):
            await stopping


async def stream(request: web.Request) -> web.StreamResponse:
    key = key_of(request)
    source = request.app[GATEWAY].events(_after(request))
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-cache",
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    await response.write(b"retry: %d\n\n" % RECONNECT_MS)
    paced = _with_pauses(source, request.app[HEARTBEAT_S], request.app[CLOSING])
    with suppress(ConnectionResetError):
        async with aclosing(paced):
            async for event in paced:
                if event is _PAUSE:
                    await response.write(b": still here\n\n")
                elif _may_see(key, event):
                    await response.write(encode(event))
    return response


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/events",
        handler=stream,
        summary="Follow what happens as Server-Sent Events; Last-Event-ID resumes",
        tag="events",
        scopes=("read", "inbound"),
        query=EventsQuery,
        answer=answers.Event,
        media="text/event-stream",
    ),
)
