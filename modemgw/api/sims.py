"""/v1/sims: the SIMs, what they have used of their plans, and whether the network takes them."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers, render
from modemgw.api.endpoint import Endpoint, json_response
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.api.parts import SIMS
from modemgw.gateway import SimView
from modemgw.gateway.fleet.sim_views import TariffUse, Use
from modemgw.store import Balance


def _limit(use: Use) -> answers.PlanLimit:
    return {
        "used": use.used,
        "limit": use.limit,
        "resets_at": render_optional_moment(use.resets_at),
    }


def _balance(balance: Balance) -> answers.SimBalance:
    return {
        "amount": None if balance.amount is None else str(balance.amount),
        "currency": balance.currency,
        "low": balance.low,
        "said": balance.said,
        "at": render_moment(balance.at),
    }


def _tariff(use: TariffUse) -> answers.SimTariff:
    price = use.price
    return {
        "tariff": price.tariff,
        "to_prefix": list(price.prefixes),
        "price": render.amount(price.amount),
        "currency": price.currency,
        "free_parts": price.free_parts,
        "free_parts_used": use.free_used,
        "month_ends_at": render_moment(use.month_ends_at),
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
        "balance": None if view.balance is None else _balance(view.balance),
        "tariff": [_tariff(use) for use in view.tariff] or None,
        "last_seen_at": render_moment(view.seen_at),
    }


async def listing(request: web.Request) -> web.Response:
    document: answers.SimCards = {
        "items": [_render(view) for view in await request.app[SIMS].all()],
        "next_cursor": None,
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    return json_response(_render(await request.app[SIMS].one(request.match_info["iccid"])))


async def ask_balance(request: web.Request) -> web.Response:
    view = await request.app[SIMS].ask_balance(request.match_info["iccid"])
    return json_response(_render(view))


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
    Endpoint(
        method="POST",
        path="/v1/sims/{iccid}/balance",
        handler=ask_balance,
        summary="Ask the network for a SIM's balance now",
        tag="sims",
        scopes=("admin",),
        answer=answers.SimCard,
        problems=("not-found", "conflict", "modem-error", "unavailable"),
    ),
)
