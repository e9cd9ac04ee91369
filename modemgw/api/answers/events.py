"""Events, and the data of those that are not about a message."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time, _WithFrom


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


class WebhookEvent(TypedDict):
    """What is told of a webhook."""

    webhook: Annotated[str, Field(description="Its id.")]
    reason: str


class LoopEvent(_WithFrom):
    """A sender that is taken for a machine which answers."""

    reason: Annotated[str, Field(description="Why it is not answered any more for now.")]


class AlertEvent(TypedDict):
    """What a person must see to, though the modem may work."""

    modem: str
    reason: Annotated[NotRequired[str], Field(description="Absent when it is over.")]
