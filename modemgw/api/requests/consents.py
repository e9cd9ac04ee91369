"""Decisions to record, and which to list."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modemgw.api.moments import Moment
from modemgw.api.requests.shared import Body, Cursor, Limit, Number, Query
from modemgw.store import ConsentState

MAX_SCOPE = 64
MAX_SOURCE = 64
MAX_EVIDENCE = 2000

_SCOPE = "What it is about, as the tags of messages name it. Left out or empty: everything."


class ConsentBody(Body):
    """A decision to record."""

    number: Annotated[
        str, Field(max_length=64, description="Whose decision it is.", examples=["+447700900123"])
    ]
    state: Annotated[ConsentState, Field(strict=False)]
    source: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_SOURCE,
            description="How it was made, in a word of your own.",
            examples=["web-form"],
        ),
    ]
    scope: Annotated[str | None, Field(max_length=MAX_SCOPE, description=_SCOPE)] = None
    evidence: Annotated[
        str | None,
        Field(max_length=MAX_EVIDENCE, description="What proves it; kept as it is."),
    ] = None
    at: Annotated[
        Moment | None,
        Field(
            description="When it was made, if that was before now. An earlier decision than the "
            "one that stands is kept as history, and changes nothing."
        ),
    ] = None


class ConsentsQuery(Query):
    """Which decisions to list."""

    number: Number = None
    state: ConsentState | None = None
    scope: Annotated[str | None, Field(max_length=MAX_SCOPE, description=f"{_SCOPE[:-31]}.")] = None
    limit: Limit = 50
    cursor: Cursor = None


class ImportQuery(Query):
    """How a list is imported."""

    dry_run: Annotated[bool, Field(description="Say what would happen, and do nothing.")] = False
    again: Annotated[
        bool,
        Field(
            description="Rows may let in who has opted out, where their `at` is later than that."
        ),
    ] = False


class NumberBody(Body):
    """A number, where it should not stand in an address."""

    number: Annotated[str, Field(max_length=64, examples=["+447700900123"])]


class ErasureBody(NumberBody):
    """Whose data are erased."""

    dry_run: Annotated[bool, Field(description="Say what there is, and do nothing.")] = False
