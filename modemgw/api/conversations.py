"""/v1/conversations: what was sent to a number and received from it, as one."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers, render
from modemgw.api.auth import may
from modemgw.api.endpoint import (
    Endpoint,
    json_response,
    key_of,
    parse_body,
    parse_query,
    read_json,
)
from modemgw.api.parts import CONVERSATIONS
from modemgw.api.requests import (
    ConversationChanges,
    ConversationItemsQuery,
    ConversationsQuery,
)
from modemgw.gateway import ConversationQuery


def _query(
    request: web.Request, limit: int, cursor: str | None, *, unread: bool = False
) -> ConversationQuery:
    key = key_of(request)
    return ConversationQuery(
        sent=may(key, ("read",)),
        received=may(key, ("inbound",)),
        unread=unread,
        limit=limit,
        cursor=cursor,
    )


async def listing(request: web.Request) -> web.Response:
    asked = parse_query(ConversationsQuery, request)
    query = _query(request, asked.limit, asked.cursor, unread=asked.unread)
    page = await request.app[CONVERSATIONS].find(query)
    document: answers.Conversations = {
        "items": [render.conversation(item) for item in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    asked = parse_query(ConversationItemsQuery, request)
    number = request.match_info["number"]
    query = _query(request, asked.limit, asked.cursor)
    page = await request.app[CONVERSATIONS].items(number, query)
    document: answers.ConversationItems = {
        "number": number,
        "items": [render.conversation_item(item) for item in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def change(request: web.Request) -> web.Response:
    changes = parse_body(ConversationChanges, await read_json(request))
    marked = await request.app[CONVERSATIONS].mark_read(
        request.match_info["number"], changes.through
    )
    document: answers.MarkedRead = {"marked": marked}
    return json_response(document)


_SEEN = (
    "A key sees what its scopes allow: `read` what was sent, `inbound` what was received. The "
    "number is written as messages have it, with its + escaped: `%2B447700900123`."
)

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/conversations",
        handler=listing,
        summary="List conversations, that with the newest message first",
        tag="conversations",
        scopes=("read", "inbound"),
        query=ConversationsQuery,
        answer=answers.Conversations,
        description=_SEEN,
    ),
    Endpoint(
        method="GET",
        path="/v1/conversations/{number}",
        handler=show,
        summary="See what was sent to a number and received from it, the newest first",
        tag="conversations",
        scopes=("read", "inbound"),
        query=ConversationItemsQuery,
        answer=answers.ConversationItems,
        problems=("not-found",),
        description=_SEEN,
    ),
    Endpoint(
        method="PATCH",
        path="/v1/conversations/{number}",
        handler=change,
        summary="Mark what was received from a number as read",
        tag="conversations",
        scopes=("inbound",),
        body=ConversationChanges,
        answer=answers.MarkedRead,
        problems=("not-found",),
        example={"read": True},
    ),
)
