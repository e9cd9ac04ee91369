"""Deliveries, whoever gets them: a handler's and a webhook's are shown and replayed alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from modemgw.api import answers
from modemgw.api.endpoint import json_response, parse_body, parse_query, read_json
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.api.parts import Delivering
from modemgw.api.requests import DeliveriesQuery, ReplayBody
from modemgw.gateway import DeliveryQuery, Replay
from modemgw.store import Delivery, TryOutcome


def fields(record: Delivery) -> answers.AnyDelivery:
    """A delivery without whose it is."""
    return {
        "id": record.id,
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
        "outcomes": [_outcome(outcome) for outcome in record.outcomes],
    }


def _outcome(outcome: TryOutcome) -> answers.Outcome:
    answer = outcome.answer
    return {
        "at": render_moment(outcome.at),
        "code": outcome.code,
        "problem": outcome.problem,
        "took_ms": outcome.took_ms,
        "http_status": None if answer is None else answer.http_status,
        "answer": None if answer is None else answer.text,
    }


async def page(
    request: web.Request, part: Delivering, render: Callable[[Delivery], Any]
) -> web.Response:
    """Those of the one whose id is in the path, as its query asks."""
    query = parse_query(DeliveriesQuery, request)
    found = await part.deliveries(
        DeliveryQuery(
            request.match_info["id"], state=query.state, limit=query.limit, cursor=query.cursor
        )
    )
    items = [render(item) for item in found.items]
    return json_response({"items": items, "next_cursor": found.next_cursor})


async def replay(request: web.Request, part: Delivering) -> web.Response:
    """Make once more what the body asks for, of the one whose id is in the path."""
    body = parse_body(ReplayBody, await read_json(request))
    count = await part.replay(
        request.match_info["id"],
        Replay(deliveries=body.deliveries, since=body.since, until=body.until, state=body.state),
    )
    document: answers.Replayed = {"replayed": count}
    return json_response(document)
