"""What is delivered, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

from modemgw.store import Payload
from modemgw.store.records import Inbound

Tell = Callable[[Payload], bytes]
"""What a webhook is told, `{type, timestamp, data}` as JSON: the HTTP API says how."""


def document(payload: Payload) -> dict[str, Any]:
    """A received message as it is, with what a handler has found in it; of anything else what
    happened and when."""
    if payload.inbound is not None:
        return as_json(payload.inbound) | payload.data
    return {"type": payload.event, "at": payload.at, "data": payload.data}


def told_plainly(payload: Payload) -> bytes:
    """What a webhook is told where there is no HTTP API: what the event says."""
    data = payload.data if payload.inbound is None else as_json(payload.inbound)
    return to_json({"type": payload.event, "timestamp": payload.at, "data": data})


def as_json(message: Inbound) -> dict[str, Any]:
    """An inbound message as handlers get it: the API's names, times in UTC seconds."""
    return {
        "id": message.id,
        "from": message.sender,
        "to": message.to,
        "kind": message.kind.value,
        "text": message.text,
        "data": None if message.data is None else message.data.hex(),
        "encoding": message.encoding,
        "class": message.message_class,
        "ports": message.ports,
        "details": message.details,
        "replaces": message.replaces,
        "parts_total": message.parts_total,
        "complete": message.complete,
        "modem": message.modem,
        "sim": message.sim,
        "sent_at": message.sent_at,
        "received_at": message.received_at,
        "problem": message.problem,
    }
