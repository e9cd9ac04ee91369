"""Verifications to begin and codes to check; and which verifications to list."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from modemgw.api.moments import Moment
from modemgw.api.requests.messages import Recipient
from modemgw.api.requests.shared import WHOLE, Body, Cursor, Limit, Number, Query
from modemgw.gateway.verifications.codes import digits

_DOMAIN = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
_LANGUAGE = r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}"


def _domain(name: str) -> str:
    if not re.fullmatch(_DOMAIN, name, re.ASCII):
        raise ValueError("this must be the name of a host in lower case, such as shop.example")
    return name


def _language(name: str) -> str:
    if not re.fullmatch(_LANGUAGE, name, re.ASCII):
        raise ValueError("this must be a language, such as en or pt-BR")
    return name


def _digits(code: str) -> str:
    found = digits(code)
    if found is None:
        raise ValueError("this is no code: it has 4 to 10 digits")
    return found


Code = Annotated[
    str,
    Field(
        min_length=4,
        max_length=32,
        description="As it was typed: spaces and dashes do not matter. What is no code is not "
        "counted as a try.",
        json_schema_extra={"pattern": r"^[ -]*(?:[0-9][ -]*){4,10}$"},
    ),
    AfterValidator(_digits),
]


class VerificationBody(Body):
    """A verification to begin."""

    to: Annotated[Recipient, Field(description="The number that is to be proved.")]
    template: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=64,
            description="Of the message; it is given `code`, `minutes` and `brand`. A built-in "
            "text without.",
        ),
    ] = None
    language: Annotated[
        Annotated[
            str,
            AfterValidator(_language),
            Field(max_length=32, json_schema_extra={"pattern": f"^{_LANGUAGE}$"}),
        ]
        | None,
        Field(description="Of the text, such as `de` or `pt-BR`."),
    ] = None
    length: Annotated[
        Annotated[int, Field(ge=4, le=10), WHOLE] | None, Field(description="Digits of the code.")
    ] = None
    ttl_seconds: Annotated[
        Annotated[int, Field(ge=30, le=86400), WHOLE] | None,
        Field(description="How long the code is good."),
    ] = None
    domain: Annotated[
        Annotated[
            str,
            AfterValidator(_domain),
            Field(max_length=100, json_schema_extra={"pattern": f"^{_DOMAIN}$"}),
        ]
        | None,
        Field(
            description="Browsers may fill the code in on pages of this host: the message ends "
            "with `@domain #code`."
        ),
    ] = None
    reference: Annotated[
        str | None, Field(max_length=255, description="Your own name for it; comes back as is.")
    ] = None
    client_ip: Annotated[
        str | None,
        Field(
            min_length=2,
            max_length=45,
            description="For whom it is: the address that asked you. Counted, and kept as a hash.",
        ),
    ] = None


class CheckBody(Body):
    """A code that was typed in."""

    code: Code


class NumberCheckBody(CheckBody):
    """A code that was typed in, and for which number."""

    to: Annotated[Recipient, Field(description="The number that is to be proved.")]


class VerificationsQuery(Query):
    """Which verifications to list; the newest come first."""

    to: Number = None
    status: Literal["pending", "approved", "expired", "locked", "canceled"] | None = None
    key: Annotated[str | None, Field(max_length=64, description="Of this API key.")] = None
    reference: Annotated[
        str | None, Field(max_length=255, description="Your own name for it, as it was given.")
    ] = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor = None
