"""What the checklist goes by: the configuration, and a look into the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modemgw.config import Config
from modemgw.store import (
    Consent,
    ConsentQuery,
    ConsentState,
    KeyRow,
    MessageQuery,
    View,
    Webhook,
)
from modemgw.store.contract.messages import Stand
from modemgw.store.records import Message, MessageStatus

DAY_S = 86400.0
SAMPLE = 200
"""So many of the newest messages are looked at."""
PROVED_FOR_S = 30 * DAY_S
"""An end-to-end test counts so long."""
FEW = 20
"""So many decisions are looked at."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A SIM in a modem now."""

    modem: str
    iccid: str
    number: str | None
    operator: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of the live gateway. Times are UTC seconds."""

    config: Config
    now: float
    seats: tuple[Seat, ...] = ()
    sample: tuple[Message, ...] = ()
    """The newest messages."""
    proofs: tuple[Message, ...] = ()
    """Messages of one SIM of the gateway to another that were delivered."""
    opted_in: tuple[Consent, ...] = ()
    """The newest of those who opted in …"""
    opted_out: tuple[Consent, ...] = ()
    """… and out."""
    templates: int = 0
    webhooks: tuple[Webhook, ...] = ()
    keys: tuple[KeyRow, ...] = ()
    metrics_reads: int = 0
    """How often /metrics was read since the gateway began."""

    def told(self, type: str) -> list[Webhook]:
        """The webhooks that are told of a type of event."""
        family = f"{type.partition('.')[0]}.*"
        return [
            one for one in self.webhooks if one.enabled and {type, family, "*"} & set(one.events)
        ]


def read(
    view: View,
    config: Config,
    now: float,
    seats: Sequence[Seat],
    metrics_reads: int,
    stand: Stand,
) -> Facts:
    """Look into the store: a few pages of it, however much there is."""

    def decided(state: ConsentState) -> tuple[Consent, ...]:
        return view.consents.find(ConsentQuery(state=state, limit=FEW)).items

    proofs: list[Message] = []
    for number in sorted({seat.number for seat in seats if seat.number is not None}):
        query = MessageQuery(
            to=number, status=MessageStatus.DELIVERED, since=now - PROVED_FOR_S, limit=SAMPLE
        )
        proofs += view.messages.find(query, stand).items
    return Facts(
        config=config,
        now=now,
        seats=tuple(seats),
        sample=view.messages.find(MessageQuery(limit=SAMPLE), stand).items,
        proofs=tuple(proofs),
        opted_in=decided(ConsentState.OPTED_IN),
        opted_out=decided(ConsentState.OPTED_OUT),
        templates=len(view.templates.all()),
        webhooks=tuple(view.webhooks.all()),
        keys=tuple(view.keys.all()),
        metrics_reads=metrics_reads,
    )
