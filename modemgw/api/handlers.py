"""/v1/handlers: who gets what was received, and what became of it."""

from __future__ import annotations

import base64

from aiohttp import web

from modemgw.api import answers, deliveries
from modemgw.api.endpoint import Endpoint, json_response, parse_body, read_json
from modemgw.api.parts import HANDLERS, TRIALS
from modemgw.api.requests import DeliveriesQuery, ReplayBody, SampleBody
from modemgw.gateway import HandlerView, Match, Trial
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.trying import WouldSend
from modemgw.store import Delivery


def _handler(view: HandlerView) -> answers.Handler:
    return {
        "id": view.id,
        "kind": view.kind,
        "on": view.on,
        "match": {
            "keyword": view.match.keyword,
            "pattern": view.match.pattern,
            "from": list(view.match.from_),
            "from_prefix": list(view.match.from_prefix),
            "from_pattern": view.match.from_pattern,
            "to": list(view.match.to),
            "sim": list(view.match.sim),
            "modem": list(view.match.modem),
            "port": list(view.match.port),
            "class": list(view.match.class_),
        },
        "stop": view.stop,
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


async def match(request: web.Request) -> web.Response:
    body = parse_body(SampleBody, await read_json(request))
    found = request.app[TRIALS].matches(body.sample())
    document: answers.MatchedHandlers = {
        "items": [_matched(one) for one in found],
        "next_cursor": None,
    }
    return json_response(document)


async def test(request: web.Request) -> web.Response:
    body = parse_body(SampleBody, await read_json(request))
    trial = await request.app[TRIALS].test(request.match_info["id"], body.sample())
    return json_response(_trial(trial))


def _matched(match: Match) -> answers.MatchedHandler:
    found = match.found
    return {
        "handler": match.handler.id,
        "kind": match.handler.action,
        "matches": found is not None,
        "stopped_by": match.stopped_by,
        "keyword": None if found is None else found.keyword,
        "rest": None if found is None else found.rest,
        "groups": None if found is None else found.as_json()["groups"],
    }


def _trial(trial: Trial) -> answers.HandlerTest:
    outcome = trial.outcome
    failed = outcome if isinstance(outcome, Retry | Never) else None
    ran = None if outcome is None else outcome.ran
    said = None if outcome is None else outcome.answer
    return {
        **_matched(trial.match),
        "outcome": None if outcome is None else _OUTCOMES[type(outcome)],
        "code": None if failed is None else failed.code,
        "problem": None if failed is None else failed.problem,
        "detail": (failed.detail or None) if failed is not None else None,
        "took_ms": trial.took_ms,
        "sends": [_would_send(one) for one in trial.sends],
        "exit_code": None if ran is None else ran.exit_code,
        "output": None if ran is None else ran.output,
        "http_status": None if said is None else said.http_status,
        "answer": None if said is None else said.text,
    }


_OUTCOMES: dict[type[Outcome], str] = {Taken: "taken", Retry: "retry", Never: "dead"}


def _would_send(one: WouldSend) -> answers.WouldSend:
    new = one.new
    return {
        "to": new.to,
        "text": new.text,
        "data": None if new.data is None else base64.b64encode(new.data).decode(),
        "ports": None
        if new.ports is None
        else {"destination": new.ports[0], "source": new.ports[1]},
        "modem": new.modem,
        "encoding": one.preview.encoding,
        "parts": one.preview.parts,
    }


_SAMPLE = {"from": "+447700900123", "text": "STATUS 4711"}


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
    Endpoint(
        method="POST",
        path="/v1/handlers/match",
        handler=match,
        summary="See which handlers would take a message that is made up",
        tag="handlers",
        scopes=("admin",),
        body=SampleBody,
        answer=answers.MatchedHandlers,
        example=_SAMPLE,
        examples={"a call": {"on": "call", "from": "+447700900123"}},
    ),
    Endpoint(
        method="POST",
        path="/v1/handlers/{id}/test",
        handler=test,
        summary="Have a handler do what it does with a message that is made up; nothing is sent",
        tag="handlers",
        scopes=("admin",),
        body=SampleBody,
        answer=answers.HandlerTest,
        problems=("not-found",),
        example=_SAMPLE,
        description="A program is run and a webhook is posted to; what would be sent is shown.",
    ),
)
