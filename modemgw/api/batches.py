"""/v1/batches: up to 10,000 messages in one request; what is wrong with one stops no other."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web
from pydantic_core import to_json

from modemgw.api import answers, render
from modemgw.api.endpoint import (
    BODIES,
    Endpoint,
    json_response,
    key_of,
    parse_body,
    parse_query,
    raw_json_response,
    read_json,
)
from modemgw.api.idempotency import REPLAYED, idempotency_of
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.api.openapi.examples import CANCELED_BATCH, PAUSED_BATCH
from modemgw.api.parts import BATCHES, SENDING
from modemgw.api.problems import Problem, from_refusal
from modemgw.api.requests import (
    BatchChanges,
    BatchesQuery,
    BatchMessagesQuery,
    BatchOfMessages,
    BatchOfRecipients,
    MoreMessages,
    MoreRecipients,
)
from modemgw.api.sorting import ADDED, Forms, Sorted, sort
from modemgw.gateway import (
    AcceptedBatch,
    BatchPlan,
    BatchQuery,
    BatchView,
    Duplicate,
    MessageQuery,
    Rejected,
    TooMany,
)

_WAITING = ("scheduled", "queued")


def _render(batch: Sorted, accepted: AcceptedBatch) -> bytes:
    """The answer, with the items that the gateway refused beside those of the wrong shape."""
    merged: list[answers.MergedItem] = [
        {"index": batch.positions[index], "id": id} for index, id in sorted(accepted.merged)
    ]
    return b'{"id":%s,"accepted":%d,"rejected":[%s],"merged":%s}' % (
        to_json(accepted.id),
        accepted.accepted,
        _render_all_rejected(batch, accepted.rejected),
        to_json(merged),
    )


def _render_all_rejected(
    batch: Sorted, rejected: Iterable[tuple[int, Rejected | TooMany | Duplicate]]
) -> bytes:
    problems = batch.problems | {
        batch.positions[index]: from_refusal(refusal) for index, refusal in rejected
    }
    # One by one: as a document of its own each is gone before the next is made.
    return b",".join(_render_rejected(at, problems[at]) for at in sorted(problems))


def _render_rejected(position: int, problem: Problem) -> bytes:
    document: answers.RejectedItem = {"index": position, "problem": problem.document()}
    return to_json(document)


async def _sorted(request: web.Request, raw: bytes, forms: Forms | None = None) -> Sorted:
    async with request.app[BODIES].turn(raw):
        return await (sort(raw) if forms is None else sort(raw, forms))


def _plan(batch: Sorted) -> BatchPlan:
    body = batch.body
    assert isinstance(body, BatchOfMessages | BatchOfRecipients)
    return BatchPlan(body.name, body.send_at, body.rate_per_minute, body.more)


async def send(request: web.Request) -> web.Response:
    raw = await read_json(request)
    batch = await _sorted(request, raw)
    accepted = await request.app[SENDING].send_batch(
        batch.messages,
        key=key_of(request).name,
        plan=_plan(batch),
        idempotency=idempotency_of(request, raw, lambda accepted: _render(batch, accepted)),
    )
    return _accepted(batch, accepted)


async def add(request: web.Request) -> web.Response:
    raw = await read_json(request)
    batch = await _sorted(request, raw, ADDED)
    accepted = await request.app[SENDING].add_to_batch(
        request.match_info["id"],
        batch.messages,
        key=key_of(request).name,
        more=batch.body.more,
        idempotency=idempotency_of(request, raw, lambda accepted: _render(batch, accepted)),
    )
    return _accepted(batch, accepted)


def _accepted(batch: Sorted, accepted: AcceptedBatch) -> web.Response:
    if accepted.replay is not None:
        return raw_json_response(accepted.replay, 202, REPLAYED)
    return raw_json_response(
        _render(batch, accepted), 202, {"Location": f"/v1/batches/{accepted.id}"}
    )


async def preview(request: web.Request) -> web.Response:
    batch = await _sorted(request, await read_json(request))
    seen = await request.app[SENDING].preview_batch(
        batch.messages, key=key_of(request).name, plan=_plan(batch)
    )
    document = {
        "accepted": seen.accepted,
        "parts": seen.parts,
        "most_parts": seen.most_parts,
        "encodings": dict(seen.encodings),
        "cost": None,
    }
    rejected = _render_all_rejected(batch, seen.rejected)
    return raw_json_response(b'%s,"rejected":[%s]}' % (to_json(document)[:-1], rejected))


def _document(view: BatchView) -> answers.Batch:
    batch, counts = view.batch, view.counts
    waiting = sum(counts.get(status, 0) for status in _WAITING)
    sending = counts.get("sending", 0)
    left = batch.accepted - waiting - sending
    return {
        "id": batch.id,
        "name": batch.name,
        "state": view.state.value,
        "key": batch.key,
        "created_at": render_moment(batch.created_at),
        "send_at": render_optional_moment(batch.send_at),
        "rate_per_minute": batch.rate_per_minute,
        "more": batch.more,
        "paused_at": render_optional_moment(batch.paused_at),
        "canceled_at": render_optional_moment(batch.canceled_at),
        "ended_at": render_optional_moment(batch.ended_at),
        "accepted": batch.accepted,
        "rejected": batch.rejected,
        "counts": dict(counts),
        "progress": {
            "waiting": waiting,
            "sending": sending,
            "left": left,
            "percent": round(100 * left / batch.accepted, 1) if batch.accepted else 100.0,
        },
    }


async def show(request: web.Request) -> web.Response:
    return json_response(_document(await request.app[BATCHES].get(request.match_info["id"])))


async def listing(request: web.Request) -> web.Response:
    query = parse_query(BatchesQuery, request)
    page = await request.app[BATCHES].find(
        BatchQuery(name=query.name, state=query.state, limit=query.limit, cursor=query.cursor)
    )
    document: answers.Batches = {
        "items": [_document(view) for view in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def messages(request: web.Request) -> web.Response:
    query, id = parse_query(BatchMessagesQuery, request), request.match_info["id"]
    page = await request.app[BATCHES].messages(
        id,
        MessageQuery(
            batch=id,
            status=None if query.status is None else query.status.value,
            limit=query.limit,
            cursor=query.cursor,
        ),
    )
    document: answers.Messages = {
        "items": [render.message(message) for message in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def pause(request: web.Request) -> web.Response:
    return json_response(_document(await request.app[BATCHES].pause(request.match_info["id"])))


async def resume(request: web.Request) -> web.Response:
    return json_response(_document(await request.app[BATCHES].resume(request.match_info["id"])))


async def cancel(request: web.Request) -> web.Response:
    return json_response(_document(await request.app[BATCHES].cancel(request.match_info["id"])))


async def change(request: web.Request) -> web.Response:
    changes = parse_body(BatchChanges, await read_json(request)).given()
    view = await request.app[BATCHES].change(request.match_info["id"], changes)
    return json_response(_document(view))


_RECIPIENTS = {
    "to": ["+447700900123", "+447700900124", "nobody"],
    "text": "The shop is closed today",
}
_MESSAGES = {
    "messages": [
        {"to": "+447700900123", "text": "Hello Ann"},
        {"to": "+447700900124", "text": "Hello Bob"},
    ]
}

ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/batches",
        handler=send,
        summary="Send many messages, or one text to many recipients (10,000 at most)",
        tag="batches",
        scopes=("send",),
        body=BatchOfMessages | BatchOfRecipients,
        answer=answers.AcceptedBatch,
        status=202,
        idempotent=True,
        problems=("unavailable",),
        description="Each message that is wrong is told with its position; the others are sent. "
        "With `more` others can be added to it, so that it holds as many as you like.",
        example=_RECIPIENTS,
        examples={
            "Each with a text of its own": _MESSAGES,
            "From a time on, and one a second": {
                **_RECIPIENTS,
                "name": "november offers",
                "type": "promotional",
                "send_at": "2026-11-24T08:00:00Z",
                "rate_per_minute": 60,
            },
            "Each with values of its own": {
                "messages": [
                    {
                        "to": "+447700900123",
                        "template": "order-shipped",
                        "params": {"name": "Ann", "order": "A-7"},
                    },
                    {
                        "to": "+5511961234567",
                        "template": "order-shipped",
                        "params": {"name": "Bruna", "order": "A-8"},
                    },
                ]
            },
        },
    ),
    Endpoint(
        method="POST",
        path="/v1/preview/batch",
        handler=preview,
        summary="See what a batch would be sent as, and what is wrong with it; sends nothing",
        tag="batches",
        scopes=("send",),
        body=BatchOfMessages | BatchOfRecipients,
        answer=answers.BatchPreview,
        description="Every message is looked at by the same rules, but for the limits on keys and "
        "recipients: nothing of them is used up.",
        example=_RECIPIENTS,
    ),
    Endpoint(
        method="GET",
        path="/v1/batches",
        handler=listing,
        summary="List batches, the newest first",
        tag="batches",
        scopes=("read",),
        query=BatchesQuery,
        answer=answers.Batches,
    ),
    Endpoint(
        method="GET",
        path="/v1/batches/{id}",
        handler=show,
        summary="See a batch and how far its messages came",
        tag="batches",
        scopes=("read",),
        answer=answers.Batch,
        problems=("not-found",),
        description="Where very many messages wait, counts may be a second old.",
    ),
    Endpoint(
        method="PATCH",
        path="/v1/batches/{id}",
        handler=change,
        summary="Change the name or the pace of a batch, or say that it is complete",
        tag="batches",
        scopes=("send",),
        body=BatchChanges,
        answer=answers.Batch,
        problems=("not-found", "conflict", "unavailable"),
        recorded=True,
        example={"rate_per_minute": 120},
    ),
    Endpoint(
        method="GET",
        path="/v1/batches/{id}/messages",
        handler=messages,
        summary="List the messages of a batch, the newest first",
        tag="batches",
        scopes=("read",),
        query=BatchMessagesQuery,
        answer=answers.Messages,
        problems=("not-found",),
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{id}/messages",
        handler=add,
        summary="Add messages to a batch that was said to have `more` (10,000 at most)",
        tag="batches",
        scopes=("send",),
        body=MoreMessages | MoreRecipients,
        answer=answers.AcceptedBatch,
        status=202,
        idempotent=True,
        problems=("not-found", "conflict", "unavailable"),
        description="They get the batch's `send_at` and go at its pace. Without `more` they are "
        "the last ones.",
        example={**_MESSAGES, "more": True},
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{id}/pause",
        handler=pause,
        summary="Hold back what of a batch has not begun, over restarts too",
        tag="batches",
        scopes=("send",),
        answer=answers.Batch,
        problems=("not-found", "conflict", "unavailable"),
        recorded=True,
        description="What a modem has already is finished. The validity of what waits goes on.",
        answer_example=PAUSED_BATCH,
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{id}/resume",
        handler=resume,
        summary="Go on with a paused batch",
        tag="batches",
        scopes=("send",),
        answer=answers.Batch,
        problems=("not-found", "conflict", "unavailable"),
        recorded=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/batches/{id}/cancel",
        handler=cancel,
        summary="Cancel what of a batch has not begun",
        tag="batches",
        scopes=("send",),
        answer=answers.Batch,
        problems=("not-found", "conflict", "unavailable"),
        recorded=True,
        description="Nothing more begins once this is answered; then message by message is "
        "canceled, which the counts show.",
        answer_example=CANCELED_BATCH,
    ),
)
