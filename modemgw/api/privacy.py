"""/v1/privacy: everything about one number, shown and erased.

The number stands in the body, so that it is in no log of addresses; on record goes a pseudonym.
"""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers
from modemgw.api.audit import tell_record
from modemgw.api.endpoint import Endpoint, json_response, parse_body, read_json
from modemgw.api.moments import render_moment
from modemgw.api.parts import CONSENTS, PRIVACY
from modemgw.api.requests import ErasureBody, NumberBody
from modemgw.gateway.upkeep.privacy import STAYS


async def export(request: web.Request) -> web.Response:
    number = parse_body(NumberBody, await read_json(request)).number
    tell_record(request, target=request.app[CONSENTS].pseudonym(number))
    found = await request.app[PRIVACY].export(number)
    document: answers.PrivacyExport = {
        "number": found.number,
        "exported_at": render_moment(found.at),
        "holdings": {name: list(rows) for name, rows in found.holdings.items()},
    }
    return json_response(document)


async def erase(request: web.Request) -> web.Response:
    body = parse_body(ErasureBody, await read_json(request))
    tell_record(
        request,
        target=request.app[CONSENTS].pseudonym(body.number),
        detail="dry run" if body.dry_run else None,
    )
    done = await request.app[PRIVACY].erase(body.number, dry_run=body.dry_run)
    document: answers.PrivacyErasure = {
        "dry_run": done.dry_run,
        "canceled": done.canceled,
        "found": dict(done.found),
        "left": dict(done.left),
        "opted_out": done.opted_out,
        "stays": list(STAYS),
    }
    return json_response(document)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/privacy/export",
        handler=export,
        summary="Export everything that is kept about a number",
        tag="privacy",
        scopes=("admin",),
        body=NumberBody,
        answer=answers.PrivacyExport,
        example={"number": "+447700900123"},
    ),
    Endpoint(
        method="POST",
        path="/v1/privacy/erase",
        handler=erase,
        summary="Erase everything that is kept about a number, or see what there is",
        tag="privacy",
        scopes=("admin",),
        body=ErasureBody,
        answer=answers.PrivacyErasure,
        example={"number": "+447700900123", "dry_run": True},
        description="Texts and numbers go; that something was sent or received stays, and an "
        "opt-out as a mark from which the number cannot be read.",
    ),
)
