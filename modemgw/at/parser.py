"""Octets from a modem, cut into lines and prompts (V.250 5.7, TS 27.005 3.5.1). Sans-IO.

Real modems end lines with CR LF, CR alone (echo), LF alone or several of each, begin with NUL after
power-up (perhaps in the middle of a line that was cut off), and end the echo of a PDU with Ctrl-Z.
All of these end a line here; empty ones are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from .results import final_result
from .urc import UrcKind, classify

MAX_LINE = 8192
"""Octets of one line; a longer one is garbage and is handed on in pieces of this size."""

_ENDS_OF_LINE = bytes.maketrans(b"\x1a\x00", b"\n\n")
_MAX_JOINED = 16


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

    __slots__ = ("_expects_prompt", "_joined", "_tail")

    def __init__(self) -> None:
        self._tail = b""
        self._expects_prompt = False
        self._joined: list[str] = []

    def expect_prompt(self, expected: bool) -> None:
        """Say whether a `>` at the start of a line means "go on" (between CMGS and its PDU)."""
        self._expects_prompt = expected

    def reset(self) -> None:
        """Forget an unfinished line."""
        self._tail = b""
        self._joined.clear()
        self._expects_prompt = False

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes, in order."""
        text = (self._tail + data).translate(_ENDS_OF_LINE, b"\x1b")
        lines = text.splitlines()
        self._tail = lines.pop() if lines and text[-1] not in b"\r\n" else b""
        events: list[Event] = []
        for line in lines:
            while len(line) > MAX_LINE:
                self._line(line[:MAX_LINE], events)
                line = line[MAX_LINE:]
            if line:
                self._line(line, events)
        if self._tail:
            if self._expects_prompt and self._tail.lstrip(b" ").startswith(b">"):
                self._tail = self._tail.lstrip(b" ")[1:]
                self._prompt(events)
            while len(self._tail) > MAX_LINE:
                self._line(self._tail[:MAX_LINE], events)
                self._tail = self._tail[MAX_LINE:]
        return events

    def _line(self, line: bytes, events: list[Event]) -> None:
        text = line.decode("latin-1").strip(" ")
        if text.startswith(">"):
            if self._expects_prompt:
                self._prompt(events)
            # A second prompt before the answer (Huawei E1750) is noise.
            text = text.lstrip("> ")
        if not text:
            return
        if self._joined:
            self._join(text, events)
        elif text.startswith("+CUSD:") and not _ussd_is_whole(text):
            self._joined.append(text)
        else:
            events.append(text)

    def _join(self, text: str, events: list[Event]) -> None:
        """The text of a USSD answer may hold line ends inside its quotes (TS 27.007 7.15)."""
        if _breaks_in(text):
            events.append("\n".join(self._joined))
            self._joined.clear()
            events.append(text)
            return
        self._joined.append(text)
        whole = "\n".join(self._joined)
        if _ussd_is_whole(whole) or len(self._joined) >= _MAX_JOINED:
            self._joined.clear()
            events.append(whole)

    def _prompt(self, events: list[Event]) -> None:
        self._expects_prompt = False
        events.append(PROMPT)


def _breaks_in(text: str) -> bool:
    """Whether a line is surely no part of a text whose closing quote is still awaited.

    The modem has ended the command, started anew or announces something: the quote will not come.
    """
    return final_result(text) is not None or classify(text) is not UrcKind.UNKNOWN


def _ussd_is_whole(text: str) -> bool:
    """Whether a +CUSD line has no text, or its text's closing quote and perhaps a DCS."""
    if '"' not in text:
        return True
    last = text.rindex('"')
    tail = text[last + 1 :].strip(" ,")
    return text.index('"') != last and (not tail or tail.isdecimal())
