"""Quiet hours as they are written: `21:00-08:00`, or `sun 00:00-24:00` for some days only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN = 24 * 60
LEAST_AWAKE_MIN = 60
"""So much of each week has to be left at least: what is never sent is no policy."""

_WINDOW = re.compile(
    r"(?:(?P<days>[a-z,\- ]+?) +)?"
    r"(?P<from_h>[0-9]{1,2}):(?P<from_m>[0-9]{2}) *- *(?P<to_h>[0-9]{1,2}):(?P<to_m>[0-9]{2})",
    re.ASCII,
)
_SHAPE = (
    'it wants "21:00-08:00", or with days before it "sun 00:00-24:00", "mon-fri 20:00-09:00", '
    '"sat,sun 18:00-10:00"'
)


class QuietWindow(NamedTuple):
    """Minutes of the week in which nothing is sent, by the recipient's clock."""

    days: tuple[int, ...]
    """On which days it begins: 0 is Monday."""
    start: int
    """Minutes after midnight …"""
    end: int
    """… and before which minute it ends; one that is not after `start` is of the next day."""

    def minutes(self) -> Iterator[tuple[int, int]]:
        """From which minute of the week to before which; the last may lie in the week after."""
        length = (self.end - self.start - 1) % DAY_MIN + 1
        for day in self.days:
            begin = day * DAY_MIN + self.start
            yield begin, begin + length


def windows(texts: Sequence[str]) -> tuple[QuietWindow, ...]:
    """The windows that texts describe. Raises ValueError with what would be right."""
    return tuple(_window(text) for text in texts)


def _window(text: str) -> QuietWindow:
    found = _WINDOW.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is no quiet time: {_SHAPE}")
    start = _minute(text, found["from_h"], found["from_m"])
    end = _minute(text, found["to_h"], found["to_m"])
    if start in (end, DAY_MIN):
        raise ValueError(
            f"{text!r} is no quiet time: it ends when it begins (00:00-24:00 is the whole day)"
        )
    return QuietWindow(_days(text, found["days"]), start, end)


def _minute(text: str, hours: str, minutes: str) -> int:
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > DAY_MIN:
        raise ValueError(f"{text!r} is no quiet time: {hours}:{minutes} is no time of the day")
    return minute


def _days(text: str, days: str | None) -> tuple[int, ...]:
    if days is None:
        return tuple(range(7))
    found: set[int] = set()
    for item in days.replace(" ", "").split(","):
        first, dash, last = item.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise ValueError(
                f"{text!r} is no quiet time: {item!r} is no day; there is {', '.join(WEEKDAYS)}"
            )
        begin = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last) - begin) % 7 + 1 if dash else 1
        found.update((begin + n) % 7 for n in range(length))
    return tuple(sorted(found))


def _awake_min(found: Sequence[QuietWindow]) -> int:
    """How many minutes of a week are not quiet."""
    quiet = {
        minute % (7 * DAY_MIN)
        for window in found
        for begin, end in window.minutes()
        for minute in range(begin, end)
    }
    return 7 * DAY_MIN - len(quiet)


def _listed(value: Any) -> Any:
    """One text is a list of one; an empty text is none."""
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    return value


def _readable(texts: tuple[str, ...]) -> tuple[str, ...]:
    if _awake_min(windows(texts)) < LEAST_AWAKE_MIN:
        raise ValueError("these leave less than an hour of the week: nothing would ever be sent")
    return texts


QuietHours = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_readable)]
"""Texts such as `21:00-08:00`; read them with `windows`."""
