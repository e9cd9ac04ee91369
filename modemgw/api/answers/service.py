"""How the service is."""

from __future__ import annotations

from typing_extensions import TypedDict


class Health(TypedDict):
    """Whether the process is alive."""

    status: str


class Readiness(TypedDict):
    """Whether a message could be sent now; `detail` says what does not work as it should."""

    ready: bool
    detail: str | None
