"""Times on the wire: RFC 3339 in, RFC 3339 UTC with milliseconds out; seconds since 1970 inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:(\d{2})(\.\d{1,100})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_LOST_PLUS = re.compile(r" (\d{2}:\d{2})$", re.ASCII)


def parse_moment(value: Any) -> float:
    """Seconds since 1970 (UTC) of an RFC 3339 date-time. Raises ValueError with what is right."""
    if isinstance(value, str):
        # A "+" that nobody escaped in a query string arrives as a space.
        text = _LOST_PLUS.sub(r"+\1", value)
        if found := _RFC_3339.fullmatch(text):
            leap = 0
            if found[1] == "60":  # RFC 3339, 5.7: a leap second is the first one after it
                leap, text = 1, f"{text[: found.start(1)]}59{text[found.end(1) :]}"
            try:
                return datetime.fromisoformat(text.upper()).timestamp() + leap
            except ValueError as error:
                raise ValueError(f"there is no such date and time: {error}") from error
    raise ValueError(
        "this must be an RFC 3339 date and time with a time zone, such as 2026-11-22T10:00:00Z"
    )


def render_moment(at: float) -> str:
    """The RFC 3339 form of `at` (seconds since 1970): UTC, milliseconds, `Z`."""
    second, millisecond = divmod(round(at * 1000), 1000)
    return f"{_render_second(second)}.{millisecond:03}Z"


@lru_cache(maxsize=1024)
def _render_second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()[:-6]


def render_optional_moment(at: float | None) -> str | None:
    """`render_moment`, or None for None."""
    return None if at is None else render_moment(at)


Moment = Annotated[
    float,
    PlainValidator(parse_moment),
    # There is no year 0 in the calendar that everybody goes by.
    WithJsonSchema({"type": "string", "format": "date-time", "not": {"pattern": "^0000"}}),
]
"""A field that is RFC 3339 on the wire and seconds since 1970 inside."""
