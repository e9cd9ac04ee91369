"""USSD requests and traces."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
)

from modemgw.api.requests.shared import Body, Query
from modemgw.modem import UssdUntypable, check_ussd
from modemgw.sms.gsm7 import gsm7


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


class TraceQuery(Query):
    """What a trace shows."""

    texts: Annotated[
        bool, Field(description="Show PDUs and USSD strings as they are; PINs stay masked.")
    ] = False
