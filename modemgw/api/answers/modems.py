"""Modems, USSD and traces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time


class Sim(TypedDict):
    """The subscription in a modem."""

    iccid: str
    imsi: str | None
    number: str | None


class Storage(TypedDict):
    """How full the modem's memory for received messages is."""

    used: int
    size: int


class Held(TypedDict):
    """What keeps a modem from sending though it is ready."""

    why: Annotated[
        Literal["limits", "refused"],
        Field(description="Its SIM's limits, or the network, which refuses the SIM."),
    ]
    until: Annotated[Time, Field(description="When it may send, or make a try.")]


class Modem(TypedDict):
    """A modem, its SIM and how they do."""

    id: str
    state: Annotated[str, Field(description="As in the life of a modem: `ready`, `absent` …")]
    step: Annotated[int | None, Field(description="Of the recovery ladder, while recovering.")]
    reason: Annotated[str | None, Field(description="Why it is not ready.")]
    since: Annotated[Time, Field(description="When it came into this state.")]
    device: str | None
    profile: Annotated[str | None, Field(description="The vendor's peculiarities in use.")]
    manufacturer: str | None
    model: str | None
    revision: str | None
    imei: str | None
    sim: Sim | None
    operator: str | None
    registration: str
    signal_dbm: int | None
    queue: Annotated[int, Field(description="Parts that wait for it.")]
    sent: int
    received: int
    errors: Annotated[int, Field(description="refused + ambiguous + timeouts.")]
    refused: int
    ambiguous: int
    timeouts: int
    resets: int
    recoveries: int
    storage: Storage | None
    alarm: Annotated[str | None, Field(description="What a person must see to.")]
    last_answer_at: Time | None
    ready_since: Time | None
    routes: list[str]
    weight: int
    held: Held | None


class Modems(TypedDict):
    """All modems of the configuration."""

    items: list[Modem]
    next_cursor: None


class Ussd(TypedDict):
    """The network's answer to a USSD request."""

    text: str
    more: Annotated[bool, Field(description="True: it waits for an answer, such as `1`.")]


class AtAnswer(TypedDict):
    """What a modem answered to an AT command."""

    lines: Annotated[list[str], Field(description="Without the echo and the result.")]
    ok: Annotated[bool, Field(description="Whether the result is OK.")]
    result: Annotated[str, Field(description="`OK`, or an error such as `+CME ERROR: 30`.")]
    meaning: Annotated[str | None, Field(description="What the error means; null with OK.")]


class SignalSample(TypedDict):
    """The signal when a modem was asked for it."""

    at: Time
    dbm: Annotated[int | None, Field(description="Null: it knew none, so without a network.")]


class Signal(TypedDict):
    """How a modem's signal was, the oldest first; the last 288 times that it was asked for."""

    items: list[SignalSample]


class TraceLine(TypedDict):
    """One line that went over the wire of a modem; message texts and PINs are masked."""

    id: Annotated[int, Field(description="Grows from line to line: see `after`.")]
    at: Time
    direction: Annotated[str, Field(description="`>` to the modem, `<` from it, `=` a remark.")]
    text: str


class Trace(TypedDict):
    """The last lines between the gateway and a modem."""

    items: list[TraceLine]
