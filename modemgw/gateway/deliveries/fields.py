"""What templates of handlers can say of what came in: see config.handler_texts.FIELDS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from modemgw.gateway.deliveries.matching import of_payload
from modemgw.store import Payload


def fields_of(payload: Payload) -> dict[str, Any]:
    """The values by name. What a handler has found is in the payload: see Handler.shown."""
    came = of_payload(payload)
    found = payload.data.get("match", {})
    groups = found.get("groups", {})
    return {
        "id": came.id,
        "text": came.text or "",
        "from": came.sender,
        "to": came.to,
        "name": came.name,
        "modem": came.modem,
        "sim": came.sim,
        "received_at": datetime.fromtimestamp(came.at, UTC),
        "keyword": found.get("keyword", ""),
        "rest": found.get("rest", ""),
        "groups": groups | {int(name): said for name, said in groups.items() if name.isdecimal()},
    }
