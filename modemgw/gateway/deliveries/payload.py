"""What is delivered, as JSON."""

from __future__ import annotations

from typing import Any

from modemgw.store import Payload
from modemgw.store.records import Inbound


def document(payload: Payload) -> dict[str, Any]:
    """A received message as it is; of anything else what happened and when."""
    if payload.inbound is not None:
        return as_json(payload.inbound)
    return {"type": payload.event, "at": payload.at, "data": payload.data}


def as_json(message: Inbound) -> dict[str, Any]:
    """An inbound message as handlers get it: the API's names, times in UTC seconds."""
    return {
        "id": message.id,
        "from": message.sender,
        "to": message.to,
        "text": message.text,
        "data": None if message.data is None else message.data.hex(),
        "encoding": message.encoding,
        "complete": message.complete,
        "modem": message.modem,
        "sim": message.sim,
        "sent_at": message.sent_at,
        "received_at": message.received_at,
    }
