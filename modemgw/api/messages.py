"""/v1/messages and /v1/preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from modemgw.api import answers, render
from modemgw.api.endpoint import (
    Endpoint,
    check_body,
    json_response,
    key_of,
    parse_query,
    raw_json_response,
    read_json,
)
from modemgw.api.idempotency import REPLAYED, idempotency_of
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.api.openapi.examples import CANCELED, QUEUED
from modemgw.api.parts import MESSAGES, SENDING
from modemgw.api.problems import field_problem, from_validation, invalid_fields
from modemgw.api.requests import (
    MessageBody,
    MessagesQuery,
)
from modemgw.api.waiting import waited_for, waited_for_accepted
from modemgw.gateway import FieldProblem, MessageQuery, Rejected
from modemgw.store.records import Message, NewMessage

PLACEHOLDER = "+447700900000"
"""A number nobody has (Ofcom keeps it for drama): stands in for a recipient that is wrong."""


def _render_message(message: Message) -> bytes:
    return to_json(render.message(message))


async def _read_message(request: web.Request) -> tuple[NewMessage, bytes]:
    """The message in the body, and the body itself.

    Raises Problem with every field that is wrong, be it in shape or in meaning.
    """
    raw = await read_json(request)
    check_body(MessageBody, raw)
    try:
        return MessageBody.model_validate_json(raw).new_message(), raw
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if not found[0]["loc"]:
            raise from_validation(error) from error
        shape = [field_problem(item) for item in found]
        raise invalid_fields(shape + _meaning(request, from_json(raw), found)) from error


def _meaning(
    request: web.Request, document: dict[str, Any], found: Sequence[ErrorDetails]
) -> list[FieldProblem]:
    """What the gateway has against those fields of `document` that have the right shape."""
    wrong = {str(item["loc"][0]) for item in found}
    sound = {name: value for name, value in document.items() if name not in wrong}
    sound.setdefault("to", PLACEHOLDER)
    if not wrong.isdisjoint({"text", "data"}):
        sound.setdefault("text", "-")
    if "template" in wrong:
        sound = {n: v for n, v in sound.items() if n not in ("params", "language")}
        sound.setdefault("text", "-")
    new = MessageBody.model_validate_json(to_json(sound)).new_message()
    try:
        request.app[SENDING].preview(new, key=key_of(request).name)
    except Rejected as rejected:
        return [
            problem for problem in rejected.problems if problem.field.partition(".")[0] not in wrong
        ]
    return []


async def send(request: web.Request) -> web.Response:
    new, raw = await _read_message(request)
    accepted = await request.app[SENDING].send(
        new,
        key=key_of(request).name,
        idempotency=idempotency_of(request, raw, _render_message),
    )
    if accepted.replay is not None:
        return raw_json_response(accepted.replay, 202, REPLAYED)
    assert accepted.message is not None
    message, applied = await waited_for_accepted(request, accepted.message)
    return raw_json_response(
        _render_message(message), 202, {"Location": f"/v1/messages/{message.id}"} | applied
    )


async def preview(request: web.Request) -> web.Response:
    new, _ = await _read_message(request)
    seen = request.app[SENDING].preview(new, key=key_of(request).name)
    document: answers.Preview = {
        "encoding": seen.encoding,
        "parts": seen.parts,
        "characters_left": seen.units_left,
        "units": list(seen.units),
        "characters_changed": [list(pair) for pair in seen.changes],
        "send_at": render_optional_moment(seen.send_at),
        "expires_at": render_moment(seen.expires_at),
        "deferred": render.deferral(seen.deferred),
        "cost": render.cost(seen.cost),
        "text": seen.text,
        "template": None if seen.template is None else seen.template.name,
        "template_version": None if seen.template is None else seen.template.version,
        "language": seen.language,
        "warnings": [render.field_problem(one) for one in seen.warnings],
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    message, applied = await waited_for(request, request.match_info["id"])
    return raw_json_response(_render_message(message), 200, applied)


async def listing(request: web.Request) -> web.Response:
    query = parse_query(MessagesQuery, request)
    page = await request.app[MESSAGES].find(
        MessageQuery(
            status=None if query.status is None else query.status.value,
            to=query.to,
            type=query.type,
            reference=query.reference,
            since=query.since,
            until=query.until,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    document: answers.Messages = {
        "items": [render.message(message) for message in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def cancel(request: web.Request) -> web.Response:
    return json_response(
        render.message(await request.app[MESSAGES].cancel(request.match_info["id"]))
    )


EXAMPLE = {
    "to": "+447700900123",
    "text": "Your code is 123456",
    "type": "otp",
    "validity": 300,
    "reference": "order-7",
}
FURTHER_EXAMPLES: dict[str, dict[str, Any]] = {
    "A text beyond the GSM alphabet": {"to": "+447700900123", "text": "Your table is ready 🍽"},
    "Later, and only if it is short": {
        "to": "+447700900123",
        "text": "We open in an hour",
        "type": "promotional",
        "send_at": "2026-11-24T08:00:00Z",
        "max_parts": 1,
    },
    "What a template makes": {
        "to": "+447700900123",
        "template": "order-shipped",
        "params": {"name": "Ann", "order": "A-7"},
        "language": "en",
    },
    "Octets to a port": {
        "to": "+447700900123",
        "data": "AQYDvq+E",
        "ports": {"destination": 2948, "source": 9200},
    },
}

ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/messages",
        handler=send,
        summary="Send a message to one recipient; 202 is a promise that survives a crash",
        tag="messages",
        scopes=("send",),
        body=MessageBody,
        answer=answers.Message,
        status=202,
        idempotent=True,
        waits=True,
        problems=(
            "duplicate",
            "too-many-messages",
            "templates-only",
            "unavailable",
            "opted-out",
            "no-consent",
            "quiet-hours",
        ),
        description="The answer is the message as it is then. Send a request whose answer you have "
        "not seen again with the same Idempotency-Key, and nothing is sent twice.",
        example=EXAMPLE,
        examples=FURTHER_EXAMPLES,
        answer_example=QUEUED,
    ),
    Endpoint(
        method="POST",
        path="/v1/preview",
        handler=preview,
        summary="See how a message would be sent; sends nothing",
        tag="messages",
        scopes=("send",),
        body=MessageBody,
        answer=answers.Preview,
        problems=("templates-only", "opted-out", "no-consent", "quiet-hours"),
        example=EXAMPLE,
        examples=FURTHER_EXAMPLES,
    ),
    Endpoint(
        method="GET",
        path="/v1/messages",
        handler=listing,
        summary="List messages, the newest first",
        tag="messages",
        scopes=("read",),
        query=MessagesQuery,
        answer=answers.Messages,
    ),
    Endpoint(
        method="GET",
        path="/v1/messages/{id}",
        handler=show,
        summary="See a message and how far each part of it came",
        tag="messages",
        scopes=("read",),
        answer=answers.Message,
        waits=True,
        problems=("not-found",),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/messages/{id}",
        handler=cancel,
        summary="Cancel a message of which nothing can have gone out",
        tag="messages",
        scopes=("send",),
        answer=answers.Message,
        problems=("not-found", "conflict"),
        answer_example=CANCELED,
    ),
)
