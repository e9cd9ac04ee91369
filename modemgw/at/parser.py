"""Octets from a modem, cut into lines and prompts (V.250 5.7, TS 27.005 3.5.1). Sans-IO.

Real modems end lines with CR LF, CR alone (echo), LF alone or several of each, begin with NUL after
power-up, and end the echo of a PDU with Ctrl-Z. All of these end a line here; empty ones are
dropped. Inside the quotes of a text all octets but line ends are characters (TS 23.038: 0x00 is @).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .ussd_lines import UssdLines

MAX_LINE = 8192
"""Octets of one line; a longer one is garbage and is handed on in pieces of this size."""

_CTRL_Z = b"\x1a"
_LINE_END = re.compile(rb"[\r\n]")
_ORDINARY = re.compile(rb"[^\x00\x1a\x1b>\"]*")
"""Most of what modems say, results and PDUs, is lines and nothing more."""
_ONLY_PROMPT = re.compile(rb"[\r\n]*> ?")
_NOISE = b"\x00\x1b"
"""Outside of quotes: NULs of power-up, the echo of ESC. In a text they are characters."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The modem waits for a PDU or text: `> `."""


PROMPT = Prompt()
Event = str | Prompt


class Parser:
    """Feed octets in any pieces, get lines and prompts; the same ones however the octets are cut.

    A `>` at the start of a line is a prompt only while one is expected (`expect_prompt`), and once:
    elsewhere it is text. Octets become characters one to one (ISO 8859-1), so nothing is lost.
    """

    __slots__ = ("_expects_prompt", "_tail", "_ussd")

    def __init__(self) -> None:
        self._tail = b""
        self._expects_prompt = False
        self._ussd = UssdLines()

    def expect_prompt(self, expected: bool) -> None:
        """Say whether a `>` at the start of a line means "go on" (between CMGS and its PDU)."""
        self._expects_prompt = expected

    def reset(self) -> None:
        """Forget an unfinished line."""
        self._tail = b""
        self._ussd.clear()
        self._expects_prompt = False

    @property
    def waits(self) -> bool:
        """Whether a USSD text has begun whose end has not come; `flush` when nothing comes."""
        return self._ussd.waiting

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes, in order."""
        rest = self._tail + data
        if len(rest) <= MAX_LINE and not self._ussd.waiting and _ORDINARY.fullmatch(rest):
            lines = rest.splitlines()
            self._tail = lines.pop() if lines and rest[-1] not in b"\r\n" else b""
            return [text.decode("latin-1") for line in lines if (text := line.strip(b" "))]
        events: list[Event] = []
        if self._expects_prompt and not self._ussd.waiting and _ONLY_PROMPT.fullmatch(rest):
            self._tail = rest.lstrip(b"\r\n ")[1:]
            self._prompt(events)
            return events
        if _CTRL_Z in rest:
            while (end := self._line_end(rest)) >= 0:
                self._pieces(rest[:end], events)
                rest = rest[end + 1 :]
        else:
            lines = rest.splitlines()
            rest = lines.pop() if lines and rest[-1] not in b"\r\n" else b""
            for line in lines:
                self._pieces(line, events)
        self._tail = rest
        self._look_at_tail(events)
        return events

    def flush(self) -> list[Event]:
        """Nothing more has come for a while: a USSD text without its end is over."""
        events: list[Event] = []
        while self._ussd.waiting:
            self._release(events)
        self._look_at_tail(events)
        return events

    def _line_end(self, data: bytes) -> int:
        """Where the line that `data` begins with ends; Ctrl-Z ends the echo of a PDU, no text."""
        match = _LINE_END.search(data)
        end = -1 if match is None else match.start()
        if self._ussd.waiting:
            return end
        ctrl_z = data.find(_CTRL_Z, 0, None if end < 0 else end)
        return end if ctrl_z < 0 or b'"' in data[:ctrl_z] else ctrl_z

    def _look_at_tail(self, events: list[Event]) -> None:
        if self._expects_prompt and not self._ussd.waiting:
            start = self._tail.lstrip(b" " + _NOISE)
            if start.startswith(b">"):
                self._tail = start[1:]
                self._prompt(events)
        while len(self._tail) > MAX_LINE:
            self._line(self._tail[:MAX_LINE], events)
            self._tail = self._tail[MAX_LINE:]

    def _pieces(self, line: bytes, events: list[Event]) -> None:
        while len(line) > MAX_LINE:
            self._line(line[:MAX_LINE], events)
            line = line[MAX_LINE:]
        if line:
            self._line(line, events)

    def _line(self, line: bytes, events: list[Event]) -> None:
        if self._ussd.waiting:
            if not self._ussd.ends_before(line):
                if self._ussd.ends_with(line):
                    self._release(events)
                return
            self._release(events)
        head, quote, text = line.partition(b'"')
        cut_off, nul, head = head.rpartition(b"\x00")
        if nul:
            # Power came back in the middle of a line: the banner is another one.
            self._line(cut_off, events)
        line = (head.translate(None, _NOISE) + quote + text).strip(b" ")
        if line.startswith(b">"):
            if self._expects_prompt:
                self._prompt(events)
            # A second prompt before the answer (Huawei E1750) is noise.
            line = line.lstrip(b"> ")
        if line and not self._ussd.begins(line):
            events.append(line.decode("latin-1"))

    def _release(self, events: list[Event]) -> None:
        """The USSD text is over: lines that were taken for part of it and are none are told now."""
        text, behind = self._ussd.take()
        events.append(text.decode("latin-1"))
        for line in behind:
            self._line(line, events)

    def _prompt(self, events: list[Event]) -> None:
        self._expects_prompt = False
        events.append(PROMPT)
