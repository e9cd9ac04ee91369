"""Text from outside, made safe for a terminal or a log: nothing in it can control either.

Names of senders and operators, answers of modems, USSD texts and what programs say may hold escape
sequences, line ends that begin a forged line, or marks that turn a line around.
"""

from __future__ import annotations

import json
import re
from typing import Any

_JOINERS = "\u200c\u200d"
"""Invisible and harmless: Persian words and many emoji are written with them."""


def printable(text: str) -> str:
    """`text` as one line: line ends as ⏎, other white space as a space, the rest unseen as �."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _shown(c) for c in text)


def printable_lines(text: str) -> str:
    """`text` with its line ends, each line as `printable` has it."""
    return "\n".join(printable(line) for line in text.split("\n"))


def printable_json(document: Any, *, indent: int | None = None) -> str:
    """`document` as JSON that says the same to a program and nothing more to a terminal."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    if text.isprintable():
        return text
    return _UNSEEN.sub(lambda match: _escaped(match[0]), text)


_UNSEEN = re.compile(r"[^\n -~]")


def _escaped(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return json.dumps(character)[1:-1]


def _shown(character: str) -> str:
    if character == "\n":
        return "⏎"
    if character in _JOINERS:
        return character
    return " " if character.isspace() and character not in "\x1c\x1d\x1e\x1f\x85" else "\ufffd"
