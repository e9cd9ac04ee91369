"""The rule that a message has its time: from when on it is sent, and until when."""

from __future__ import annotations

from modemgw.config import Config
from modemgw.gateway.admission.rule import Draft, Rule
from modemgw.gateway.errors import FieldProblem, Rejected

LATEST_SEND_S = 366 * 86400.0
"""How far ahead a message may be scheduled."""


class ScheduleRule(Rule):
    """Finds when a message may be sent, and when its validity ends."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._types = config.type

    def common(self, draft: Draft) -> None:
        """See Rule. A `send_at` that has passed means: at once."""
        new, now = draft.new, draft.request.now
        send_at = draft.request.send_at if new.send_at is None else new.send_at
        if send_at is not None and send_at > now:
            if send_at > now + LATEST_SEND_S:
                raise Rejected(
                    [FieldProblem("send_at", "is more than a year ahead", "out-of-range")]
                )
            draft.send_at = send_at
        validity_s = new.validity_s
        if validity_s is None:
            validity_s = getattr(self._types, new.type).validity
        draft.expires_at = (draft.send_at or now) + validity_s
