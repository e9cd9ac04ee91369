"""What was sent and what it cost, added up."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


class Amount(TypedDict):
    """Money, exact."""

    amount: Annotated[str, Field(description="`12.345`")]
    currency: Annotated[str, Field(description="ISO 4217.")]


class UsageSum(TypedDict):
    """What was sent with everything that is not null here in common."""

    day: Annotated[str | None, Field(description="Of UTC.", json_schema_extra={"format": "date"})]
    sim: Annotated[str | None, Field(description="ICCID.")]
    key: Annotated[str | None, Field(description="Name of the API key.")]
    type: str | None
    prefix: Annotated[
        str | None,
        Field(
            description="What the recipients begin with: a prefix of a [[tariff]], else that of "
            "their country; empty for short codes."
        ),
    ]
    parts: Annotated[
        int, Field(description="Tries that the network answered: accepted or refused.")
    ]
    accepted: Annotated[int, Field(description="Parts that the network accepted.")]
    delivered: Annotated[int, Field(description="Parts that a report says were delivered.")]
    failed: Annotated[
        int,
        Field(description="Parts that were refused, or that a report says were not delivered."),
    ]
    amounts: Annotated[
        list[Amount],
        Field(description="What it cost, by currency; empty where no [[tariff]] says."),
    ]


class UsageSums(TypedDict):
    """What was sent and what it cost, in the order of `by`."""

    items: list[UsageSum]
    next_cursor: None
