"""Consents: who may be sent what."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time

ConsentState = Literal["opted_in", "opted_out"]


class Consent(TypedDict):
    """A decision about a number."""

    number: Annotated[str, Field(description="E.164.")]
    scope: Annotated[str | None, Field(description="What it is about; null: everything.")]
    state: ConsentState
    source: Annotated[str, Field(description="How it was made; `sms`: by a keyword.")]
    evidence: str | None
    at: Annotated[Time, Field(description="When it was made.")]
    recorded_at: Time
    key: Annotated[str | None, Field(description="The API key that recorded it.")]
    inbound: Annotated[str | None, Field(description="The received message that it was made by.")]


class Consents(TypedDict):
    """A page of decisions that stand, the newest first."""

    items: list[Consent]
    next_cursor: str | None


class ConsentsOfNumber(TypedDict):
    """All that is known of a number."""

    number: str
    state: Annotated[ConsentState | None, Field(description="About everything; null: unknown.")]
    standing: Annotated[list[Consent], Field(description="The decision that stands, by scope.")]
    history: Annotated[list[Consent], Field(description="Every decision, the newest first.")]
    erased: Annotated[
        bool,
        Field(description="It had opted out and was erased: that it has is all that is known."),
    ]


class RefusedRow(TypedDict):
    """A row that was not taken."""

    line: int
    number: str
    detail: str


class ImportReport(TypedDict):
    """What has become of the rows of a list, or would become of them."""

    dry_run: bool
    rows: int
    new: Annotated[int, Field(description="Nothing was known of the number and scope.")]
    changed: Annotated[int, Field(description="The state is another now.")]
    kept: Annotated[int, Field(description="Kept as evidence; they change nothing.")]
    unchanged: Annotated[int, Field(description="They say nothing new.")]
    refused: int
    refused_rows: Annotated[list[RefusedRow], Field(description="The first 1,000 of them.")]


class ConsentEvent(TypedDict):
    """Somebody has opted in or out, or asked for help."""

    number: str
    scope: Annotated[NotRequired[str], Field(description="Empty: everything.")]
    source: NotRequired[str]
    inbound: Annotated[str | None, Field(description="The received message that did it.")]
    language: Annotated[NotRequired[str], Field(description="Of the keyword.")]
    answered: Annotated[
        NotRequired[bool], Field(description="Of a keyword: whether the gateway answers it.")
    ]
