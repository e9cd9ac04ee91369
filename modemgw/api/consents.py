"""/v1/consents: who may be sent what."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from modemgw.api import answers
from modemgw.api.audit import tell_record
from modemgw.api.consent_sheet import head, lines, read_sheet
from modemgw.api.endpoint import (
    Endpoint,
    json_response,
    key_of,
    parse_body,
    parse_query,
    read_body,
    read_json,
)
from modemgw.api.headers import mark
from modemgw.api.moments import render_moment
from modemgw.api.parts import CONSENTS
from modemgw.api.requests import ConsentBody, ConsentsQuery, ImportQuery
from modemgw.gateway import ConsentsOf, ImportReport, NewConsent
from modemgw.gateway.consent.importing import Fate
from modemgw.store import Consent, ConsentQuery
from modemgw.store.contract.consents import EVERYTHING

CSV = "text/csv"

Sheet = Annotated[
    str,
    Field(
        description="Columns `number` and `state`, and if you like `scope`, `source`, `evidence`, "
        "`at`; the first line names them."
    ),
]


def consent(record: Consent) -> answers.Consent:
    """A decision as it is shown."""
    return {
        "number": record.number,
        "scope": record.scope or None,
        "state": record.state.value,
        "source": record.source,
        "evidence": record.evidence,
        "at": render_moment(record.at),
        "recorded_at": render_moment(record.recorded_at),
        "key": record.key,
        "inbound": record.inbound,
    }


def _of_number(found: ConsentsOf) -> answers.ConsentsOfNumber:
    state: answers.ConsentState | None = "opted_out" if found.erased else None
    for one in found.standing:
        if one.scope == EVERYTHING:
            state = one.state.value
    return {
        "number": found.number,
        "state": state,
        "standing": [consent(one) for one in found.standing],
        "history": [consent(one) for one in found.history],
        "erased": found.erased,
    }


def _report(report: ImportReport) -> answers.ImportReport:
    counts = report.counts
    return {
        "dry_run": report.dry_run,
        "rows": counts.total(),
        "new": counts[Fate.NEW],
        "changed": counts[Fate.CHANGED],
        "kept": counts[Fate.KEPT],
        "unchanged": counts[Fate.UNCHANGED],
        "refused": counts[Fate.REFUSED],
        "refused_rows": [
            {"line": line, "number": number, "detail": detail}
            for line, number, detail in report.refused
        ],
    }


async def create(request: web.Request) -> web.Response:
    body = parse_body(ConsentBody, await read_json(request))
    record = await request.app[CONSENTS].record(
        NewConsent(
            body.number,
            body.state,
            body.source,
            body.scope or EVERYTHING,
            body.evidence,
            body.at,
            key_of(request).name,
        )
    )
    response = json_response(consent(record), 201)
    response.headers["Location"] = f"/v1/consents/{quote(record.number)}"
    return response


async def listing(request: web.Request) -> web.Response:
    query = parse_query(ConsentsQuery, request)
    page = await request.app[CONSENTS].find(ConsentQuery(**query.model_dump()))
    document: answers.Consents = {
        "items": [consent(one) for one in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    found = await request.app[CONSENTS].of(request.match_info["number"])
    return json_response(_of_number(found))


async def erase(request: web.Request) -> web.Response:
    given = request.match_info["number"]
    tell_record(request, target=request.app[CONSENTS].pseudonym(given))
    await request.app[CONSENTS].erase(given)
    return web.Response(status=204)


async def bring_in(request: web.Request) -> web.Response:
    query = parse_query(ImportQuery, request)
    consents = request.app[CONSENTS]
    raw = await read_body(request, CSV, "a list as CSV")
    rows = await read_sheet(raw, consents, key=key_of(request).name)
    report = await consents.bring_in(rows, again=query.again, dry_run=query.dry_run)
    document = _report(report)
    told = ", ".join(f"{report.counts[fate]} {fate}" for fate in Fate)
    tell_record(request, detail=f"{'dry run: ' if query.dry_run else ''}{told}")
    return json_response(document)


async def export(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": f"{CSV}; charset=utf-8",
            "Content-Disposition": 'attachment; filename="consents.csv"',
        }
    )
    mark(response.headers)
    if request.method == "HEAD":
        return response
    await response.prepare(request)
    await response.write(head())
    async for part in request.app[CONSENTS].all():
        await response.write(lines(part))
    await response.write_eof()
    return response


_EXAMPLE = {
    "number": "+447700900123",
    "state": "opted_in",
    "source": "web-form",
    "evidence": "order 4711, box ticked, 192.0.2.7",
    "at": "2026-11-22T09:58:00Z",
}

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/consents",
        handler=listing,
        summary="List what numbers have decided, the newest decision first",
        tag="consents",
        scopes=("read",),
        query=ConsentsQuery,
        answer=answers.Consents,
    ),
    Endpoint(
        method="POST",
        path="/v1/consents",
        handler=create,
        summary="Record that somebody has opted in or out",
        tag="consents",
        scopes=("send",),
        body=ConsentBody,
        answer=answers.Consent,
        status=201,
        example=_EXAMPLE,
        description="Every decision is kept as evidence. The one that was made last stands.",
    ),
    Endpoint(
        method="POST",
        path="/v1/consents/import",
        handler=bring_in,
        summary="Record the decisions of a list (CSV), or see what it would change",
        tag="consents",
        scopes=("admin",),
        query=ImportQuery,
        body=Sheet,
        body_media=CSV,
        answer=answers.ImportReport,
        example="number,state,source,at\r\n+447700900123,opted_out,old-system,2026-11-22T09:58:00Z",
        description="All rows are looked at before any is recorded. Who has opted out is not let "
        "in again by a list, unless `again` is given and the row is later.",
    ),
    Endpoint(
        method="GET",
        path="/v1/consents/export",
        handler=export,
        summary="Export every decision that stands (CSV)",
        tag="consents",
        scopes=("admin",),
        media=f"{CSV}; charset=utf-8",
    ),
    Endpoint(
        method="GET",
        path="/v1/consents/{number}",
        handler=show,
        summary="See what a number has decided, and all its decisions before that",
        tag="consents",
        scopes=("read",),
        answer=answers.ConsentsOfNumber,
        problems=("not-found", "invalid-fields"),
    ),
    Endpoint(
        method="DELETE",
        path="/v1/consents/{number}",
        handler=erase,
        summary="Erase what a number has decided",
        tag="consents",
        scopes=("admin",),
        status=204,
        problems=("not-found", "invalid-fields"),
        description="Who has opted out stays so: a mark is kept from which the number cannot be "
        "read. See /v1/privacy/erase for all that there is about a number.",
    ),
)
