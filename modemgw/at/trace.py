"""The last lines of one modem's wire, for the person who must find out what happened."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_PIN = re.compile(r"([+^#*]\w*(?:PIN2?|PUK2?|CLCK|CPWD|CSIM|CARDLOCK)\s*=).*", re.IGNORECASE)
"""Whatever is set by a command whose name says PIN or password, however a person spells it."""
_PDU = re.compile(r"\b[0-9A-Fa-f]{24,}\b")
_USSD = re.compile(r'(\+CUSD[=:]\s*\d*\s*,).*?(?:"(\s*,\s*\d{1,3}\s*))?$', re.DOTALL)
"""Its text goes to the coding scheme or the end: a closing quote may be missing, or both."""


_LONGEST = 512
"""Characters of a line that are kept: more than the longest PDU has; the rest is garbage."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line of the wire. `direction` is ">" to the modem, "<" from it, "=" a remark."""

    at: float
    direction: str
    text: str
    id: int = 0
    """Grows from line to line, also over restarts of the process."""


class Trace:
    """A ring buffer of lines. Secrets and message texts come out masked unless asked for."""

    __slots__ = ("_last", "_lines", "tap")

    def __init__(self, size: int = 400) -> None:
        self._lines: deque[tuple[int, float, str, str]] = deque(maxlen=size)
        self._last = 0
        self.tap: Callable[[TraceLine], None] | None = None
        """Gets each line as it comes, masked."""

    def add(self, at: float, direction: str, text: str) -> None:
        """Remember a line; `at` is wall-clock time."""
        self._last = max(self._last + 1, int(at * 1000))
        self._lines.append((self._last, at, direction, text[:_LONGEST]))
        if self.tap is not None:
            self.tap(TraceLine(at, direction, masked(text[:_LONGEST]), self._last))

    def lines(self, *, texts: bool = False, after: int = 0) -> list[TraceLine]:
        """Those after the line with the id `after`, oldest first; all when it is beyond the last.

        `texts` shows PDUs and USSD strings; PINs are never shown.
        """
        if after > self._last:  # the clock was set back, and the process began anew
            after = 0
        return [
            TraceLine(at, way, masked(line, texts=texts), id)
            for id, at, way, line in self._lines
            if id > after
        ]


def masked(line: str, *, texts: bool = False) -> str:
    """`line` without PINs and, unless `texts`, without what people wrote to each other."""
    line = _PIN.sub(r"\1<masked>", line)
    if texts:
        return line
    line = _PDU.sub(lambda match: f"<{len(match[0])} hex digits>", line)
    return _USSD.sub(r'\1"<masked>"\2', line)
