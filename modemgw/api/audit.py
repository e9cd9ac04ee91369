"""/v1/audit: what admins did, and how it gets on record.

What is recorded follows from the endpoints as data (Endpoint.action): an endpoint that is added
needs nothing for it. Bodies are not recorded, for there may be secrets in them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from aiohttp import web

from modemgw.api import answers
from modemgw.api.endpoint import Endpoint, json_response, key_of, parse_query
from modemgw.api.moments import render_moment
from modemgw.api.parts import AUDIT
from modemgw.api.problems import to_problem
from modemgw.api.proxies import client_address
from modemgw.api.requests import AuditQuery as AuditParameters
from modemgw.gateway import AuditQuery
from modemgw.store import AuditRecord

INTERRUPTED = "interrupted"
"""The outcome of what was called off, by the end of the process: it may be done or not."""
MOST_TARGET = 256


class _Told(NamedTuple):
    target: str | None
    detail: str | None


_TOLD: Final = web.RequestKey("told", _Told)


def tell_record(
    request: web.Request, *, target: str | None = None, detail: str | None = None
) -> None:
    """What the record cannot see by itself: a name in the body, a word about it; no secrets."""
    request[_TOLD] = _Told(target, detail)


def recorded(endpoint: Endpoint) -> Endpoint:
    """The endpoint as it is called, with what is done by it put on record if it wants that."""
    action = endpoint.action
    if action is None:
        return endpoint

    async def handler(request: web.Request) -> web.StreamResponse:
        outcome = INTERRUPTED
        try:
            response = await endpoint.handler(request)
        except Exception as error:
            problem = to_problem(error, request)
            outcome = problem.slug
            raise problem from error
        else:
            outcome = "done"
            return response
        finally:
            told = request.get(_TOLD, _Told(None, None))
            target = told.target or "/".join(request.match_info.values()) or None
            await request.app[AUDIT].record(
                action,
                key=key_of(request).name,
                address=client_address(request),
                target=None if target is None else target[:MOST_TARGET],
                outcome=outcome,
                detail=told.detail,
            )

    return replace(endpoint, handler=handler)


def _render(record: AuditRecord) -> answers.AuditRecord:
    return {
        "at": render_moment(record.at),
        "key": record.key,
        "address": record.address,
        "action": record.action,
        "target": record.target,
        "outcome": record.outcome,
        "detail": record.detail,
    }


async def listing(request: web.Request) -> web.Response:
    query = parse_query(AuditParameters, request)
    page = await request.app[AUDIT].find(AuditQuery(**query.model_dump()))
    document: answers.AuditRecords = {
        "items": [_render(record) for record in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/audit",
        handler=listing,
        summary="List what admins did, the newest first",
        tag="audit",
        scopes=("admin",),
        query=AuditParameters,
        answer=answers.AuditRecords,
    ),
)
