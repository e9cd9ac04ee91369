"""What webhooks are told: the same objects that this API shows."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from modemgw.api import render
from modemgw.api.moments import render_moment
from modemgw.store import Payload


def told(payload: Payload) -> bytes:
    """The body of a request to a webhook: `{type, timestamp, data}`, as JSON.

    `timestamp` is when it happened, the same at each try. `data` of what is about a message, or a
    received one, is the message as GET shows it; of anything else what the event says.
    """
    document = {
        "type": payload.event,
        "timestamp": render_moment(payload.at),
        "data": _data(payload),
    }
    return to_json(document)


def _data(payload: Payload) -> Any:
    if payload.inbound is not None:
        return render.inbound(payload.inbound)
    if payload.message is not None:
        return render.message(payload.message)
    return payload.data
