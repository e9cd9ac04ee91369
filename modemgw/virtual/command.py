"""Command lines taken apart (V.250 5.3, 5.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from modemgw.virtual.errors import CmeError, CommandError

_EXTENDED = re.compile(r"[+^#*!%$@][A-Za-z][A-Za-z0-9!%\-./:_]*")
_BASIC = re.compile(r"(&?[A-Za-z])(\d*)")
_S_REGISTER = re.compile(r"[Ss](\d+)(=\d*|\?)")


class Form(Enum):
    """How a command was given."""

    ACTION = ""
    SET = "="
    READ = "?"
    TEST = "=?"


EVERY_FORM = frozenset(Form)
PARAMETER = frozenset({Form.SET, Form.READ, Form.TEST})
"""A setting (V.250 5.4.4)."""
ACTION = frozenset({Form.ACTION, Form.TEST})
"""Something that is done, without values (V.250 5.4.3)."""
ACTION_ON = frozenset({Form.SET, Form.TEST})
"""Something that is done with values."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a line: `name` in upper case with its leading sign, and its parameters."""

    name: str
    form: Form
    text: str = ""
    values: tuple[str | None, ...] = field(default=())
    """Parameters without quotes; None where one was omitted."""
    quoted: tuple[bool, ...] = field(default=())

    def integer(self, position: int, default: int | None = None) -> int:
        """Parameter `position` as a number; `CommandError` when it is none and has no default."""
        value = self.values[position] if position < len(self.values) else None
        if value is None or value == "":
            if default is None:
                raise CmeError(50)
            return default
        if not value.isdecimal():
            raise CmeError(50)
        return int(value)

    def string(self, position: int, default: str | None = None) -> str:
        """Parameter `position` as text."""
        value = self.values[position] if position < len(self.values) else None
        if value is None:
            if default is None:
                raise CmeError(50)
            return default
        return value


def parameters(text: str) -> tuple[tuple[str | None, ...], tuple[bool, ...]]:
    """Split `1,"a,b",,2` at its commas; quotes are taken off and remembered.

    `CommandError` for a string that is not closed (V.250 5.4.2.2).
    """
    values: list[str | None] = []
    quoted: list[bool] = []
    position = 0
    while True:
        while text[position : position + 1] == " ":
            position += 1
        if text[position : position + 1] == '"':
            end = text.find('"', position + 1)
            comma = text.find(",", end)
            if end < 0 or text[end + 1 : len(text) if comma < 0 else comma].strip():
                raise CommandError  # no closing quote, or something between it and the comma
            values.append(text[position + 1 : end])
            quoted.append(True)
        else:
            comma = text.find(",", position)
            value = (text[position:] if comma < 0 else text[position:comma]).strip()
            values.append(value or None)
            quoted.append(False)
        if comma < 0:
            return tuple(values), tuple(quoted)
        position = comma + 1


@lru_cache(maxsize=2048)
def parse_line(body: str) -> tuple[Command, ...]:
    """The commands of a line (without AT); `CommandError` where the syntax breaks."""
    found: list[Command] = []
    position = 0
    while position < len(body):
        if body[position] in " ;":
            position += 1
            continue
        if match := _EXTENDED.match(body, position):
            end = _end_of_extended(body, match.end())
            found.append(_extended(match.group().upper(), body[match.end() : end].strip()))
            position = end
        elif match := _S_REGISTER.match(body, position):
            form = Form.READ if match[2] == "?" else Form.SET
            value = match[2].strip("=?") or "0"
            found.append(Command(f"S{int(match[1])}", form, value, (value,), (False,)))
            position = match.end()
        elif body[position] in "Dd":
            # A dial string runs to the end of the line (V.250 6.3.1).
            found.append(Command("D", Form.ACTION, body[position + 1 :]))
            position = len(body)
        elif match := _BASIC.match(body, position):
            value = match[2]
            form = Form.SET if value else Form.ACTION
            found.append(Command(match[1].upper(), form, value, (value or None,), (False,)))
            position = match.end()
        else:
            raise CommandError
    return tuple(found)


def _end_of_extended(body: str, position: int) -> int:
    in_quotes = False
    for i in range(position, len(body)):
        if body[i] == '"':
            in_quotes = not in_quotes
        elif body[i] == ";" and not in_quotes:
            return i
    return len(body)


def _extended(name: str, rest: str) -> Command:
    if rest == "":
        return Command(name, Form.ACTION)
    if rest == "?":
        return Command(name, Form.READ)
    if rest == "=?":
        return Command(name, Form.TEST)
    if rest[0] != "=":
        raise CommandError
    return Command(name, Form.SET, rest[1:], *parameters(rest[1:]))
