"""Types of messages: the policy in force, and how their messages do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


class TypeTarget(TypedDict):
    """How soon messages should come how far, and how many did since the gateway was started."""

    to: Annotated[Literal["sent", "delivered"], Field(description="How far.")]
    seconds: Annotated[
        float, Field(description="How soon after their acceptance, or their `send_at`.")
    ]
    in_time: Annotated[int, Field(description="So many were in time,")]
    late: Annotated[int, Field(description="and so many were not;")]
    overdue: Annotated[int, Field(description="these of them have not come so far yet.")]


class TypeDuplicates(TypedDict):
    """What becomes of the same text from the same key to the same number."""

    window_seconds: float
    action: Literal["refuse", "merge"]


class MessageType(TypedDict):
    """What is done with the messages of one type."""

    name: Annotated[str, Field(description="otp, transactional or promotional.")]
    priority: Annotated[int, Field(description="1 goes before 2.")]
    routes: Annotated[list[str], Field(description="Tried in this order; empty: every route.")]
    validity_seconds: Annotated[
        float, Field(description="How long a message may wait if the request does not say.")
    ]
    max_attempts: Annotated[int, Field(description="Tries of one part.")]
    retry_wait_seconds: Annotated[
        float, Field(description="The least before the second try, doubled before each next.")
    ]
    retry_wait_max_seconds: Annotated[float, Field(description="And the most.")]
    ambiguous: Annotated[
        Literal["hold", "retry"],
        Field(description="What becomes of a part that a modem took and never answered for."),
    ]
    ambiguous_wait_seconds: Annotated[float, Field(description="With `retry`: after this time.")]
    quiet_hours: Annotated[
        list[str], Field(description="When nothing is sent, by the recipient's clock.")
    ]
    consent_required: Annotated[
        bool, Field(description="Whether only those are sent it who have opted in.")
    ]
    opt_out: Annotated[
        Literal["respect", "ignore"],
        Field(description="Whether those who have opted out are not sent it."),
    ]
    duplicates: Annotated[TypeDuplicates | None, Field(description="null: there are none.")]
    erase_text: Annotated[
        bool, Field(description="Whether the text is emptied as soon as its fate is known.")
    ]
    redact_text_after_days: Annotated[
        float | None, Field(description="When it is emptied at the latest; null: never.")
    ]
    target: Annotated[TypeTarget | None, Field(description="null: there is none.")]
    accepted: Annotated[int, Field(description="Messages since the gateway was started.")]


class MessageTypes(TypedDict):
    """Every type, what is most urgent first."""

    items: list[MessageType]
    next_cursor: None
