"""What may be done to a value on its way into a text.

None makes a value longer, nor brings a character that GSM 7-bit lacks: so the worst case can be
told. That is why the case of a few letters stays: GSM 7-bit has `à` and no `À`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from modemgw.sms.graphemes import can_break
from modemgw.sms.gsm7 import gsm7
from modemgw.sms.tables import single_table

TEXTS = frozenset({"string", "code"})
NUMBERS = frozenset({"integer", "decimal"})
MOMENTS = frozenset({"date", "time", "datetime"})

_PLAIN = gsm7().characters
_EXTENSION = frozenset(single_table(0).values())
_SIMPLE = re.compile(f"[{re.escape(''.join(sorted(_PLAIN - _EXTENSION)))}]*")
_DOUBLE = re.compile(f"[{re.escape(''.join(sorted(_EXTENSION)))}\U00010000-\U0010ffff]")


def units(text: str) -> int:
    """How much of an SMS a text takes at the most: a unit for each character, and two for those of
    the extension of GSM 7-bit (`€`, `[`, …) and those beyond U+FFFF (emoji).
    """
    return len(text) + len(_DOUBLE.findall(text))


def is_simple(text: str) -> bool:
    """Whether a text is plain and takes a unit for each character: mostly it does, and that is
    seen at once.
    """
    return _SIMPLE.fullmatch(text) is not None


def is_plain(text: str) -> bool:
    """Whether GSM 7-bit has all of a text."""
    return _PLAIN.issuperset(text)


@cache
def _cased(character: str, method: str) -> str:
    changed: str = getattr(character, method)()
    kept = units(changed) == units(character) and len(changed) == len(character)
    return changed if kept and (is_plain(changed) or not is_plain(character)) else character


def upper(text: str) -> str:
    """Capitals, as far as they are as long."""
    return "".join([_cased(character, "upper") for character in text])


def lower(text: str) -> str:
    """Small letters, as far as they are as long."""
    return "".join([_cased(character, "lower") for character in text])


def capitalize(text: str) -> str:
    """The first letter as a capital; the others stay."""
    return upper(text[:1]) + text[1:]


def title(text: str) -> str:
    """The first letter of each word as a capital, the others small."""
    return re.sub(r"[^\W\d_]+", lambda word: capitalize(lower(word[0])), text)


def truncate(text: str, length: int) -> str:
    """As much of a text as takes `length` units; a character that is made of several stays whole.

    One that is longer than that is cut all the same.
    """
    if units(text) <= length:
        return text
    end = len(text)
    while units(text[:end]) > length:
        end -= 1
    whole = end
    while whole and not can_break(text, whole):
        whole -= 1
    return text[: whole or end]


def comma(text: str) -> str:
    """A number with a decimal comma."""
    return text.replace(".", ",")


_DIRECTIVES: Mapping[str, tuple[int, Callable[[datetime], str]]] = {
    "d": (2, lambda at: f"{at.day:02}"),
    "-d": (2, lambda at: f"{at.day}"),
    "m": (2, lambda at: f"{at.month:02}"),
    "-m": (2, lambda at: f"{at.month}"),
    "Y": (4, lambda at: f"{at.year:04}"),
    "y": (2, lambda at: f"{at.year % 100:02}"),
    "H": (2, lambda at: f"{at.hour:02}"),
    "-H": (2, lambda at: f"{at.hour}"),
    "I": (2, lambda at: f"{at.hour % 12 or 12:02}"),
    "-I": (2, lambda at: f"{at.hour % 12 or 12}"),
    "M": (2, lambda at: f"{at.minute:02}"),
    "p": (2, lambda at: "AM" if at.hour < 12 else "PM"),
}
"""What strftime calls them, with the longest that each can become. No names of days and months:
they are of a language, and their length is."""
_SOME_DAY = "2000-01-01"
_DATE = frozenset("dmYy")
_PATTERN = re.compile(r"%(-?[A-Za-z])|([A-Za-z0-9 .,:;/()'-])")


@cache
def _pattern(pattern: str) -> tuple[tuple[str | None, str], ...]:
    """(directive, or the character itself) of a pattern. Raises ValueError."""
    found = []
    at = 0
    while at < len(pattern):
        match = _PATTERN.match(pattern, at)
        if match is None or (match[1] is not None and match[1] not in _DIRECTIVES):
            wrong = pattern[at : at + 2] if pattern[at] == "%" else pattern[at]
            known = " ".join(f"%{name}" for name in _DIRECTIVES)
            raise ValueError(
                f"format has {wrong!r}; it takes {known}, letters, digits, spaces and .,:;/()'-"
            )
        found.append((match[1], match[0]))
        at = match.end()
    return tuple(found)


def format_moment(text: str, pattern: str) -> str:
    """A date, a time or both by a pattern such as `%d.%m.%Y`; nothing stays nothing."""
    if not text:
        return text
    at = datetime.fromisoformat(text if "-" in text else f"{_SOME_DAY} {text}")
    return "".join(
        shown if directive is None else _DIRECTIVES[directive][1](at)
        for directive, shown in _pattern(pattern)
    )


def _same(length: int, arguments: tuple[Any, ...]) -> int:
    return length


def _format_bound(length: int, arguments: tuple[Any, ...]) -> int:
    return sum(
        1 if directive is None else _DIRECTIVES[directive][0]
        for directive, _ in _pattern(arguments[0])
    )


def _format_check(type: str, arguments: tuple[Any, ...]) -> None:
    named = {d.lstrip("-") for d, _ in _pattern(arguments[0]) if d is not None}
    wrong = named & _DATE if type == "time" else named - _DATE if type == "date" else set()
    if wrong:
        raise ValueError(f"a {type} has no %{sorted(wrong)[0]}")


def _unchecked(type: str, arguments: tuple[Any, ...]) -> None:
    pass


def _length_check(type: str, arguments: tuple[Any, ...]) -> None:
    if arguments[0] < 1:
        raise ValueError("truncate takes a length from 1 on")


@dataclass(frozen=True, slots=True)
class Filter:
    """Something that may stand behind a `|`."""

    apply: Callable[..., str]
    types: frozenset[str]
    """Of the parameters that it takes."""
    arguments: tuple[type, ...] = ()
    bound: Callable[[int, tuple[Any, ...]], int] = _same
    """How many units a value of so many has afterwards, at the most."""
    check: Callable[[str, tuple[Any, ...]], None] = _unchecked
    """Raises ValueError for arguments that do not fit a parameter of this type."""


FILTERS: Mapping[str, Filter] = {
    "upper": Filter(upper, TEXTS),
    "lower": Filter(lower, TEXTS),
    "capitalize": Filter(capitalize, TEXTS),
    "title": Filter(title, TEXTS),
    "trim": Filter(str.strip, TEXTS),
    "truncate": Filter(
        truncate, TEXTS, (int,), lambda length, arguments: min(length, arguments[0]), _length_check
    ),
    "comma": Filter(comma, frozenset({"decimal"})),
    "format": Filter(format_moment, MOMENTS, (str,), _format_bound, _format_check),
}
"""By the names that templates use."""
