"""An inbound message as it is handed over."""

from __future__ import annotations

from typing import Any

from modemgw.store.records import Inbound


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
