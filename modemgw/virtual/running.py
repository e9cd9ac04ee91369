"""The command that is running, as those see it who bring it to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from modemgw.virtual.errors import CommandError


class Deferred:
    """What a command returns that has not ended yet; it is ended through `Running`."""


DEFERRED = Deferred()

Reply = Iterable[str] | Deferred
"""Lines of information text, printed at once and followed by OK; or `DEFERRED`."""


class Running(Protocol):
    """The command line that one AT port is running. Seconds are of virtual time."""

    def complete(self, lines: Iterable[str] = (), *, behind: bytes = b"") -> None:
        """A deferred command has ended well; the rest of its line follows.

        `behind` are octets that some makes print after the information text.
        """

    def fail(self, error: CommandError) -> None:
        """The running command line ends in `error`; the rest of it is not run."""

    def drop_answer(self) -> None:
        """The running command line ends without a word."""

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        """`then` after `seconds`, unless the running command line has ended by then."""

    def abortable(self) -> None:
        """Any octet aborts the running command (V.250 5.6.1)."""

    def end_line_here(self) -> None:
        """ATZ and AT&F: whatever follows on the line is lost (V.250 6.1.1)."""

    def restart_after_answer(self) -> None:
        """Once the running command line has been answered, the modem restarts."""
