"""/v1/handlers: who gets what was received, and what became of it."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers, deliveries
from modemgw.api.endpoint import Endpoint, json_response
from modemgw.api.parts import HANDLERS
from modemgw.api.requests import DeliveriesQuery, ReplayBody
from modemgw.gateway import HandlerView
from modemgw.store import Delivery


def _handler(view: HandlerView) -> answers.Handler:
    return {
        "id": view.id,
        "kind": view.kind,
        "match": {
            "keyword": view.match.keyword,
            "from_prefix": list(view.match.from_prefix),
            "modem": list(view.match.modem),
        },
        "at_once": view.at_once,
        "in_order": view.in_order,
        "timeout_s": view.timeout_s,
        "pending": view.pending,
        "claimed": view.claimed,
        "dead": view.dead,
        "problem": view.problem,
    }


def _delivery(record: Delivery) -> answers.Delivery:
    return {**deliveries.fields(record), "handler": record.subscriber}


async def listing(request: web.Request) -> web.Response:
    views = await request.app[HANDLERS].all()
    document: answers.Handlers = {"items": [_handler(v) for v in views], "next_cursor": None}
    return json_response(document)


async def delivered(request: web.Request) -> web.Response:
    return await deliveries.page(request, request.app[HANDLERS], _delivery)


async def replay(request: web.Request) -> web.Response:
    return await deliveries.replay(request, request.app[HANDLERS])


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/handlers",
        handler=listing,
        summary="List the handlers and what is pending for them",
        tag="handlers",
        scopes=("admin",),
        answer=answers.Handlers,
    ),
    Endpoint(
        method="GET",
        path="/v1/handlers/{id}/deliveries",
        handler=delivered,
        summary="List what a handler gets and got, the newest first",
        tag="handlers",
        scopes=("admin",),
        query=DeliveriesQuery,
        answer=answers.Deliveries,
        problems=("not-found",),
    ),
    Endpoint(
        method="POST",
        path="/v1/handlers/{id}/replay",
        handler=replay,
        summary="Make ended deliveries once more: those named, or all of a state and time",
        tag="handlers",
        scopes=("admin",),
        body=ReplayBody,
        answer=answers.Replayed,
        problems=("not-found",),
        example={"state": "dead", "since": "2026-11-22T10:00:00Z"},
    ),
)
