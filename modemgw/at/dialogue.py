"""Who said what: a modem's lines told apart into the running command's answer and URCs. Sans-IO.

A line belongs to the answer only if the command has declared its beginning; a final result ends the
command; everything else is unsolicited, wherever it comes (TS 27.007 4.1, V.250 5.7).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import cursor
from .commands import Kind, is_registration_answer
from .parser import Event, Parser, Prompt
from .results import Final, digit_result, final_result
from .urc import TWO_LINES, Urc, UrcKind, classify, urc

_HEXADECIMAL = re.compile("[0-9A-Fa-f]*")
_PDU = re.compile(r'"*[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{16}|[0-9A-Fa-f]*(?:[",+]|\Z))')
"""Eighteen hexadecimal digits in a row are no word, whatever follows."""


@dataclass(slots=True)
class Question:
    """The command that the modem is busy with."""

    text: str
    kind: Kind
    wants_prompt: bool = False
    lines: list[str] = field(default_factory=list)
    body: str = ""
    """What was typed at the prompt, so that its echo is recognised."""
    aside: str = ""
    """What was asked while the answer is awaited; its echo, too."""
    stale: int = 0
    """Up to so many OKs before the first line answer what was asked earlier. They may also have
    come in one piece with the result before them; an error is no answer to AT."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The running command is over."""

    final: Final


@dataclass(frozen=True, slots=True)
class Echoed:
    """The modem repeats what it is told: echo is on."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A line of the running command's answer has come (it is in `Question.lines`)."""


Happening = Urc | Finished | Prompt | Echoed | Answered


class Dialogue:
    """Feed octets, get what happened. At most one question is open at a time."""

    __slots__ = ("_header", "_parser", "numeric", "question")

    def __init__(self) -> None:
        self._parser = Parser()
        self._header: str | None = None
        self.question: Question | None = None
        self.numeric = False
        """Take `0` and `4` for OK and ERROR: only until ATV1 has been sent."""

    def ask(self, question: Question) -> None:
        """The modem is being sent `question`."""
        self.question = question
        self._parser.expect_prompt(question.wants_prompt)

    def expect_prompt(self) -> None:
        """A prompt counts (again)."""
        self._parser.expect_prompt(True)

    def end(self) -> None:
        """No question is open any more."""
        self.question = None
        self._parser.expect_prompt(False)

    def reset(self) -> None:
        """Begin anew, as after the modem has restarted."""
        self._parser.reset()
        self._header = None
        self.question = None

    def feed(self, data: bytes) -> tuple[list[str], list[Happening]]:
        """The lines in `data` (for the trace), and what they mean, in order."""
        return self._told(self._parser.feed(data))

    @property
    def waits(self) -> bool:
        """Whether a text has begun whose end may never come; `flush` when nothing comes."""
        return self._parser.waits

    def flush(self) -> tuple[list[str], list[Happening]]:
        """As `feed`, when nothing more has come for a while."""
        return self._told(self._parser.flush())

    def _told(self, events: list[Event]) -> tuple[list[str], list[Happening]]:
        happenings: list[Happening] = []
        lines: list[str] = []
        for event in events:
            if isinstance(event, str):
                lines.append(event)
                self._line(event, happenings)
            else:
                lines.append(">")
                happenings.append(event)
        return lines, happenings

    def _line(self, line: str, happenings: list[Happening]) -> None:
        if self._header is not None:
            header, self._header = self._header, None
            unknown = classify(line) is UrcKind.UNKNOWN
            if looks_like_pdu(line) or (unknown and not self._ours(line)):
                happenings.append(Urc(UrcKind.DIRECT, header.partition(":")[0], header, line))
                return
            happenings.append(Urc(UrcKind.DIRECT, header.partition(":")[0], header))
        if line.startswith(TWO_LINES):
            self._header = line
            return
        question = self.question
        if question is None:
            happenings.append(urc(line))
        elif self._is_answer(question, line):
            question.lines.append(line)
            happenings.append(Answered())
        elif line in (question.text, question.body, question.aside):
            happenings.append(Echoed())
        else:
            final = final_result(line) or (digit_result(line) if self.numeric else None)
            if final is None:
                happenings.append(urc(line))
            elif question.stale and not question.lines and final.error is None:
                question.stale -= 1
            else:
                # Only the next question may be answered from here on.
                self.end()
                happenings.append(Finished(final))

    def _ours(self, line: str) -> bool:
        """Whether a line is certainly no second line of a URC: a result, an echo, an answer."""
        question = self.question
        return final_result(line) is not None or (
            question is not None
            and (line == question.text or line.startswith(question.kind.prefixes))
        )

    @staticmethod
    def _is_answer(question: Question, line: str) -> bool:
        kind = question.kind
        if kind.prefixes and line.startswith(kind.prefixes):
            if not kind.registration:
                return True
            return is_registration_answer(cursor.split(cursor.parameters(line)))
        if kind.pdu_follows and question.lines:
            # The header stands alone, or glued to the PDU before it.
            last = question.lines[-1]
            return any(prefix in last for prefix in kind.prefixes) and looks_like_pdu(line)
        if kind.free_text:
            return line != question.text and final_result(line) is None and not _is_urc(line)
        return False


def looks_like_pdu(line: str) -> bool:
    """Whether a line is a PDU in hexadecimal: in quotes or not, with `,0`, a glued `+CMGL:` or (a
    long one) rubbish behind it or not.
    """
    return _PDU.match(line) is not None


def hex_digits(text: str) -> str:
    """The hexadecimal digits that `text` begins with."""
    return text[: _HEXADECIMAL.match(text).end()]  # type: ignore[union-attr]  # it always does


def _is_urc(line: str) -> bool:
    kind = classify(line)
    if kind is not UrcKind.UNKNOWN:
        return True
    return line[0] in "+^*#" and ":" in line and not line[1:2].isdigit()
