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


_CallFrom = TypedDict(
    "_CallFrom",
    {"from": Annotated[str | None, Field(description="null: withheld, or not known.")]},
)


class CallEvent(_CallFrom):
    """What is told of a voice call."""

    modem: str
    sim: Annotated[str, Field(description="ICCID.")]
    to: Annotated[str | None, Field(description="Number of the SIM, where it is known.")]
    name: Annotated[str | None, Field(description="As the SIM's phonebook knows who calls.")]


class BroadcastEvent(TypedDict):
    """What is told of a cell broadcast."""

    modem: Annotated[str, Field(description="Who heard it first.")]
    sim: Annotated[str, Field(description="ICCID.")]
    channel: Annotated[int, Field(description="Message identifier, 0–65535 (TS 23.041 9.4.1.2.2).")]
    serial: Annotated[int, Field(description="Serial number, 0–65535.")]
    scope: Annotated[str, Field(description="Where it is the same: cell, area or network.")]
    language: Annotated[str | None, Field(description="ISO 639, where it says.")]
    text: Annotated[str | None, Field(description="null: it is data.")]


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


class LoopEvent(_WithFrom):
    """A sender that is taken for a machine which answers."""

    reason: Annotated[str, Field(description="Why it is not answered any more for now.")]


class AlertEvent(TypedDict):
    """What a person must see to."""

    id: str
    alert: Annotated[str, Field(description="Which alert of the configuration.")]
    severity: str
    subject: Annotated[
        str, Field(description="What it is about: a modem, a SIM, a type of messages …")
    ]
    value: Annotated[float, Field(description="What was measured when it was raised.")]
    threshold: float
    silenced: Annotated[bool, Field(description="Whether nobody is notified of it just now.")]
    modem: Annotated[NotRequired[str], Field(description="Absent where it is about no modem.")]
    reason: Annotated[NotRequired[str], Field(description="Absent when it is over.")]
