"""/v1/budgets: what may be spent, and how much of it is taken."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers
from modemgw.api.endpoint import Endpoint, json_response
from modemgw.api.moments import render_moment
from modemgw.api.parts import BUDGETS
from modemgw.gateway import BudgetView
from modemgw.gateway.budgets.budgets import LimitView


def _limit(limit: LimitView) -> answers.BudgetLimit:
    return {
        "measure": limit.measure,
        "limit": limit.shown(limit.limit),
        "used": limit.shown(limit.used),
        "reserved": limit.shown(limit.reserved),
        "left": limit.shown(max(0, limit.limit - limit.used - limit.reserved)),
        "state": limit.state,
        "resets_at": render_moment(limit.resets_at),
    }


def _render(view: BudgetView) -> answers.Budget:
    section = view.section
    match = section.match
    return {
        "id": section.id,
        "match": {
            "key": list(match.key),
            "sim": list(match.sim),
            "type": list(match.type),
            "to_prefix": list(match.to_prefix),
        },
        "action": section.action,
        "warn_at": section.warn_at,
        "currency": section.currency,
        "state": view.state,
        "limits": [_limit(limit) for limit in view.limits],
    }


async def listing(request: web.Request) -> web.Response:
    document: answers.Budgets = {
        "items": [_render(view) for view in request.app[BUDGETS].views()],
        "next_cursor": None,
    }
    return json_response(document)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/budgets",
        handler=listing,
        summary="List the budgets and how they stand",
        tag="budgets",
        scopes=("read",),
        answer=answers.Budgets,
    ),
)
