"""/healthz, /readyz and /metrics: for those who watch the gateway."""

from __future__ import annotations

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from modemgw.api import answers
from modemgw.api.endpoint import Endpoint, json_response
from modemgw.api.parts import FIGURES, HEALTH
from modemgw.api.problems import Problem


async def liveness(request: web.Request) -> web.Response:
    stalled = request.app[HEALTH].stalled
    if stalled is not None:
        raise Problem("unavailable", stalled)
    document: answers.Health = {"status": "ok"}
    return json_response(document)


async def readiness(request: web.Request) -> web.Response:
    health = request.app[HEALTH]
    refusal = health.accepting
    if refusal is None and not health.ready:
        refusal = "no modem can send"
    told = "; ".join(filter(None, (refusal, *health.troubles)))
    if refusal is not None:
        raise Problem("unavailable", told)
    alarms = [f"modem {id}: {alarm}" for id, alarm in health.alarms.items()]
    detail = "; ".join(filter(None, (told, *alarms)))
    document: answers.Readiness = {"ready": True, "detail": detail or None}
    return json_response(document)


async def metrics(request: web.Request) -> web.Response:
    registry = request.app[FIGURES].registry()  # as they are now: the thread reads nothing else
    body = await asyncio.get_running_loop().run_in_executor(None, generate_latest, registry)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/healthz",
        handler=liveness,
        summary="Is the process alive? 503 if only a restart helps",
        tag="service",
        public=True,
        answer=answers.Health,
        problems=("unavailable",),
    ),
    Endpoint(
        method="GET",
        path="/readyz",
        handler=readiness,
        summary="Can a modem send? 503 if none can, or new messages are refused",
        tag="service",
        public=True,
        answer=answers.Readiness,
        problems=("unavailable",),
    ),
    Endpoint(
        method="GET",
        path="/metrics",
        handler=metrics,
        summary="Figures in the Prometheus text format",
        tag="service",
        scopes=("read",),
        media=CONTENT_TYPE_LATEST,
    ),
)
