"""USSD requests and traces."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
)

from modemgw.api.requests.shared import Body, Query
from modemgw.modem import AtUntypable, UssdUntypable, check_command, check_ussd
from modemgw.sms.gsm7 import gsm7

MAX_LINE = 2**53 - 1
"""The last id of a line that every reader of JSON can tell from the next."""


def _typable(code: str) -> str:
    try:
        check_ussd(code)
    except UssdUntypable as error:
        raise ValueError(str(error)) from error
    return code


_USSD_CHARACTERS = "".join(sorted(c for c in gsm7().characters if c.isprintable() and c != '"'))


_USSD_PATTERN = "^[" + re.sub(r"([\\\]\[^-])", r"\\\1", _USSD_CHARACTERS) + "]+$"


class UssdBody(Body):
    """A USSD request, such as a balance query."""

    code: Annotated[
        str,
        AfterValidator(_typable),
        Field(
            min_length=1,
            max_length=182,
            description="Such as `*100#`, or an answer: `1`. Characters of the GSM alphabet.",
            json_schema_extra={"pattern": _USSD_PATTERN},
        ),
    ]
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 30


def _may_be_typed(command: str) -> str:
    try:
        check_command(command)
    except AtUntypable as error:
        raise ValueError(str(error)) from error
    return command


class AtBody(Body):
    """An AT command, as a person would type it at the modem's port."""

    command: Annotated[
        str,
        AfterValidator(_may_be_typed),
        Field(
            min_length=2,
            max_length=400,
            description="Such as `AT+CSQ`: one command, printable ASCII. None that waits for data "
            "(`+CMGS`), dials (`D`), answers a call (`A`) or leaves command mode (`O`).",
            json_schema_extra={"pattern": "^ *[Aa][Tt][ -~]*$"},
        ),
    ]
    timeout_s: Annotated[
        float,
        Field(ge=1, le=180, description="How long the answer may take once the command is out."),
    ] = 30


class TraceQuery(Query):
    """What a trace shows."""

    after: Annotated[
        int,
        Field(ge=0, le=MAX_LINE, description="Only lines after the one with this `id`."),
    ] = 0

    texts: Annotated[
        bool, Field(description="Show PDUs and USSD strings as they are; PINs stay masked.")
    ] = False
