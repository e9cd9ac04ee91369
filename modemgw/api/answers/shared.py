"""What answers have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]


class Error(TypedDict):
    """Why something did not work."""

    code: Annotated[str, Field(description="Stable: `cms-21`, `no-answer`, `expired` …")]
    detail: str
    permanent: Annotated[bool, Field(description="True: trying again will not help.")]


class Ports(TypedDict):
    """Application ports of a binary message."""

    destination: int
    source: int


class Cost(TypedDict):
    """What something costs."""

    amount: Annotated[str, Field(description="Exact, with two decimals at least: `0.045`.")]
    currency: Annotated[str, Field(description="ISO 4217.")]
    estimated: Annotated[
        bool,
        Field(
            description="True: the network has not accepted all of it yet. So much the dearest SIM "
            "that may carry it would cost, without free parts."
        ),
    ]


# "class" and "from" are words of Python: they can only be written this way.
_WithClass = TypedDict(
    "_WithClass", {"class": Annotated[int | None, Field(description="Message class, 0–3.")]}
)


_WithFrom = TypedDict("_WithFrom", {"from": str})
