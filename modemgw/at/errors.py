"""What can go wrong between us and a modem."""

from __future__ import annotations

from .results import ErrorCode
from .trace import masked


class AtError(Exception):
    """Something went wrong between us and the modem."""


class CommandFailed(AtError):
    """The modem answered with an error.

    `after_s`: seconds since the Ctrl-Z after a PDU; None when nothing had been typed.
    """

    def __init__(self, text: str, code: ErrorCode, after_s: float | None = None) -> None:
        super().__init__(f"{text}: {code}")
        self.code = code
        self.after_s = after_s


class NotACommand(CommandFailed):
    """The text cannot be one command: it was never typed, and the modem knows nothing of it.

    A CR inside would begin a second command, Ctrl-Z would send a message, ESC would abort one.
    """

    def __init__(self, text: str, why: str) -> None:
        super().__init__(repr(masked(text)[:40]), ErrorCode("ERROR", text=why))


class CommandTimeout(AtError):
    """The modem did not answer in time; nothing but `resync` is possible now."""


class OutOfSync(AtError):
    """A command timed out before; answers could be mixed up until `resync`."""


class ChannelClosed(AtError):
    """The port is gone, or the modem has restarted in the middle of the command."""


class NothingSent(AtError):
    """The command ended before anything was typed at its prompt. `cause` is what ended it."""

    def __init__(self, reason: str, cause: AtError | None = None) -> None:
        super().__init__(reason)
        self.cause = cause


class NoPrompt(NothingSent):
    """The modem took the command and showed no prompt for what was to be typed."""


class PortError(Exception):
    """The port cannot be opened. `missing` tells an absent device from one that refuses."""

    def __init__(self, problem: str, *, missing: bool = False) -> None:
        super().__init__(problem)
        self.missing = missing
