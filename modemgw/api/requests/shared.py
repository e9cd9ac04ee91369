"""What bodies and query strings have in common."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from modemgw.gateway.urls import MAX_LENGTH, PATTERN, place_of

MAX_BASE64 = 4 * -(-255 * 134 // 3)
"""Of the octets that 255 parts hold (TS 23.040 9.2.3.24.1)."""


def _decode_base64(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("this must be a string in base64")
    if len(value) > MAX_BASE64:
        raise ValueError(f"this may have {MAX_BASE64:,} characters at most")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"this is not base64: {error}") from error


Base64 = Annotated[
    bytes,
    PlainValidator(_decode_base64),
    WithJsonSchema(
        {
            "type": "string",
            "contentEncoding": "base64",
            "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            "maxLength": MAX_BASE64,
        }
    ),
]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""After the bounds of an integer: `1.0` is one, to JSON Schema and to many who write JSON."""


def _postable(url: str) -> str:
    place_of(url)
    return url


PostableUrl = Annotated[
    str,
    AfterValidator(_postable),
    Field(json_schema_extra={"pattern": PATTERN, "maxLength": MAX_LENGTH}),
]
"""A URL that has the form of one that can be posted to. Whether anybody is there is another matter,
and whether the host may be posted to is the gateway's to judge."""


class Body(BaseModel):
    """A JSON object: nothing is converted silently, unknown fields are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Query(BaseModel):
    """A query string: numbers come as text, unknown parameters are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Limit = Annotated[int, Field(ge=1, le=1000, description="Most items in one answer.")]


def _check_cursor(cursor: str) -> str:
    if not _CURSOR.fullmatch(cursor):
        raise ValueError("this is not a next_cursor that this list gave")
    return cursor


_CURSOR = re.compile(r"(?:[0-9]{1,12}\.[0-9]{1,17}~)?[0-9]{1,18}", re.ASCII)


Cursor = Annotated[
    Annotated[str, AfterValidator(_check_cursor)] | None,
    Field(
        description="`next_cursor` of the answer before.",
        json_schema_extra={"pattern": f"^{_CURSOR.pattern}$"},
    ),
]


def _of_query(value: Any) -> Any:
    """`?to=447700900001` with its + escaped or lost: a leading space was a +."""
    return f"+{value[1:]}" if isinstance(value, str) and value.startswith(" ") else value


Number = Annotated[str | None, BeforeValidator(_of_query), Field(max_length=64)]
