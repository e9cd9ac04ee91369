"""/v1/modems: see and control the modems."""

from __future__ import annotations

import re
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from modemgw.api import answers
from modemgw.api.audit import tell_record
from modemgw.api.endpoint import (
    Endpoint,
    json_response,
    parse_body,
    parse_query,
    read_json,
)
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.api.parts import MODEMS, Modems
from modemgw.api.requests import AtBody, TraceQuery, UssdBody
from modemgw.gateway import ModemView
from modemgw.modem import masked


def _render(view: ModemView) -> answers.Modem:
    status = view.status
    sim: answers.Sim | None = None
    if status.sim is not None:
        sim = {
            "iccid": status.sim.iccid,
            "imsi": status.sim.imsi,
            "number": status.sim.number,
        }
    storage: answers.Storage | None = None
    if status.storage is not None:
        storage = {"used": status.storage[0], "size": status.storage[1]}
    held: answers.Held | None = None
    if view.held is not None:
        held = {"why": view.held.why, "until": render_moment(view.held.until)}
    return {
        "id": status.id,
        "state": status.state.value,
        "step": status.step,
        "reason": status.reason,
        "since": render_moment(status.since),
        "device": status.device,
        "profile": status.profile,
        "manufacturer": status.manufacturer,
        "model": status.model,
        "revision": status.revision,
        "imei": status.imei,
        "sim": sim,
        "operator": status.operator,
        "registration": status.registration,
        "signal_dbm": status.signal_dbm,
        "queue": view.queue,
        "sent": status.sent,
        "received": status.received,
        "errors": status.refused + status.ambiguous + status.timeouts,
        "refused": status.refused,
        "ambiguous": status.ambiguous,
        "timeouts": status.timeouts,
        "resets": status.resets,
        "recoveries": status.recoveries,
        "storage": storage,
        "alarm": status.alarm,
        "last_answer_at": render_optional_moment(status.last_answer),
        "ready_since": render_optional_moment(status.ready_since),
        "routes": list(view.routes),
        "weight": view.weight,
        "held": held,
    }


async def listing(request: web.Request) -> web.Response:
    document: answers.Modems = {
        "items": [_render(view) for view in request.app[MODEMS].views()],
        "next_cursor": None,
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    return json_response(_render(request.app[MODEMS].view(request.match_info["id"])))


def _control(verb: Callable[[Modems, str], ModemView]) -> Handler:
    async def control(request: web.Request) -> web.Response:
        return json_response(_render(verb(request.app[MODEMS], request.match_info["id"])))

    return control


async def ussd(request: web.Request) -> web.Response:
    body = parse_body(UssdBody, await read_json(request))
    tell_record(request, detail=_masked(body.code))
    answer = await request.app[MODEMS].ussd(request.match_info["id"], body.code, body.timeout_s)
    document: answers.Ussd = {"text": answer.text, "more": answer.more}
    return json_response(document)


def _masked(code: str) -> str:
    """What may stand on record of a code: PINs and passwords are typed like this, too."""
    return re.sub(r"[^*#]", "x", code)


async def end_ussd(request: web.Request) -> web.Response:
    await request.app[MODEMS].end_ussd(request.match_info["id"])
    return web.Response(status=204)


async def by_hand(request: web.Request) -> web.Response:
    body = parse_body(AtBody, await read_json(request))
    tell_record(request, detail=masked(body.command))
    answer = await request.app[MODEMS].by_hand(
        request.match_info["id"], body.command, body.timeout_s
    )
    document: answers.AtAnswer = {
        "lines": list(answer.lines),
        "ok": answer.result == "OK",
        "result": answer.result,
        "meaning": answer.meaning,
    }
    return json_response(document)


async def signal(request: web.Request) -> web.Response:
    document: answers.Signal = {
        "items": [
            {"at": render_moment(at), "dbm": dbm}
            for at, dbm in request.app[MODEMS].signal(request.match_info["id"])
        ]
    }
    return json_response(document)


async def trace(request: web.Request) -> web.Response:
    query = parse_query(TraceQuery, request)
    lines = request.app[MODEMS].trace(
        request.match_info["id"], texts=query.texts, after=query.after
    )
    document: answers.Trace = {
        "items": [
            {
                "id": line.id,
                "at": render_moment(line.at),
                "direction": line.direction,
                "text": line.text,
            }
            for line in lines
        ]
    }
    return json_response(document)


def _post(
    verb: str, handler: Handler, summary: str, body: type[UssdBody] | None = None
) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/v1/modems/{{id}}/{verb}",
        handler=handler,
        summary=summary,
        tag="modems",
        scopes=("admin",),
        body=body,
        answer=answers.Modem if body is None else answers.Ussd,
        problems=("not-found", "conflict")
        if body is None
        else ("not-found", "conflict", "modem-error"),
        example=None if body is None else {"code": "*100#"},
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/modems",
        handler=listing,
        summary="List the modems and how they do",
        tag="modems",
        scopes=("read",),
        answer=answers.Modems,
    ),
    Endpoint(
        method="GET",
        path="/v1/modems/{id}",
        handler=show,
        summary="See one modem",
        tag="modems",
        scopes=("read",),
        answer=answers.Modem,
        problems=("not-found",),
    ),
    Endpoint(
        method="GET",
        path="/v1/modems/{id}/signal",
        handler=signal,
        summary="See how its signal was, with times",
        tag="modems",
        scopes=("read",),
        answer=answers.Signal,
        problems=("not-found",),
    ),
    Endpoint(
        method="POST",
        path="/v1/modems/{id}/at",
        handler=by_hand,
        summary="Type an AT command at its port",
        description="It waits until no part is in the air. A command can change what the gateway "
        "relies on: settings that are gone afterwards are made anew. An error of the modem is an "
        "answer (`ok` is false); that it did not answer in time is the problem `modem-error`.",
        tag="modems",
        scopes=("admin",),
        body=AtBody,
        answer=answers.AtAnswer,
        problems=("not-found", "conflict", "modem-error"),
        example={"command": "AT+CSQ"},
    ),
    Endpoint(
        method="GET",
        path="/v1/modems/{id}/trace",
        handler=trace,
        summary="See the last lines on its port; PINs and, unless asked for, texts are masked",
        tag="modems",
        scopes=("admin",),
        query=TraceQuery,
        answer=answers.Trace,
        problems=("not-found",),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/modems/{id}/ussd",
        handler=end_ussd,
        summary="End its USSD dialogue, if there is one",
        tag="modems",
        scopes=("admin",),
        status=204,
        problems=("not-found", "conflict", "modem-error"),
    ),
    _post(
        "pause",
        _control(lambda modems, id: modems.pause(id)),
        "Send nothing through it until it is resumed",
    ),
    _post(
        "resume",
        _control(lambda modems, id: modems.resume(id)),
        "Let a paused modem work again",
    ),
    _post(
        "restart",
        _control(lambda modems, id: modems.restart(id)),
        "Reset it and initialise it anew",
    ),
    _post("ussd", ussd, "Ask the network by USSD, for a balance or a menu", UssdBody),
)
