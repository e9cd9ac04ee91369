"""What a person must see to, or had to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time


class Alert(TypedDict):
    """One time that something was wrong with something."""

    id: str
    alert: Annotated[str, Field(description="Which alert of the configuration.")]
    metric: str
    severity: Literal["info", "warning", "critical"]
    state: Annotated[Literal["raised", "cleared"], Field(description="`cleared`: it is over.")]
    subject: Annotated[
        str,
        Field(
            description="What it is about: the id of a modem, the ICCID of a SIM, a type of "
            "messages, a kind of deliveries, a task, or `gateway`."
        ),
    ]
    modem: Annotated[str | None, Field(description="The modem that it has to do with.")]
    value: Annotated[float, Field(description="What was measured when it was raised.")]
    threshold: float
    reason: Annotated[str, Field(description="What is wrong, in one sentence.")]
    raised_at: Time
    cleared_at: Time | None
    silenced_until: Annotated[
        Time | None, Field(description="Nobody is notified until then; null: people are.")
    ]


class Alerts(TypedDict):
    """A page of alerts, that raised last first."""

    items: list[Alert]
    next_cursor: str | None
