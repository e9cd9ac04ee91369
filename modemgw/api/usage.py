"""/v1/usage: what was sent and what it cost, as JSON or as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from modemgw.api import answers, render
from modemgw.api.endpoint import Endpoint, json_response, parse_query
from modemgw.api.parts import USAGE
from modemgw.api.requests import UsageQuery as UsageParameters
from modemgw.store import UsageQuery, UsageSum
from modemgw.store.contract.usage import DAY_S

CSV = "text/csv"
_COUNTS = ("parts", "accepted", "delivered", "failed")


def _query(asked: UsageParameters) -> UsageQuery:
    """Whole days: the one that `since` lies in, and the one that `until` lies in, count."""
    of = {"sim": asked.sim, "key": asked.key, "type": asked.type, "prefix": asked.prefix}
    return UsageQuery(
        by=asked.by or (),
        since=None if asked.since is None else int(asked.since // DAY_S),
        until=None if asked.until is None else int(-(-asked.until // DAY_S)),
        only={name: value for name, value in of.items() if value is not None},
    )


def _render(by: Sequence[str], found: UsageSum) -> answers.UsageSum:
    of: dict[str, Any] = dict(zip(by, found.of, strict=True))
    if "day" in of:
        of["day"] = datetime.fromtimestamp(of["day"] * DAY_S, UTC).date().isoformat()
    return {
        "day": of.get("day"),
        "sim": of.get("sim"),
        "key": of.get("key"),
        "type": of.get("type"),
        "prefix": of.get("prefix"),
        "parts": found.counts.parts,
        "accepted": found.counts.accepted,
        "delivered": found.counts.delivered,
        "failed": found.counts.failed,
        "amounts": [
            {"amount": render.amount(cost.amount), "currency": cost.currency}
            for cost in found.amounts
        ],
    }


def _table(by: Sequence[str], sums: Sequence[answers.UsageSum]) -> str:
    """RFC 4180, with a column for each currency: they are never mixed."""
    currencies = sorted({one["currency"] for found in sums for one in found["amounts"]})
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow([*by, *_COUNTS, *(f"amount_{currency}" for currency in currencies)])
    for found in sums:
        document: dict[str, Any] = {**found}
        amounts = {one["currency"]: one["amount"] for one in found["amounts"]}
        counted = [document[name] for name in (*by, *_COUNTS)]
        rows.writerow([*counted, *(amounts.get(currency, "") for currency in currencies)])
    return text.getvalue()


async def sums(request: web.Request) -> web.Response:
    asked = parse_query(UsageParameters, request)
    query = _query(asked)
    rendered = [_render(query.by, one) for one in await request.app[USAGE].sums(query)]
    wanted = asked.format or ("csv" if CSV in request.headers.get("Accept", "") else "json")
    if wanted == "csv":
        answer = web.Response(text=_table(query.by, rendered), content_type=CSV, charset="utf-8")
    else:
        document: answers.UsageSums = {"items": rendered, "next_cursor": None}
        answer = json_response(document)
    answer.headers["Vary"] = "Accept"
    return answer


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/usage",
        handler=sums,
        summary="See what was sent and what it cost, added up",
        tag="usage",
        scopes=("read",),
        query=UsageParameters,
        answer=answers.UsageSums,
        also_media=(CSV,),
        problems=("unavailable",),
        description="Counted while it is sent: a part belongs to the day (of UTC) on which the "
        "network answered, and what a report tells of it later is added to that day. Deleted "
        "messages still count. Amounts are told by currency, and never added up across them.",
    ),
)
