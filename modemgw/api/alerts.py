"""/v1/alerts: what a person must see to, and had to before."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers
from modemgw.api.endpoint import Endpoint, json_response, parse_body, parse_query, read_json
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.api.parts import ALERTS
from modemgw.api.requests import AlertsQuery, SilenceBody
from modemgw.gateway import AlertQuery
from modemgw.store import Alert


def _render(alert: Alert) -> answers.Alert:
    return {
        "id": alert.id,
        "alert": alert.alert,
        "metric": alert.metric,
        "severity": alert.severity,  # type: ignore[typeddict-item]  # as it was configured
        "state": "raised" if alert.cleared_at is None else "cleared",
        "subject": alert.subject,
        "modem": alert.modem,
        "value": alert.value,
        "threshold": alert.threshold,
        "reason": alert.reason,
        "raised_at": render_moment(alert.raised_at),
        "cleared_at": render_optional_moment(alert.cleared_at),
        "silenced_until": render_optional_moment(alert.silenced_until),
    }


async def listing(request: web.Request) -> web.Response:
    query = parse_query(AlertsQuery, request)
    asked = query.model_dump(exclude={"state"})
    raised = None if query.state is None else query.state == "raised"
    page = await request.app[ALERTS].find(AlertQuery(raised=raised, **asked))
    document: answers.Alerts = {
        "items": [_render(alert) for alert in page.items],
        "next_cursor": page.next_cursor,
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    return json_response(_render(await request.app[ALERTS].one(request.match_info["id"])))


async def silence(request: web.Request) -> web.Response:
    body = parse_body(SilenceBody, await read_json(request))
    alert = await request.app[ALERTS].silence(request.match_info["id"], body.seconds)
    return json_response(_render(alert))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/alerts",
        handler=listing,
        summary="List alerts, raised and cleared, that raised last first",
        tag="alerts",
        scopes=("read",),
        query=AlertsQuery,
        answer=answers.Alerts,
        problems=("unavailable",),
    ),
    Endpoint(
        method="GET",
        path="/v1/alerts/{id}",
        handler=show,
        summary="See one alert",
        tag="alerts",
        scopes=("read",),
        answer=answers.Alert,
        problems=("not-found", "unavailable"),
    ),
    Endpoint(
        method="POST",
        path="/v1/alerts/{id}/silence",
        handler=silence,
        summary="Notify nobody of this alert about this subject for a time",
        description="It holds for the alert about this subject, also when it is cleared and raised "
        "again meanwhile. Events and webhooks go on.",
        tag="alerts",
        scopes=("admin",),
        body=SilenceBody,
        answer=answers.Alert,
        example={"seconds": 3600},
        problems=("not-found", "unavailable"),
    ),
)
