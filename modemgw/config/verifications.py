"""[verifications]: codes that prove a number, and what keeps them from being abused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import phonenumbers
from pydantic import BeforeValidator, Field, field_validator

from modemgw.config.base import Identifier, Limit, Seconds, Section, shaped

NumberKind = Literal[
    "fixed_line",
    "fixed_line_or_mobile",
    "mobile",
    "pager",
    "personal_number",
    "premium_rate",
    "shared_cost",
    "toll_free",
    "uan",
    "unknown",
    "voicemail",
    "voip",
]
"""What a numbering plan calls a number; `unknown`: the plan does not have it."""

Domain = Annotated[
    str,
    shaped(
        r"(?=.{1,100}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+",
        "the name of a host in lower case, such as shop.example",
    ),
]
Language = Annotated[
    str,
    shaped(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", "a language, such as en or pt-BR"),
]
_OR_NONE = BeforeValidator(lambda value: None if value == "" else value)

Ratio = Annotated[float, Field(ge=0, le=1)]


class SendLimits(Section):
    """How many messages with codes within any 60 minutes; 0 = no limit."""

    number: Limit = 5
    """To one number, from whatever key."""
    key: Limit = 0
    """From one API key."""
    prefix: Limit = 100
    """To all numbers that differ in their last digits only: see `guard`."""
    client: Limit = 20
    """For one `client_ip`, as the application tells it."""


class AttemptLimits(Section):
    """How many wrong codes within any 60 minutes, by the same; 0 = no limit."""

    number: Limit = 20
    key: Limit = 0
    prefix: Limit = 0
    client: Limit = 0


class GuardSection(Section):
    """When a prefix is stopped: many codes go there, and hardly any comes back."""

    last_digits: Annotated[int, Field(ge=2, le=6)] = 4
    """A prefix is a number without so many of its last digits."""
    window: Annotated[float, Field(ge=60, le=86400)] = 3600
    """Seconds that are looked back."""
    unapproved: Limit = 20
    """So many numbers of a prefix without approval are a burst; 0 = there is no guard."""
    approved_ratio: Ratio = 0.2
    """But not where at least this share of them was approved."""
    stop: Annotated[float, Field(ge=60, le=30 * 86400)] = 3600
    """Seconds for which no code goes to that prefix."""


class VerificationsSection(Section):
    """[verifications]"""

    template: Annotated[Identifier | None, _OR_NONE] = None
    """The template of the message, if the request names none; without one a built-in text."""
    language: Language = "en"
    """Of a built-in text, if the request names none; templates go by the number's country then."""
    brand: Annotated[str, Field(max_length=30)] = ""
    """Who asks: stands before a built-in text."""
    domain: Annotated[Domain | None, _OR_NONE] = None
    """Whose page browsers may fill the code in: `@domain #code` as the last line."""
    length: Annotated[int, Field(ge=4, le=10)] = 6
    """Digits of a code, if the request does not say."""
    ttl: Annotated[float, Field(ge=30, le=86400)] = 600
    """Seconds for which a code is good, if the request does not say."""
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """Codes that may be tried on one verification."""
    max_sends: Annotated[int, Field(ge=1, le=20)] = 5
    """How often one verification's code may be sent."""
    resend_after: Seconds = 30
    """Least seconds between two messages of one verification."""
    sends: SendLimits = SendLimits()
    attempts: AttemptLimits = AttemptLimits()
    allowed_countries: tuple[str, ...] = ()
    """Where codes are sent: ISO 3166 country codes; empty = everywhere."""
    blocked_countries: tuple[str, ...] = ()
    """Where none is sent."""
    refused_kinds: tuple[NumberKind, ...] = (
        "fixed_line",
        "pager",
        "premium_rate",
        "shared_cost",
        "toll_free",
        "uan",
        "voicemail",
    )
    """What is never sent a code: it cannot get one, or somebody earns by it."""
    guard: GuardSection = GuardSection()
    pepper_file: Annotated[Path | None, _OR_NONE] = None
    """The secret that codes are made with; `verifications-pepper` in the data directory if None."""

    @field_validator("allowed_countries", "blocked_countries")
    @classmethod
    def _known_countries(cls, countries: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := sorted(_unknown(countries)):
            raise ValueError(
                f"{', '.join(map(repr, wrong))}: there is no such country code; "
                "it wants GB, DE, US …"
            )
        return countries


def _unknown(countries: Iterable[str]) -> set[str]:
    return set(countries) - phonenumbers.SUPPORTED_REGIONS
