"""/v1/sims: the SIMs, what they have used of their plans, and whether the network takes them."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers
from modemgw.api.endpoint import GATEWAY, Endpoint, json_response
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.gateway import SimView
from modemgw.gateway.fleet.sim_views import Use


def _limit(use: Use) -> answers.PlanLimit:
    return {
        "used": use.used,
        "limit": use.limit,
        "resets_at": render_optional_moment(use.resets_at),
    }


def _render(view: SimView) -> answers.SimCard:
    return {
        "iccid": view.iccid,
        "imsi": view.imsi,
        "number": view.number,
        "modem": view.modem,
        "plan": {
            "per_minute": _limit(view.plan.per_minute),
            "per_hour": _limit(view.plan.per_hour),
            "per_day": _limit(view.plan.per_day),
            "per_month": _limit(view.plan.per_month),
        },
        "breaker": {
            "state": view.breaker,
            "since": render_optional_moment(view.barred_since),
            "next_probe_at": render_optional_moment(view.next_probe_at),
        },
        "centre_clock_ahead_s": view.centre_ahead_s,
        "balance": None,
        "tariff": None,
        "last_seen_at": render_moment(view.seen_at),
    }


async def listing(request: web.Request) -> web.Response:
    document: answers.SimCards = {
        "items": [_render(view) for view in await request.app[GATEWAY].sims()],
        "next_cursor": None,
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    return json_response(_render(await request.app[GATEWAY].sim(request.match_info["iccid"])))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/sims",
        handler=listing,
        summary="List the SIMs, also those that are in no modem now",
        tag="sims",
        scopes=("read",),
        answer=answers.SimCards,
        problems=("unavailable",),
    ),
    Endpoint(
        method="GET",
        path="/v1/sims/{iccid}",
        handler=show,
        summary="See one SIM",
        tag="sims",
        scopes=("read",),
        answer=answers.SimCard,
        problems=("not-found", "unavailable"),
    ),
)
