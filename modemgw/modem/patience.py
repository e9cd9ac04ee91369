"""Asking again what a SIM is still too busy to answer (TS 27.007 9.2: 14 and 515).

A SIM that says READY may need half a minute more until its files and messages can be read. That is
no fault: whoever resets the modem for it begins the wait anew, and types the PIN once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..at import CommandFailed, ErrorCode, Response
from ..clock import Clock

BUSY = frozenset({("CME", 14), ("CME", 515), ("CMS", 314)})
"""Kind and number of the errors that say "not yet" and nothing else."""


class Line(Protocol):
    """Where commands go."""

    async def command(self, text: str, *, timeout_s: float | None = None) -> Response:
        """Send a command and wait for its answer. Raises CommandFailed."""
        ...


def is_busy(code: ErrorCode) -> bool:
    """Whether the same command may well succeed in a moment."""
    return (code.kind, code.number) in BUSY


class Patience:
    """How long, and in which steps, a SIM that is still being read is waited for."""

    def __init__(
        self,
        clock: Clock,
        seconds: float,
        step_s: float,
        tell: Callable[[str], None] = lambda reason: None,
    ) -> None:
        """`tell` hears, in a sentence for people, what is being waited for."""
        self._clock = clock
        self._end = clock.monotonic() + seconds
        self._step_s = step_s
        self._tell = tell

    async def left(self, reason: str) -> bool:
        """Wait one step because of `reason`; False when the patience is at its end."""
        if self._clock.monotonic() >= self._end:
            return False
        self._tell(reason)
        await self._clock.sleep(self._step_s)
        return True


class PatientLine:
    """A line whose commands are asked again while the SIM is busy and patience lasts."""

    def __init__(self, line: Line, patience: Patience) -> None:
        self._line = line
        self._patience = patience

    async def command(self, text: str, *, timeout_s: float | None = None) -> Response:
        """As `Line.command`; CommandFailed "busy" only when the patience is at its end."""
        while True:
            try:
                return await self._line.command(text, timeout_s=timeout_s)
            except CommandFailed as error:
                if not is_busy(error.code):
                    raise
                if not await self._patience.left(f"the SIM is busy ({error})"):
                    raise
