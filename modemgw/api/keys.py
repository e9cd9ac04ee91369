"""/v1/keys: see, make, rotate and revoke API keys. What opens doors is told once."""

from __future__ import annotations

from aiohttp import web
from pydantic_core import to_json

from modemgw.api import answers, render
from modemgw.api.audit import tell_record
from modemgw.api.endpoint import (
    Endpoint,
    json_response,
    key_of,
    parse_body,
    raw_json_response,
    read_json,
)
from modemgw.api.openapi.examples import API_KEY
from modemgw.api.parts import KEYS, Keys
from modemgw.api.problems import Problem
from modemgw.api.requests import KeyBody, KeyLimitsBody, RotateBody
from modemgw.gateway import LastAdmin, NameInUse, NewKey
from modemgw.store import KeyRow
from modemgw.store.records import NO_LIMITS, KeyLimits


def _render(keys: Keys, row: KeyRow) -> answers.ApiKey:
    return render.api_key(row, keys.state(row))


def _limits(body: KeyLimitsBody | None) -> KeyLimits:
    if body is None:
        return NO_LIMITS
    return KeyLimits(body.per_minute or 0, body.per_hour or 0, body.per_day or 0)


async def listing(request: web.Request) -> web.Response:
    keys = request.app[KEYS]
    document: answers.ApiKeys = {
        "items": [_render(keys, row) for row in await keys.all()],
        "next_cursor": None,
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    keys = request.app[KEYS]
    return json_response(_render(keys, await keys.one(request.match_info["name"])))


async def create(request: web.Request) -> web.Response:
    body = parse_body(KeyBody, await read_json(request))
    tell_record(request, target=body.name, detail=f"scopes {' '.join(body.scopes)}")
    keys = request.app[KEYS]
    new = NewKey(
        body.name,
        tuple(dict.fromkeys(body.scopes)),
        _limits(body.limits),
        body.expires_at,
        body.templates_only,
        tuple(dict.fromkeys(body.templates)),
    )
    try:
        issued = await keys.create(new, by=key_of(request))
    except NameInUse as error:
        raise Problem("name-in-use", str(error)) from error
    assert issued.webhook_secret is not None
    document: answers.NewApiKey = {
        **_render(keys, issued.row),
        "key": issued.token,
        "webhook_secret": issued.webhook_secret,
    }
    return raw_json_response(to_json(document), 201, {"Location": f"/v1/keys/{body.name}"})


async def rotate(request: web.Request) -> web.Response:
    body = RotateBody()
    if request.body_exists:
        body = parse_body(RotateBody, await read_json(request))
    tell_record(request, detail=f"grace {body.grace_seconds:g} s")
    keys = request.app[KEYS]
    issued = await keys.rotate(request.match_info["name"], body.grace_seconds)
    document: answers.RotatedApiKey = {**_render(keys, issued.row), "key": issued.token}
    return json_response(document)


async def revoke(request: web.Request) -> web.Response:
    keys = request.app[KEYS]
    try:
        row = await keys.revoke(request.match_info["name"])
    except LastAdmin as error:
        raise Problem("last-admin-key", str(error)) from error
    return json_response(_render(keys, row))


async def renew_webhook_secret(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    document: answers.WebhookSecret = {
        "name": name,
        "webhook_secret": await request.app[KEYS].renew_webhook_secret(name),
    }
    return json_response(document)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/keys",
        handler=listing,
        summary="List the API keys, also those that are revoked or have expired",
        tag="keys",
        scopes=("admin",),
        answer=answers.ApiKeys,
    ),
    Endpoint(
        method="POST",
        path="/v1/keys",
        handler=create,
        summary="Make an API key; the answer tells it, this once",
        tag="keys",
        scopes=("admin",),
        body=KeyBody,
        answer=answers.NewApiKey,
        status=201,
        headers=("Location",),
        problems=("name-in-use",),
        example={
            "name": "shop",
            "scopes": ["send", "read"],
            "limits": {"per_minute": 60, "per_day": 5000},
            "expires_at": "2027-11-22T10:00:00Z",
        },
    ),
    Endpoint(
        method="GET",
        path="/v1/keys/{name}",
        handler=show,
        summary="See an API key; never the key itself",
        tag="keys",
        scopes=("admin",),
        answer=answers.ApiKey,
        problems=("not-found",),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/keys/{name}",
        handler=revoke,
        summary="Revoke an API key: it opens nothing from now on, and its open streams end",
        tag="keys",
        scopes=("admin",),
        answer=answers.ApiKey,
        answer_example={
            **API_KEY,
            "state": "revoked",
            "revoked_at": "2026-11-22T10:04:02.118Z",
        },
        problems=("not-found", "last-admin-key"),
    ),
    Endpoint(
        method="POST",
        path="/v1/keys/{name}/rotate",
        handler=rotate,
        summary="Replace an API key by another one; the answer tells it, this once",
        tag="keys",
        scopes=("admin",),
        body=RotateBody,
        body_required=False,
        answer=answers.RotatedApiKey,
        problems=("not-found", "conflict"),
        example={"grace_seconds": 86400},
    ),
    Endpoint(
        method="POST",
        path="/v1/keys/{name}/webhook-secret",
        handler=renew_webhook_secret,
        summary="Sign events to the callback_url of its messages with another secret, told once",
        tag="keys",
        scopes=("admin",),
        answer=answers.WebhookSecret,
        problems=("not-found", "conflict"),
    ),
)
