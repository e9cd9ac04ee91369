"""/v1/readiness: the SMS API checklist, asked of the live gateway."""

from __future__ import annotations

from collections import Counter

from aiohttp import web

from modemgw.api import answers
from modemgw.api.endpoint import Endpoint, json_response
from modemgw.api.parts import CHECKLIST


async def show(request: web.Request) -> web.Response:
    items = await request.app[CHECKLIST].items()
    counts = Counter(item.finding.status for item in items)
    document: answers.Checklist = {
        "ready": counts["passed"] == len(items),
        "passed": counts["passed"],
        "failed": counts["failed"],
        "not_tested": counts["not_tested"],
        "points": [
            {
                "id": item.id,
                "title": item.title,
                "status": item.finding.status,
                "evidence": item.finding.evidence,
                "next_step": item.finding.next_step,
            }
            for item in items
        ],
    }
    return json_response(document)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/readiness",
        handler=show,
        summary="Is everything as an application in production needs it? A checklist",
        tag="service",
        scopes=("read",),
        answer=answers.Checklist,
        problems=("unavailable",),
    ),
)
