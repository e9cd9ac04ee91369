"""What tables of the configuration are made of."""

from __future__ import annotations

import re
import zoneinfo
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def shaped(pattern: str, what: str) -> AfterValidator:
    """Text that matches `pattern` as a whole; `what` says to a person what would be right."""
    shape = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not shape.fullmatch(text):
            raise ValueError(f"this must be {what}")
        return text

    return AfterValidator(check)


def _known_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            "this is no time zone of the IANA database; it wants a name such as "
            '"Europe/London", or "UTC"'
        ) from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""A name of the IANA time zone database."""
MessageType = Literal["otp", "transactional", "promotional"]
Identifier = Annotated[
    str,
    shaped(
        r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}",
        "1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first",
    ),
]
Number = Annotated[
    str, shaped(r"\+[1-9][0-9]{4,14}", "a number with country code, such as +447700900001")
]
Prefix = Annotated[
    str, shaped(r"\+?[0-9]{1,15}", "the beginning of a number, such as +44: 1 to 15 digits")
]
Seconds = Annotated[float, Field(ge=0, le=366 * 86400)]
Days = Annotated[float, Field(ge=0, le=36_500)]
Limit = Annotated[int, Field(ge=0, le=10_000_000)]
Wait = Annotated[float, Field(gt=0, le=86400)]
"""Seconds that somebody else may take: there is always an end."""


class Section(BaseModel):
    """A table of the configuration file: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")
