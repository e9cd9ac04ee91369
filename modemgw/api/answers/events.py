"""Events, and the data of those that are not about a message."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time


class Event(TypedDict):
    """Something that happened: the `data` of one Server-Sent Event."""

    id: int
    type: str
    at: Time
    data: dict[str, Any]


class ModemEvent(TypedDict):
    """What is told of a modem."""

    modem: str
    reason: Annotated[NotRequired[str], Field(description="Why, unless it is ready.")]


class SimEvent(TypedDict):
    """What is told of a SIM."""

    modem: str
    sim: Annotated[str, Field(description="ICCID.")]
    reason: Annotated[NotRequired[str], Field(description="What the network says.")]
    until: Annotated[
        NotRequired[float], Field(description="When it may send again, in Unix seconds.")
    ]


class TargetEvent(TypedDict):
    """What is told of the time that messages of a type take."""

    type: Annotated[str, Field(description="The type of the messages.")]
    target: Annotated[str, Field(description="How far they should come: sent or delivered.")]
    target_seconds: Annotated[float, Field(description="And how soon.")]
    late: Annotated[int, Field(description="How many were late since all was well last.")]
    message: Annotated[
        NotRequired[str], Field(description="Id of the first; absent when it is over.")
    ]


class WebhookEvent(TypedDict):
    """What is told of a webhook."""

    webhook: Annotated[str, Field(description="Its id.")]
    reason: str


class AlertEvent(TypedDict):
    """What a person must see to, though the modem may work."""

    modem: str
    reason: Annotated[NotRequired[str], Field(description="Absent when it is over.")]
