"""What is kept about one number."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time

_Holdings = dict[str, list[dict[str, Any]]]


class PrivacyExport(TypedDict):
    """Everything that is kept about a number."""

    number: str
    exported_at: Time
    holdings: Annotated[
        _Holdings,
        Field(description="By what it is. Octets are in hexadecimal, times in Unix seconds."),
    ]


class PrivacyErasure(TypedDict):
    """What was erased of a number, or would be."""

    dry_run: bool
    canceled: Annotated[int, Field(description="Messages that had not begun.")]
    found: Annotated[dict[str, int], Field(description="How much there was, by what it is.")]
    left: Annotated[
        dict[str, int], Field(description="What is not done with yet: ask again when it is.")
    ]
    opted_out: Annotated[
        bool, Field(description="A mark says that the number has opted out, and stays.")
    ]
    stays: Annotated[list[str], Field(description="What is not erased at all.")]
