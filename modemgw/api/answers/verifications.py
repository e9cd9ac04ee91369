"""Verifications, and the prefixes to which no code goes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time

Status = Annotated[
    Literal["pending", "approved", "expired", "locked", "canceled"],
    Field(description="`locked`: as many wrong codes were tried as may be."),
]
AttemptsLeft = Annotated[int, Field(description="How many more codes may be tried.")]


class Verification(TypedDict):
    """A number that is to be proved, or was, or was not. Its code is never shown."""

    id: str
    to: Annotated[str, Field(description="In international form.")]
    status: Status
    length: Annotated[int, Field(description="Digits of the code.")]
    attempts_left: AttemptsLeft
    sends_left: Annotated[int, Field(description="How often the code may be sent yet.")]
    resend_at: Annotated[
        Time | None, Field(description="From when on it may be sent once more; null: never.")
    ]
    key: Annotated[str, Field(description="Name of the API key that asked for it.")]
    reference: str | None
    created_at: Time
    expires_at: Time
    ended_at: Annotated[Time | None, Field(description="When it was no longer pending.")]


class CheckedVerification(TypedDict):
    """What a code was worth."""

    id: str
    status: Annotated[
        Literal["approved", "pending", "expired", "locked"],
        Field(
            description="`approved`: the code was right. `pending`: it was wrong, another may be "
            "tried. `locked`: it was wrong, and the last one. `expired`: too late."
        ),
    ]
    attempts_left: AttemptsLeft


class Verifications(TypedDict):
    """A page of verifications."""

    items: list[Verification]
    next_cursor: str | None


class StoppedPrefix(TypedDict):
    """Numbers to which no code goes for a while: it looked like SMS pumping."""

    prefix: Annotated[str, Field(description="What they begin with.")]
    since: Time
    until: Time
    sent: Annotated[int, Field(description="Verifications that were begun there …")]
    approved: Annotated[int, Field(description="… and those of them that were approved.")]


class StoppedPrefixes(TypedDict):
    """Every prefix that is stopped now, the last one first."""

    items: list[StoppedPrefix]
    next_cursor: None


class VerificationEvent(TypedDict):
    """What is told of a verification."""

    id: str
    status: Status
    reference: Annotated[str | None, Field(description="Your own name for it, as it was given.")]
    attempts_left: AttemptsLeft


class StoppedPrefixEvent(TypedDict):
    """What is told of a prefix to which no code goes any more."""

    prefix: str
    until: Annotated[float, Field(description="In Unix seconds.")]
    sent: int
    approved: int
