"""What webhooks are told: the same objects as GET answers, under the type of the event."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from modemgw.api import render
from modemgw.api.moments import render_moment
from modemgw.gateway.deliveries.endpoint import TEST
from modemgw.store import Payload


def tell(payload: Payload) -> bytes:
    """`{type, timestamp, data}`: when it happened, and what it is about.

    `data` is the message or the received message where it is about one; of other events what
    /v1/events has.
    """
    return to_json(
        {
            "type": payload.event,
            "timestamp": render_moment(payload.at),
            "data": _data(payload),
        }
    )


def _data(payload: Payload) -> Any:
    if payload.message is not None:
        return render.message(payload.message)
    if payload.inbound is not None:
        return render.inbound(payload.inbound)
    if payload.event == TEST:
        return {"webhook": payload.subscriber}
    return payload.data
