"""Unsolicited lines that come again and again, until a command switches them off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modemgw.virtual.personalities import Chatter
from modemgw.virtual.timers import Timers


class Chatterer:
    """Says what its make says unasked, while the modem is up."""

    def __init__(
        self, lines: Sequence[Chatter], timers: Timers, announce: Callable[[str], None]
    ) -> None:
        self._lines = lines
        self._timers = timers
        self._announce = announce
        self._silenced: set[str] = set()
        self._run = 0

    def begin(self) -> None:
        """The modem is up: each line comes after its interval, and again."""
        for chatter in self._lines:
            self._arrange(chatter, self._run)

    def stop(self) -> None:
        """Power goes; what was switched off is on again next time."""
        self._run += 1
        self._silenced.clear()

    def silence(self, command_line: str) -> None:
        """A command line (upper case, without AT) may switch a line off."""
        for chatter in self._lines:
            if chatter.silenced_by and command_line == chatter.silenced_by:
                self._silenced.add(chatter.line)

    def _arrange(self, chatter: Chatter, run: int) -> None:
        def say() -> None:
            if run == self._run and chatter.line not in self._silenced:
                self._announce(chatter.line)
                self._arrange(chatter, run)

        self._timers.call_later(chatter.every_seconds, say)
