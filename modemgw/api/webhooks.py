"""/v1/webhooks: who is told of what by HTTP, and what became of telling them."""

from __future__ import annotations

from aiohttp import web
from pydantic_core import to_json

from modemgw.api import answers, deliveries
from modemgw.api.endpoint import (
    Endpoint,
    json_response,
    key_of,
    parse_body,
    raw_json_response,
    read_json,
)
from modemgw.api.idempotency import REPLAYED, idempotency_of
from modemgw.api.moments import render_moment
from modemgw.api.parts import WEBHOOKS
from modemgw.api.requests import DeliveriesQuery, ReplayBody, WebhookBody, WebhookChanges
from modemgw.gateway import CreatedWebhook, WebhookView
from modemgw.store import Delivery


def _webhook(view: WebhookView) -> answers.Webhook:
    return {
        "id": view.id,
        "url": view.url,
        "events": list(view.events),
        "description": view.description,
        "enabled": view.enabled,
        "created_at": render_moment(view.created_at),
        "disabled_reason": view.disabled_reason,
        "pending": view.pending,
        "dead": view.dead,
        "problem": view.problem,
    }


def _with_secret(view: WebhookView, secret: str) -> bytes:
    document: answers.WebhookWithSecret = {**_webhook(view), "secret": secret}
    return to_json(document)


def _created(made: CreatedWebhook) -> bytes:
    return _with_secret(made.view, made.secret)


def _delivery(record: Delivery) -> answers.WebhookDelivery:
    return {**deliveries.fields(record), "webhook": record.subscriber}


async def listing(request: web.Request) -> web.Response:
    views = await request.app[WEBHOOKS].all()
    document: answers.Webhooks = {"items": [_webhook(v) for v in views], "next_cursor": None}
    return json_response(document)


async def create(request: web.Request) -> web.Response:
    raw = await read_json(request)
    body = parse_body(WebhookBody, raw)
    made = await request.app[WEBHOOKS].create(
        url=body.url,
        events=body.events,
        description=body.description,
        enabled=body.enabled,
        key=key_of(request).name,
        idempotency=idempotency_of(request, raw, _created),
    )
    if isinstance(made, bytes):
        return raw_json_response(made, 201, REPLAYED)
    return raw_json_response(_created(made), 201, {"Location": f"/v1/webhooks/{made.view.id}"})


async def show(request: web.Request) -> web.Response:
    return json_response(_webhook(await request.app[WEBHOOKS].one(request.match_info["id"])))


async def change(request: web.Request) -> web.Response:
    changes = parse_body(WebhookChanges, await read_json(request)).given()
    view = await request.app[WEBHOOKS].change(request.match_info["id"], changes)
    return json_response(_webhook(view))


async def delete(request: web.Request) -> web.Response:
    await request.app[WEBHOOKS].delete(request.match_info["id"])
    return web.Response(status=204)


async def rotate(request: web.Request) -> web.Response:
    id = request.match_info["id"]
    secret = await request.app[WEBHOOKS].rotate(id)
    return raw_json_response(_with_secret(await request.app[WEBHOOKS].one(id), secret))


async def test(request: web.Request) -> web.Response:
    return json_response(_delivery(await request.app[WEBHOOKS].test(request.match_info["id"])))


async def delivered(request: web.Request) -> web.Response:
    return await deliveries.page(request, request.app[WEBHOOKS], _delivery)


async def replay(request: web.Request) -> web.Response:
    return await deliveries.replay(request, request.app[WEBHOOKS])


_EXAMPLE = {"url": "http://127.0.0.1:5000/sms", "events": ["message.*", "inbound.received"]}

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/webhooks",
        handler=listing,
        summary="List the webhooks and what is pending for them",
        tag="webhooks",
        scopes=("admin",),
        answer=answers.Webhooks,
    ),
    Endpoint(
        method="POST",
        path="/v1/webhooks",
        handler=create,
        summary="Have events posted to a URL from now on; its secret is shown this once",
        tag="webhooks",
        scopes=("admin",),
        body=WebhookBody,
        answer=answers.WebhookWithSecret,
        status=201,
        idempotent=True,
        example=_EXAMPLE,
    ),
    Endpoint(
        method="GET",
        path="/v1/webhooks/{id}",
        handler=show,
        summary="See one webhook",
        tag="webhooks",
        scopes=("admin",),
        answer=answers.Webhook,
        problems=("not-found",),
    ),
    Endpoint(
        method="PATCH",
        path="/v1/webhooks/{id}",
        handler=change,
        summary="Change a webhook: what is given is another then, the rest stays",
        tag="webhooks",
        scopes=("admin",),
        body=WebhookChanges,
        answer=answers.Webhook,
        problems=("not-found",),
        example={"enabled": True},
    ),
    Endpoint(
        method="DELETE",
        path="/v1/webhooks/{id}",
        handler=delete,
        summary="Delete a webhook; what is pending for it is not delivered",
        tag="webhooks",
        scopes=("admin",),
        status=204,
        problems=("not-found",),
    ),
    Endpoint(
        method="POST",
        path="/v1/webhooks/{id}/rotate",
        handler=rotate,
        summary="Give a webhook another secret; the old one signs beside it for 24 hours",
        tag="webhooks",
        scopes=("admin",),
        answer=answers.WebhookWithSecret,
        problems=("not-found",),
    ),
    Endpoint(
        method="POST",
        path="/v1/webhooks/{id}/test",
        handler=test,
        summary="Post an event `webhook.test` to a webhook, once, and see what it answers",
        tag="webhooks",
        scopes=("admin",),
        answer=answers.WebhookDelivery,
        problems=("not-found", "conflict"),
    ),
    Endpoint(
        method="GET",
        path="/v1/webhooks/{id}/deliveries",
        handler=delivered,
        summary="List what a webhook gets and got, the newest first, and what it answered",
        tag="webhooks",
        scopes=("admin",),
        query=DeliveriesQuery,
        answer=answers.WebhookDeliveries,
        problems=("not-found",),
    ),
    Endpoint(
        method="POST",
        path="/v1/webhooks/{id}/replay",
        handler=replay,
        summary="Make ended deliveries once more: those named, or all of a state and time",
        tag="webhooks",
        scopes=("admin",),
        body=ReplayBody,
        answer=answers.Replayed,
        problems=("not-found",),
        example={"state": "dead", "since": "2026-11-22T10:00:00Z"},
    ),
)
