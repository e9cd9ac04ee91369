"""/v1/verifications: a code by SMS proves that somebody has a number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic_core import to_json

from modemgw.api import answers
from modemgw.api.endpoint import (
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
from modemgw.api.openapi.examples import CALLED_OFF
from modemgw.api.parts import VERIFICATIONS
from modemgw.api.problems import Problem, from_refusal
from modemgw.api.requests import (
    CheckBody,
    NumberCheckBody,
    VerificationBody,
    VerificationsQuery,
)
from modemgw.gateway import (
    NewVerification,
    Over,
    PrefixStopped,
    TooManyCodes,
    TooManyTries,
    VerificationQuery,
    VerificationView,
)
from modemgw.store import StoppedPrefix


def _verification(view: VerificationView) -> answers.Verification:
    return {
        "id": view.id,
        "to": view.to,
        "status": view.status,
        "length": view.length,
        "attempts_left": view.attempts_left,
        "sends_left": view.sends_left,
        "resend_at": render_optional_moment(view.resend_at),
        "key": view.key,
        "reference": view.reference,
        "created_at": render_moment(view.created_at),
        "expires_at": render_moment(view.expires_at),
        "ended_at": render_optional_moment(view.ended_at),
    }


def _rendered(view: VerificationView) -> bytes:
    return to_json(_verification(view))


def _checked(view: VerificationView) -> bytes:
    assert view.status != "canceled", "then it is over"
    document: answers.CheckedVerification = {
        "id": view.id,
        "status": view.status,
        "attempts_left": view.attempts_left,
    }
    return to_json(document)


def _stopped(stop: StoppedPrefix) -> answers.StoppedPrefix:
    return {
        "prefix": stop.prefix,
        "since": render_moment(stop.since),
        "until": render_moment(stop.until),
        "sent": stop.sent,
        "approved": stop.approved,
    }


async def _told(
    asked: Awaitable[VerificationView | bytes],
    render: Callable[[VerificationView], bytes],
    status: int = 200,
) -> web.Response:
    """The answer of a verb, or why it did not do what it was asked for."""
    try:
        done = await asked
    except Over as error:
        raise Problem("verification-over", str(error)) from error
    except PrefixStopped as error:
        raise from_refusal(error, "prefix-stopped") from error
    except (TooManyCodes, TooManyTries) as error:
        raise from_refusal(error, "too-many-codes") from error
    if isinstance(done, bytes):
        return raw_json_response(done, status, REPLAYED)
    headers = {"Location": f"/v1/verifications/{done.id}"} if status == 201 else None
    return raw_json_response(render(done), status, headers)


async def start(request: web.Request) -> web.Response:
    raw = await read_json(request)
    body = parse_body(VerificationBody, raw)
    new = NewVerification(
        to=body.to,
        template=body.template,
        language=body.language,
        length=body.length,
        ttl_s=body.ttl_seconds,
        domain=body.domain,
        reference=body.reference,
        client_ip=body.client_ip,
    )
    asked = request.app[VERIFICATIONS].start(
        new, key=key_of(request), idempotency=idempotency_of(request, raw, _rendered)
    )
    return await _told(asked, _rendered, 201)


async def check(request: web.Request) -> web.Response:
    raw = await read_json(request)
    body = parse_body(CheckBody, raw)
    asked = request.app[VERIFICATIONS].check(
        request.match_info["id"],
        body.code,
        key=key_of(request),
        idempotency=idempotency_of(request, raw, _checked),
    )
    return await _told(asked, _checked)


async def check_number(request: web.Request) -> web.Response:
    raw = await read_json(request)
    body = parse_body(NumberCheckBody, raw)
    asked = request.app[VERIFICATIONS].check_number(
        body.to,
        body.code,
        key=key_of(request),
        idempotency=idempotency_of(request, raw, _checked),
    )
    return await _told(asked, _checked)


async def resend(request: web.Request) -> web.Response:
    asked = request.app[VERIFICATIONS].resend(
        request.match_info["id"],
        key=key_of(request),
        idempotency=idempotency_of(request, b"", _rendered),
    )
    return await _told(asked, _rendered)


async def cancel(request: web.Request) -> web.Response:
    asked = request.app[VERIFICATIONS].cancel(request.match_info["id"], key=key_of(request))
    return await _told(asked, _rendered)


async def show(request: web.Request) -> web.Response:
    view = await request.app[VERIFICATIONS].get(request.match_info["id"], key=key_of(request))
    return json_response(_verification(view))


async def listing(request: web.Request) -> web.Response:
    query = parse_query(VerificationsQuery, request)
    page = await request.app[VERIFICATIONS].find(
        VerificationQuery(
            number=query.to,
            status=query.status,
            key=query.key,
            reference=query.reference,
            since=query.since,
            until=query.until,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    document: answers.Verifications = {
        "items": [_verification(view) for view in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def stopped(request: web.Request) -> web.Response:
    document: answers.StoppedPrefixes = {
        "items": [_stopped(stop) for stop in await request.app[VERIFICATIONS].stopped()],
        "next_cursor": None,
    }
    return json_response(document)


async def lift(request: web.Request) -> web.Response:
    await request.app[VERIFICATIONS].lift(request.match_info["prefix"])
    return web.Response(status=204)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/verifications",
        handler=start,
        summary="Send a code to a number that is to be proved",
        tag="verifications",
        scopes=("send",),
        body=VerificationBody,
        answer=answers.Verification,
        status=201,
        idempotent=True,
        headers=("Location",),
        problems=(
            "too-many-codes",
            "too-many-messages",
            "prefix-stopped",
            "templates-only",
            "opted-out",
            "no-consent",
        ),
        description="While one of this key and number is pending it goes on: the answer has its "
        "id, the message its code, and tries that were made stay made. Asked again within "
        "`verifications.resend_after` seconds, nothing more is sent.",
        example={
            "to": "+447700900123",
            "language": "en",
            "ttl_seconds": 600,
            "domain": "shop.example",
            "reference": "login-81",
            "client_ip": "192.0.2.7",
        },
    ),
    Endpoint(
        method="GET",
        path="/v1/verifications",
        handler=listing,
        summary="List verifications, the newest first",
        tag="verifications",
        scopes=("read",),
        query=VerificationsQuery,
        answer=answers.Verifications,
    ),
    Endpoint(
        method="POST",
        path="/v1/verifications/check",
        handler=check_number,
        summary="Try a code for a number: that of its newest verification of this key",
        tag="verifications",
        scopes=("send",),
        body=NumberCheckBody,
        answer=answers.CheckedVerification,
        idempotent=True,
        problems=("not-found", "verification-over", "too-many-codes"),
        description="For who has kept no id. As with one, the right code is right once.",
        example={"to": "+447700900123", "code": "123456"},
    ),
    Endpoint(
        method="GET",
        path="/v1/verifications/{id}",
        handler=show,
        summary="See a verification: one of the key's own, or any with the scope read",
        tag="verifications",
        scopes=("send", "read"),
        answer=answers.Verification,
        problems=("not-found",),
    ),
    Endpoint(
        method="POST",
        path="/v1/verifications/{id}/check",
        handler=check,
        summary="Try a code; the right one is right once",
        tag="verifications",
        scopes=("send",),
        body=CheckBody,
        answer=answers.CheckedVerification,
        idempotent=True,
        problems=("not-found", "verification-over", "too-many-codes"),
        description="Go by `status`: only `approved` proves the number. Each try is counted before "
        "it is looked at. Send a request whose answer you have not seen again with the same "
        "Idempotency-Key: it gets the first answer, and is no other try.",
        example={"code": "123456"},
    ),
    Endpoint(
        method="POST",
        path="/v1/verifications/{id}/resend",
        handler=resend,
        summary="Send the code of a pending verification once more",
        tag="verifications",
        scopes=("send",),
        answer=answers.Verification,
        idempotent=True,
        problems=(
            "not-found",
            "verification-over",
            "too-many-codes",
            "too-many-messages",
            "prefix-stopped",
            "opted-out",
            "no-consent",
        ),
        description="It is the same code, so whichever message comes first will do.",
    ),
    Endpoint(
        method="DELETE",
        path="/v1/verifications/{id}",
        handler=cancel,
        summary="Call a pending verification off: its code is good for nothing any more",
        tag="verifications",
        scopes=("send",),
        answer=answers.Verification,
        answer_example=CALLED_OFF,
        problems=("not-found", "verification-over"),
    ),
    Endpoint(
        method="GET",
        path="/v1/stopped-prefixes",
        handler=stopped,
        summary="List the prefixes to which no code goes now, as it looked like SMS pumping",
        tag="verifications",
        scopes=("read",),
        answer=answers.StoppedPrefixes,
    ),
    Endpoint(
        method="DELETE",
        path="/v1/stopped-prefixes/{prefix}",
        handler=lift,
        summary="Let codes go to a prefix again",
        tag="verifications",
        scopes=("admin",),
        status=204,
        problems=("not-found",),
    ),
)
