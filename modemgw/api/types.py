"""/v1/types: what is done with each type of messages, and how they do."""

from __future__ import annotations

from aiohttp import web

from modemgw.api import answers
from modemgw.api.endpoint import Endpoint, json_response
from modemgw.api.parts import TYPES
from modemgw.gateway import TypeView


def _render(view: TypeView) -> answers.MessageType:
    policy, tally, window_s = view.policy, view.tally, view.duplicate_window_s
    return {
        "name": view.name,
        "priority": policy.priority,
        "routes": list(policy.routes),
        "validity_seconds": policy.validity,
        "max_attempts": policy.max_attempts,
        "retry_wait_seconds": policy.retry_wait,
        "retry_wait_max_seconds": policy.retry_wait_max,
        "ambiguous": policy.ambiguous,
        "ambiguous_wait_seconds": policy.ambiguous_wait,
        "quiet_hours": list(policy.quiet_hours),
        "consent_required": policy.consent_required,
        "opt_out": "respect" if view.respects_opt_out else "ignore",
        "duplicates": None
        if window_s is None
        else {"window_seconds": window_s, "action": view.duplicate_action},
        "erase_text": policy.erase_text,
        "redact_text_after_days": policy.redact_text_after_days or None,
        "target": None
        if tally is None
        else {
            "to": policy.target,
            "seconds": policy.target_seconds,
            "in_time": tally.in_time,
            "late": tally.late,
            "overdue": len(tally.overdue),
        },
        "accepted": view.accepted,
    }


async def listing(request: web.Request) -> web.Response:
    document: answers.MessageTypes = {
        "items": [_render(view) for view in request.app[TYPES].all()],
        "next_cursor": None,
    }
    return json_response(document)


async def show(request: web.Request) -> web.Response:
    return json_response(_render(request.app[TYPES].one(request.match_info["name"])))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/types",
        handler=listing,
        summary="See what is done with each type of messages, and how they do",
        tag="messages",
        scopes=("read",),
        answer=answers.MessageTypes,
    ),
    Endpoint(
        method="GET",
        path="/v1/types/{name}",
        handler=show,
        summary="See one type of messages",
        tag="messages",
        scopes=("read",),
        answer=answers.MessageType,
        problems=("not-found",),
    ),
)
