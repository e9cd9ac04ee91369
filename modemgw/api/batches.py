"""/v1/batches: up to 10,000 messages in one request; what is wrong with one stops no other."""

from __future__ import annotations

from aiohttp import web
from pydantic_core import to_json

from modemgw.api import answers
from modemgw.api.endpoint import (
    BODIES,
    Endpoint,
    json_response,
    key_of,
    raw_json_response,
    read_json,
)
from modemgw.api.idempotency import REPLAYED, idempotency_of
from modemgw.api.moments import render_moment
from modemgw.api.parts import MESSAGES, SENDING
from modemgw.api.problems import Problem, from_refusal
from modemgw.api.requests import BatchOfMessages, BatchOfRecipients
from modemgw.api.sorting import Sorted, sort
from modemgw.gateway import AcceptedBatch


def _render(batch: Sorted, accepted: AcceptedBatch) -> bytes:
    """The answer, with the items that the gateway refused beside those of the wrong shape."""
    problems = batch.problems | {
        batch.positions[index]: from_refusal(rejected) for index, rejected in accepted.rejected
    }
    # One by one: as a document of its own each is gone before the next is made.
    rejected = b",".join(_render_rejected(at, problems[at]) for at in sorted(problems))
    return b'{"id":%s,"accepted":%d,"rejected":[%s]}' % (
        to_json(accepted.id),
        accepted.accepted,
        rejected,
    )


def _render_rejected(position: int, problem: Problem) -> bytes:
    document: answers.RejectedItem = {"index": position, "problem": problem.document()}
    return to_json(document)


async def send(request: web.Request) -> web.Response:
    raw = await read_json(request)
    async with request.app[BODIES].turn(raw):
        batch = await sort(raw)
    accepted = await request.app[SENDING].send_batch(
        batch.messages,
        key=key_of(request).name,
        idempotency=idempotency_of(request, raw, lambda accepted: _render(batch, accepted)),
    )
    if accepted.replay is not None:
        return raw_json_response(accepted.replay, 202, REPLAYED)
    return raw_json_response(
        _render(batch, accepted), 202, {"Location": f"/v1/batches/{accepted.id}"}
    )


async def show(request: web.Request) -> web.Response:
    about, counts = await request.app[MESSAGES].batch(request.match_info["id"])
    document: answers.Batch = {
        "id": about["id"],
        "created_at": render_moment(about["created_at"]),
        "accepted": about["accepted"],
        "rejected": about["rejected"],
        "counts": counts,
    }
    return json_response(document)


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
        description="Each message that is wrong is told with its position; the others are sent.",
        example={
            "to": ["+447700900123", "+447700900124", "nobody"],
            "text": "The shop is closed today",
        },
        examples={
            "Each with a text of its own": {
                "messages": [
                    {"to": "+447700900123", "text": "Hello Ann"},
                    {"to": "+447700900124", "text": "Hello Bob"},
                ]
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
        method="GET",
        path="/v1/batches/{id}",
        handler=show,
        summary="See how many messages of a batch have which status",
        tag="batches",
        scopes=("read",),
        answer=answers.Batch,
        problems=("not-found",),
    ),
)
