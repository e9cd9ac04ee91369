"""The catalogue of events, as webhooks deliver them (Standard Webhooks)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modemgw.api import answers
from modemgw.api.openapi import examples

_TYPE = {"description": "The event type.", "type": "string"}
_HEADERS = {
    "webhook-id": (
        "Id of the delivery; the same when it is made again, so take each only once.",
        "dlv_4711",
    ),
    "webhook-timestamp": ("When it was sent, in Unix seconds; refuse what is old.", "1795341605"),
    "webhook-signature": (
        "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; while a secret is rotated "
        "several, with spaces between.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event."""

    name: str
    meaning: str
    data: type
    """The type of `data`."""
    example: Any


def _message(status: str, meaning: str) -> EventType:
    example: Any = {"queued": examples.QUEUED, "canceled": examples.CANCELED}.get(
        status, {**examples.DELIVERED, "status": status}
    )
    return EventType(f"message.{status}", meaning, answers.Message, example)


_ALERT = answers.AlertEvent(
    id=examples.ALERT["id"],
    alert="modem-alarm",
    severity="warning",
    subject="m1",
    value=1.0,
    threshold=1.0,
    silenced=False,
    modem="m1",
)


def _batch(name: str, meaning: str, state: str) -> EventType:
    example: Any = {**examples.BATCH_EVENT, "state": state}
    return EventType(f"batch.{name}", meaning, answers.BatchEvent, example)


def _verification(what: str, meaning: str) -> EventType:
    left = 0 if what == "locked" else 4
    example = answers.VerificationEvent(
        id=examples.VERIFICATION["id"],
        status="pending" if what == "started" else what,  # type: ignore[typeddict-item]
        reference=examples.VERIFICATION["reference"],
        attempts_left=left,
    )
    return EventType(f"verification.{what}", meaning, answers.VerificationEvent, example)


_QUIET = answers.ModemEvent(modem="m1", reason="the port is gone")
EVENT_TYPES = (
    _message("queued", "A message was accepted, or its time has come, and it waits for a modem"),
    _message("sent", "The network has accepted every part"),
    _message("delivered", "Every part has arrived, says the network"),
    _message("undelivered", "It will not arrive, says the network"),
    _message("failed", "The network never accepted it"),
    _message("expired", "Its validity ended before it was sent or delivered"),
    _message("canceled", "It was taken back before anything went out"),
    _message("unknown", "Nobody can know whether the network has it"),
    _batch("paused", "A batch was paused: what has not begun is held back", "paused"),
    _batch("resumed", "A paused batch goes on", "running"),
    _batch("canceled", "A batch was canceled: what has not begun is taken back", "canceled"),
    EventType(
        "batch.completed",
        "Nothing of a batch waits or is being sent any more; told once",
        answers.BatchCompleted,
        answers.BatchCompleted(
            id=examples.BATCH_ID,
            name="november offers",
            state="done",
            accepted=8,
            counts={"delivered": 5, "sent": 3},
        ),
    ),
    EventType("inbound.received", "A message was received", answers.Inbound, examples.INBOUND),
    EventType(
        "consent.opted_out",
        "Somebody has opted out",
        answers.ConsentEvent,
        answers.ConsentEvent(
            number=examples.RECIPIENT,
            scope="",
            source="sms",
            inbound=examples.INBOUND_ID,
            language="en",
            answered=True,
        ),
    ),
    EventType(
        "consent.opted_in",
        "Somebody has opted in",
        answers.ConsentEvent,
        answers.ConsentEvent(number=examples.RECIPIENT, scope="", source="web-form", inbound=None),
    ),
    EventType(
        "consent.help",
        "Somebody has asked for help, by HELP as the whole text",
        answers.ConsentEvent,
        answers.ConsentEvent(
            number=examples.RECIPIENT, inbound=examples.INBOUND_ID, language="en", answered=True
        ),
    ),
    EventType(
        "inbound.completed",
        "A late part has completed a message that was handed on incomplete",
        answers.Inbound,
        examples.COMPLETED,
    ),
    EventType(
        "call.received",
        "Somebody calls a SIM",
        answers.CallEvent,
        answers.CallEvent(
            {
                "modem": "m1",
                "sim": examples.SIM,
                "from": "+447700900123",
                "to": "+447700900001",
                "name": None,
            }
        ),
    ),
    EventType(
        "broadcast.received",
        "A cell broadcasts something to every phone in it",
        answers.BroadcastEvent,
        answers.BroadcastEvent(
            modem="m1",
            sim=examples.SIM,
            channel=4371,
            serial=0x7010,
            scope="network",
            language="en",
            text="Flood warning: leave the river bank.",
        ),
    ),
    EventType(
        "modem.ready",
        "A modem can send and receive",
        answers.ModemEvent,
        answers.ModemEvent(modem="m1"),
    ),
    EventType("modem.lost", "A modem is gone", answers.ModemEvent, _QUIET),
    EventType(
        "modem.recovering",
        "A modem is being brought back",
        answers.ModemEvent,
        answers.ModemEvent(modem="m1", reason="it does not answer"),
    ),
    EventType(
        "modem.quarantined",
        "Nothing brings a modem back; it is tried again now and then",
        answers.ModemEvent,
        answers.ModemEvent(modem="m1", reason="it does not answer after a reset"),
    ),
    EventType(
        "sim.blocked",
        "The network refuses a SIM, and it rests",
        answers.SimEvent,
        answers.SimEvent(modem="m1", sim=examples.SIM, reason="operator determined barring"),
    ),
    EventType(
        "sim.restored",
        "The network takes a SIM again",
        answers.SimEvent,
        answers.SimEvent(modem="m1", sim=examples.SIM),
    ),
    EventType(
        "sim.quota",
        "The limits of a SIM are used up",
        answers.SimEvent,
        answers.SimEvent(modem="m1", sim=examples.SIM, until=1795392000.0),
    ),
    EventType(
        "budget.warned",
        "A budget nears its end",
        answers.BudgetEvent,
        examples.BUDGET_EVENT,
    ),
    EventType(
        "budget.exhausted",
        "A budget is used up, or has too little left for what was to be sent",
        answers.BudgetEvent,
        answers.BudgetEvent(**(examples.BUDGET_EVENT | {"taken": "1000"})),
    ),
    EventType(
        "budget.shock",
        "Far more was accepted in this hour than in a usual one",
        answers.BillShockEvent,
        answers.BillShockEvent(
            parts=812,
            usual=120.5,
            stopped=["promotional"],
            until=1795392000.0,
            reason="812 parts were accepted in this hour, more than 5 times the usual 120.5",
        ),
    ),
    EventType(
        "target.missed",
        "Messages of a type begin to be late",
        answers.TargetEvent,
        answers.TargetEvent(
            type="otp", target="sent", target_seconds=30.0, late=1, message=examples.MESSAGE_ID
        ),
    ),
    EventType(
        "target.met",
        "They come in time again",
        answers.TargetEvent,
        answers.TargetEvent(type="otp", target="sent", target_seconds=30.0, late=17),
    ),
    EventType(
        "alert.raised",
        "A person must see to something",
        answers.AlertEvent,
        answers.AlertEvent(**_ALERT, reason="the memory for received messages is full"),
    ),
    EventType(
        "alert.cleared",
        "What was raised is over",
        answers.AlertEvent,
        _ALERT,
    ),
    EventType(
        "webhook.disabled",
        "A webhook has answered 410, and is told nothing more",
        answers.WebhookEvent,
        answers.WebhookEvent(webhook=examples.WEBHOOK["id"], reason="it answered HTTP 410"),
    ),
    EventType(
        "handler.loop",
        "A sender is not answered automatically any more for now: a machine may be answering",
        answers.LoopEvent,
        examples.LOOP,
    ),
    _verification("started", "A code was sent to a number that is to be proved"),
    _verification("approved", "The right code was tried: the number is proved"),
    _verification("expired", "The right code was not tried in time"),
    _verification("locked", "As many wrong codes were tried as may be"),
    _verification("canceled", "A verification was called off"),
    EventType(
        "verification.prefix_stopped",
        "Many codes went to a prefix and hardly any was approved: no code goes there for a while",
        answers.StoppedPrefixEvent,
        answers.StoppedPrefixEvent(prefix="+44770090", until=1795345200.0, sent=20, approved=0),
    ),
)
"""Every type of event that there is."""


def webhooks(schemas: Mapping[type, Any]) -> dict[str, Any]:
    """The `webhooks` of an OpenAPI document. `schemas` has the schema of each type of `data`."""
    return {kind.name: {"post": _webhook(kind, schemas[kind.data])} for kind in EVENT_TYPES}


def _webhook(kind: EventType, data: Any) -> dict[str, Any]:
    return {
        "operationId": f"on_{kind.name.replace('.', '_')}",
        "summary": kind.meaning,
        "tags": ["webhooks"],
        "security": [],
        "parameters": list(_parameters()),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["type", "timestamp", "data"],
                        "properties": {
                            "type": {"const": kind.name, **_TYPE},
                            "timestamp": {"type": "string", "format": "date-time"},
                            "data": data,
                        },
                    },
                    "example": {
                        "type": kind.name,
                        "timestamp": "2026-11-22T10:00:05.872Z",
                        "data": kind.example,
                    },
                }
            },
        },
        "responses": {
            "2XX": {"description": "Taken; the body is not looked at."},
            "410": {"description": "Never send to this address again: the webhook is disabled."},
            "429": {"description": "Too much just now: it is tried again after `Retry-After`."},
            "default": {"description": "Not taken: it is tried again, ever more seldom."},
        },
    }


def _parameters() -> Iterator[dict[str, Any]]:
    for name, (description, example) in _HEADERS.items():
        yield {
            "name": name,
            "in": "header",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
            "example": example,
        }
