"""The one answer whose text may hold line ends: +CUSD (TS 27.007 7.15). Sans-IO.

A menu is a text of many lines, and any of them may look like a result code, a prompt or a quote. A
modem prints it in one go, so what counts is its end: the quote that balances the first one. Where
that does not come, because the modem has left it out or a quote in the text has no partner, the
text goes to the last coding scheme (`",15`), or else to the first line that is a result.
"""

from __future__ import annotations

import re

from .results import final_result
from .urc import UrcKind, classify

MOST_OCTETS = 1024
"""A USSD text has 182 characters (TS 27.007 7.15): this is more than any form of it takes."""

_ENDS = re.compile(rb'" *(, *(?:\d{1,3})?)? *$')
_FOREIGN = re.compile(rb"[+^][A-Z][A-Z0-9]{2,}:")
_ECHO = re.compile(r"AT([+^#&%*!].*)?")


class UssdLines:
    """The lines of a +CUSD answer whose end has not come yet."""

    __slots__ = ("_lines", "_octets", "_quotes", "waiting")

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._octets = self._quotes = 0
        self.waiting = False
        """Whether a text has begun and its end is missing."""

    def clear(self) -> None:
        """Forget it."""
        self.waiting = False
        self._lines.clear()
        self._octets = self._quotes = 0

    def begins(self, line: bytes) -> bool:
        """Whether `line` begins a text that does not end on it. If so it is kept."""
        if not line.startswith(b"+CUSD:") or b'"' not in line:
            return False
        if self._add(line):
            self.clear()
            return False
        return True

    def ends_before(self, line: bytes) -> bool:
        """Whether `line` is certainly no part of the text: a result code with its name."""
        return (
            self._octets + len(line) > MOST_OCTETS
            or _FOREIGN.match(line.lstrip(b" \x00\x1b")) is not None
        )

    def ends_with(self, line: bytes) -> bool:
        """Keep another line; whether the text is whole now."""
        return self._add(line)

    def take(self) -> tuple[bytes, list[bytes]]:
        """The text as one line with `\\n` inside, and the lines behind it if it had no end."""
        lines = self._lines.copy()
        end = len(lines) if self._whole else _end_of(lines)
        self.clear()
        return b"\n".join(line.rstrip(b" ") for line in lines[:end]), lines[end:]

    @property
    def _whole(self) -> bool:
        return self._quotes % 2 == 0 and _ENDS.search(self._lines[-1]) is not None

    def _add(self, line: bytes) -> bool:
        self.waiting = True
        self._lines.append(line)
        self._octets += len(line)
        self._quotes += line.count(b'"')
        return self._whole


def _end_of(lines: list[bytes]) -> int:
    """How many of `lines` are the text, when its quotes do not balance."""
    for at in range(len(lines), 0, -1):
        end = _ENDS.search(lines[at - 1])
        if end is not None and end[1]:
            return at
    return next((at for at, line in enumerate(lines[1:], 1) if _is_result(line)), len(lines))


def _is_result(line: bytes) -> bool:
    text = line.decode("latin-1").strip(" ")
    return (
        final_result(text) is not None
        or classify(text) is not UrcKind.UNKNOWN
        or _ECHO.fullmatch(text) is not None
        or text.startswith(">")
    )
