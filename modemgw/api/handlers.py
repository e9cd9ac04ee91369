"""/v1/handlers: who gets what was received, and what became of it."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers
from modemgw.api.endpoint import (
    GATEWAY,
    Endpoint,
    json_response,
    parse_body,
    parse_query,
    read_json,
)
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.api.requests import DeliveriesQuery, ReplayBody
from modemgw.gateway import DeliveryQuery, HandlerView, Replay
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
    return {
        "id": record.id,
        "handler": record.subscriber,
        "kind": record.kind,
        "event": record.event,
        "event_id": record.event_id,
        "inbound": record.inbound,
        "key": record.key,
        "state": record.state.value,
        "tries": record.tries,
        "next_at": render_optional_moment(record.next_at),
        "created_at": render_moment(record.created_at),
        "ended_at": render_optional_moment(record.ended_at),
        "outcomes": [
            {
                "at": render_moment(outcome.at),
                "code": outcome.code,
                "problem": outcome.problem,
                "took_ms": outcome.took_ms,
            }
            for outcome in record.outcomes
        ],
    }


async def listing(request: web.Request) -> web.Response:
    views = await request.app[GATEWAY].handlers()
    document: answers.Handlers = {"items": [_handler(v) for v in views], "next_cursor": None}
    return json_response(document)


async def deliveries(request: web.Request) -> web.Response:
    query = parse_query(DeliveriesQuery, request)
    page = await request.app[GATEWAY].deliveries(
        DeliveryQuery(
            request.match_info["id"], state=query.state, limit=query.limit, cursor=query.cursor
        )
    )
    document: answers.Deliveries = {
        "items": [_delivery(item) for item in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def replay(request: web.Request) -> web.Response:
    body = parse_body(ReplayBody, await read_json(request))
    count = await request.app[GATEWAY].replay(
        request.match_info["id"],
        Replay(deliveries=body.deliveries, since=body.since, until=body.until, state=body.state),
    )
    document: answers.Replayed = {"replayed": count}
    return json_response(document)


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
        handler=deliveries,
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
