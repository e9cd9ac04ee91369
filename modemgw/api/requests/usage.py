"""What to add up of what was sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, PlainValidator, WithJsonSchema

from modemgw.api.moments import parse_moment
from modemgw.api.requests.shared import Number, Query
from modemgw.store import Dimension

_NAMES: tuple[Dimension, ...] = get_args(Dimension)
_ONE = f"(?:{'|'.join(_NAMES)})"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _dimensions(value: Any) -> tuple[Any, ...]:
    given = value.split(",") if isinstance(value, str) else ()
    if not given or not set(given) <= set(_NAMES):
        raise ValueError(f"this must be one or more of {', '.join(_NAMES)}, with commas between")
    return tuple(dict.fromkeys(given))


def _date_or_moment(value: Any) -> float:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp()
        except ValueError as error:
            raise ValueError(f"there is no such date: {error}") from error
    try:
        return parse_moment(value)
    except ValueError as error:
        raise ValueError(f"{error}, or a date, such as 2026-11-22") from error


Day = Annotated[
    float,
    PlainValidator(_date_or_moment),
    WithJsonSchema(
        {
            "type": "string",
            "anyOf": [{"format": "date"}, {"format": "date-time"}],
            "not": {"pattern": "^0000"},
        }
    ),
]


Dimensions = Annotated[
    tuple[Dimension, ...],
    PlainValidator(_dimensions),
    WithJsonSchema({"type": "string", "pattern": f"^{_ONE}(?:,{_ONE})*$"}),
]


class UsageQuery(Query):
    """What to add up, and what to tell apart."""

    by: Annotated[
        Dimensions | None,
        Field(description="What sums are told apart by, in this order; without it there is one."),
    ] = None
    since: Annotated[
        Day | None, Field(description="From this day (of UTC) on: a date, or a time in it.")
    ] = None
    until: Annotated[
        Day | None,
        Field(description="Before this day; a time in a day has that day counted as well."),
    ] = None
    sim: Annotated[str | None, Field(max_length=64, description="Of this SIM only.")] = None
    key: Annotated[str | None, Field(max_length=64, description="Of this key only.")] = None
    type: Annotated[str | None, Field(max_length=64, description="Of this type only.")] = None
    prefix: Annotated[Number, Field(description="Of this prefix only, as the sums name it.")] = None
    format: Annotated[
        Literal["json", "csv"] | None,
        Field(description="Otherwise `Accept` says."),
    ] = None
