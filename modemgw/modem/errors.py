"""What becomes of a part that a modem was asked to send, when it was not accepted."""

from __future__ import annotations

from ..at import ErrorCode
from .verdict import Verdict


class ModemError(Exception):
    """A modem could not do what it was asked."""


class NotSubmitted(ModemError):
    """Nothing can have been sent: try again, on any SIM."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PromptMissing(NotSubmitted):
    """Nothing was sent, because the modem asked for nothing: it may be ill."""


class SubmitRefused(ModemError):
    """The modem or the network said no. `verdict` says what that means for the next try."""

    def __init__(self, code: ErrorCode | None, verdict: Verdict) -> None:
        super().__init__(f"{code or 'refused'} ({verdict.meaning})")
        self.code = code
        self.verdict = verdict


class SubmitAmbiguous(ModemError):
    """The PDU was typed and nobody can know whether it went out."""

    def __init__(self, reason: str, code: ErrorCode | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class UssdError(ModemError):
    """A USSD request came to nothing."""


class ByHandError(ModemError):
    """A command that a person typed had no answer."""


class PortClosed(ByHandError):
    """There is no open port to type it at."""


class AtUntypable(ByHandError):
    """It is no command that may be typed: no modem was asked."""


class UssdUntypable(UssdError):
    """The request cannot be written on the line at all: no modem was asked."""
