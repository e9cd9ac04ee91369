"""What may stand in for a placeholder: the types of parameters, and reading their values.

A value comes from outside and is no more than text: nothing in it is ever read as a template. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from modemgw.gateway.templates.filters import is_plain, is_simple, units
from modemgw.sms.transliterate import transliterate as plain_text
from modemgw.store import Parameter, TemplateContent

Value = str | int | bool
"""As it is handed to the template."""

MAX_LENGTH: Final = 1000
"""The longest that a parameter may be allowed to be."""


class BadValue(ValueError):
    """A value that its parameter does not take: what is wrong, or would be right."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Type:
    """A type of parameters."""

    read: Callable[[Any], Value]
    """From what JSON has, or the same as text. Raises BadValue."""
    units: int
    """Of the longest value, where the parameter does not say."""
    fixed: bool = False
    """True: a parameter cannot say otherwise."""


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise BadValue("must be a string", "wrong-type")
    return value


def _string(value: Any) -> str:
    text = _text(value)
    if _CONTROL.search(text):
        text = text.replace("\r\n", "\n")
        if (found := _CONTROL.search(text)) is not None:
            raise BadValue(f"has the control character U+{ord(found[0]):04X}", "invalid")
    return text


def _code(value: Any) -> str:
    return _shaped(_CODE, value, "may have letters (A to Z), digits and dashes only")


def _url(value: Any) -> str:
    text = _shaped(_URL, value, "must be a URL that begins with https:// or http://")
    try:
        if urlsplit(text).hostname:
            return text
    except ValueError:
        pass
    raise BadValue("must be a URL that names a host", "invalid")


def _phone(value: Any) -> str:
    return _shaped(_PHONE, value, "must be a number: + and digits, or digits")


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and abs(value) < _GREATEST and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadValue("must be a whole number", "wrong-type")
    return value


def _decimal(value: Any) -> str:
    if isinstance(value, float) and abs(value) < _GREATEST:
        value = format(Decimal(repr(value)), "f")
    if isinstance(value, str | int) and not isinstance(value, bool):
        text = str(value)
        if _DECIMAL.fullmatch(text):
            return text
    raise BadValue("must be a number such as 12.50", "wrong-type")


def _date(value: Any) -> str:
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise BadValue("must be a date such as 2026-11-25", "invalid")


def _time(value: Any) -> str:
    try:
        if isinstance(value, str) and ":" in value:
            return time.fromisoformat(value).isoformat("minutes")[:5]
    except ValueError:
        pass
    raise BadValue("must be a time such as 18:30", "invalid")


def _datetime(value: Any) -> str:
    try:
        if isinstance(value, str) and len(value) > 10:
            at = datetime.fromisoformat(value).replace(tzinfo=None)
            return at.isoformat(" ", "minutes")
    except ValueError:
        pass
    raise BadValue("must be a date and time such as 2026-11-25T18:30:00+00:00", "invalid")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise BadValue("must be true or false", "wrong-type")


def _shaped(shape: re.Pattern[str], value: Any, what: str) -> str:
    text = _text(value)
    if not shape.fullmatch(text):
        raise BadValue(what, "invalid")
    return text


_GREATEST = 1e15
"""Up to here a float has every whole number."""
_DIGITS = 40
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_CODE = re.compile(r"[A-Za-z0-9-]*", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]+", re.ASCII)
_INTEGER = re.compile(rf"-?[0-9]{{1,{_DIGITS}}}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)

TYPES: Final[Mapping[str, Type]] = {
    "string": Type(_string, 100),
    "code": Type(_code, 12),
    "integer": Type(_integer, 12),
    "decimal": Type(_decimal, 16),
    "date": Type(_date, 10, fixed=True),
    "time": Type(_time, 5, fixed=True),
    "datetime": Type(_datetime, 16, fixed=True),
    "url": Type(_url, 200),
    "phone": Type(_phone, 16),
    "boolean": Type(_boolean, 0, fixed=True),
}
"""Each with the longest that a value is, where the parameter does not say. A `boolean` is for `if`
alone; of a `datetime` the date and the time are shown as they are written, to the minute."""


def longest(parameter: Parameter) -> int:
    """Units that a value may have (filters.units)."""
    return TYPES[parameter.type].units if parameter.max_length is None else parameter.max_length


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the values of one parameter."""

    type: Type
    units: int
    """That a value may have."""
    unicode: bool
    """Whether it may bring characters that GSM 7-bit lacks."""
    transliterate: bool
    """Whether those that it may not bring are replaced by similar ones."""

    def read(self, value: Any, *, free: bool = False, transliterate: bool = False) -> Value:
        """A value as the template gets it. Raises BadValue.

        `free`: it may have any character. `transliterate`: as the field, for this value.
        """
        found = self.type.read(value)
        if isinstance(found, bool):
            return found
        text = found if isinstance(found, str) else str(found)
        if len(text) <= self.units and is_simple(text):
            return found
        if not (free or self.unicode or is_plain(text)):
            if self.transliterate or transliterate:
                text = found = plain_text(text, is_plain)[0]
            if not is_plain(text):
                raise _not_plain(text)
        if (length := units(text)) > self.units:
            raise _too_long(text, length, self.units)
        return found


def readers(content: TemplateContent) -> dict[str, Reader]:
    """What reads the values of each parameter."""
    return {
        name: Reader(
            TYPES[parameter.type],
            longest(parameter),
            content.allow_unicode or parameter.allow_unicode,
            content.transliterate,
        )
        for name, parameter in content.parameters.items()
    }


def _not_plain(text: str) -> BadValue:
    character = next(c for c in text if not is_plain(c))
    return BadValue(
        f"has {character!r}, which GSM 7-bit lacks: the whole message would be sent as UCS-2, in "
        "more parts. The template may allow that (allow_unicode), or replace what has a plain form "
        "(transliterate)",
        "not-encodable",
    )


def _too_long(text: str, length: int, allowed: int) -> BadValue:
    counted = "" if length == len(text) else " (emoji and €[]{}\\~^| count twice)"
    return BadValue(f"has {length:,} characters, {allowed:,} at most{counted}", "too-long")
