"""Something made up that handlers are tried out with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from modemgw.api.requests.messages import PortsBody
from modemgw.api.requests.shared import WHOLE, Base64, Body
from modemgw.gateway import Sample

Number = Annotated[str, Field(min_length=1, max_length=21)]


_NULL: JsonDict = {"type": "null"}
_MESSAGE: JsonDict = {"on": {"const": "message"}, "from": {"type": "string"}}
_NO_TEXT: JsonDict = dict.fromkeys(("text", "data", "ports", "class"), _NULL)


class SampleBody(Body):
    """A message, or a call, that is made up. What is not said of it is as with the first modem."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {**_MESSAGE, "data": _NULL}, "required": ["from"]},
                {"properties": {**_MESSAGE, "text": _NULL}, "required": ["from"]},
                {"properties": {"on": {"const": "call"}, **_NO_TEXT}, "required": ["on"]},
            ]
        }
    )

    on: Annotated[
        Literal["message", "call"], Field(description="What it is: a message, or a call.")
    ] = "message"
    from_: Annotated[
        Number | None,
        Field(
            alias="from",
            description="The sender as the network gives it; null for a caller who withholds it.",
        ),
    ] = None
    text: Annotated[str | None, Field(max_length=255 * 153)] = None
    data: Annotated[Base64 | None, Field(description="Octets, in base64. Or `text`.")] = None
    to: Annotated[Number | None, Field(description="The number of the SIM.")] = None
    modem: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    sim: Annotated[str | None, Field(min_length=1, max_length=22, description="ICCID.")] = None
    ports: PortsBody | None = None
    message_class: Annotated[
        Annotated[int, Field(ge=0, le=3), WHOLE] | None,
        Field(alias="class", description="Message class."),
    ] = None
    name: Annotated[str | None, Field(max_length=64, description="Of a caller.")] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> SampleBody:
        if self.on == "call":
            said = {
                "text": self.text, "data": self.data, "ports": self.ports,
                "class": self.message_class,
            }  # fmt: skip
            if given := [name for name, value in said.items() if value is not None]:
                raise ValueError(f"a call has no {given[0]}")
        elif self.from_ is None:
            raise ValueError("a message has a sender: give from")
        elif self.text is not None and self.data is not None:
            raise ValueError("give text or data, not both")
        return self

    def sample(self) -> Sample:
        """What handlers are asked about."""
        return Sample(
            sender=self.from_ or "",
            on=self.on,
            text=self.text,
            data=self.data,
            to=self.to,
            modem=self.modem,
            sim=self.sim,
            ports=None if self.ports is None else (self.ports.destination, self.ports.source),
            message_class=self.message_class,
            name=self.name,
        )
