"""How the service is."""

from __future__ import annotations

from modemgw.client.answer import Answer


class Readiness(Answer):
    """Whether a message could be sent now; `detail` says what does not work as it should."""

    ready: bool
    detail: str | None
