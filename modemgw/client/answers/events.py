"""Events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from modemgw.client.answer import Answer


class Event(Answer):
    """Something that happened."""

    id: int
    type: str
    at: datetime
    data: dict[str, Any]
