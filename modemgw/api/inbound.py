"""/v1/inbound: what was received."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers, render
from modemgw.api.endpoint import Endpoint, json_response, parse_body, parse_query, read_json
from modemgw.api.parts import INBOUNDS
from modemgw.api.requests import InboundChanges, InboundsQuery
from modemgw.gateway import InboundQuery


async def show(request: web.Request) -> web.Response:
    return json_response(render.inbound(await request.app[INBOUNDS].get(request.match_info["id"])))


async def listing(request: web.Request) -> web.Response:
    query = parse_query(InboundsQuery, request)
    page = await request.app[INBOUNDS].find(
        InboundQuery(
            from_=query.sender,
            to=query.to,
            modem=query.modem,
            kind=query.kind,
            read=query.read,
            complete=query.complete,
            since=query.since,
            until=query.until,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    document: answers.Inbounds = {
        "items": [render.inbound(item) for item in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def change(request: web.Request) -> web.Response:
    changes = parse_body(InboundChanges, await read_json(request))
    marked = await request.app[INBOUNDS].mark(request.match_info["id"], changes.read)
    return json_response(render.inbound(marked))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/inbound",
        handler=listing,
        summary="List received messages, the newest first",
        tag="inbound",
        scopes=("inbound",),
        query=InboundsQuery,
        answer=answers.Inbounds,
    ),
    Endpoint(
        method="GET",
        path="/v1/inbound/{id}",
        handler=show,
        summary="See a received message",
        tag="inbound",
        scopes=("inbound",),
        answer=answers.Inbound,
        problems=("not-found",),
    ),
    Endpoint(
        method="PATCH",
        path="/v1/inbound/{id}",
        handler=change,
        summary="Mark a received message as read, or as not read",
        tag="inbound",
        scopes=("inbound",),
        body=InboundChanges,
        answer=answers.Inbound,
        problems=("not-found",),
        example={"read": True},
    ),
)
