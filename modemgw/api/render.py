"""Records as answers. Pure, and cheap: this runs for every message."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from modemgw.api import answers
from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.gateway import FieldProblem
from modemgw.store import KeyRow
from modemgw.store.contract.keys import KeyState
from modemgw.store.records import (
    Attempt,
    AttemptState,
    Conversation,
    ConversationItem,
    Cost,
    ErrorInfo,
    Event,
    Inbound,
    Message,
    MessageStatus,
    Part,
    Receipt,
)


def error(info: ErrorInfo | None) -> answers.Error | None:
    if info is None:
        return None
    return {"code": info.code, "detail": info.detail, "permanent": info.permanent}


def amount(value: Decimal) -> str:
    """An amount of money in full: `0.045`, `12.00`."""
    whole, _, fraction = f"{value:.6f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def cost(record: Cost | None) -> answers.Cost | None:
    if record is None:
        return None
    return {
        "amount": amount(record.amount),
        "currency": record.currency,
        "estimated": record.estimated,
    }


def deferral(why: ErrorInfo | None) -> answers.Deferral | None:
    return None if why is None else {"code": why.code, "detail": why.detail}


def field_problem(problem: FieldProblem) -> answers.FieldError:
    return {"field": problem.field, "detail": problem.detail, "code": problem.code}


def receipt(record: Receipt | None) -> answers.Receipt | None:
    if record is None:
        return None
    return {
        "status": record.status,
        "meaning": record.meaning,
        "outcome": record.outcome,
        "final": record.final,
        "received_at": render_moment(record.received_at),
        "sc_time": render_optional_moment(record.sc_time),
        "discharge_time": render_optional_moment(record.discharge_time),
    }


def attempt(record: Attempt) -> answers.Attempt:
    return {
        "n": record.n,
        "state": record.state.value,
        "modem": record.modem,
        "sim": record.sim,
        "reference": record.reference,
        "started_at": render_moment(record.started_at),
        "ended_at": render_optional_moment(record.ended_at),
        "duplicate_risk": record.duplicate_risk,
        "error": error(record.error),
        "receipt": receipt(record.receipt),
    }


def part(record: Part) -> answers.Part:
    attempts = [attempt(a) for a in record.attempts]
    document: answers.Part = {
        "index": record.index,
        "status": record.status.value,
        "modem": None,
        "sim": None,
        "reference": None,
        "submitted_at": None,
        "receipt": None,
        "error": None,
        "cost": cost(record.cost),
        "attempts": attempts,
    }
    if attempts:
        last = attempts[-1]
        document["modem"], document["sim"] = last["modem"], last["sim"]
        document["reference"] = last["reference"]
        document["receipt"], document["error"] = last["receipt"], last["error"]
        if last["state"] == AttemptState.ACCEPTED:
            document["submitted_at"] = last["ended_at"]
    return document


def ports(pair: tuple[int, int] | None) -> answers.Ports | None:
    return None if pair is None else {"destination": pair[0], "source": pair[1]}


def octets(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def message(record: Message) -> answers.Message:
    waits = record.status is MessageStatus.SCHEDULED  # an error that it has then is why
    return {
        "id": record.id,
        "to": record.to,
        "text": record.text,
        "data": octets(record.data),
        "ports": ports(record.ports),
        "type": record.type,
        "status": record.status.value,
        "encoding": record.encoding,
        "class": record.message_class,
        "receipt": record.receipt,
        "parts": [part(p) for p in record.parts],
        "error": None if waits else error(record.error),
        "route": record.route,
        "modem": record.modem,
        "key": record.key,
        "reference": record.reference,
        "callback_url": record.callback_url,
        "batch": record.batch,
        "tags": list(record.tags),
        "template": record.template,
        "template_version": record.template_version,
        "cost": cost(record.cost),
        "created_at": render_moment(record.created_at),
        "updated_at": render_moment(record.updated_at),
        "send_at": render_optional_moment(record.send_at),
        "deferred": deferral(record.error) if waits else None,
        "expires_at": render_moment(record.expires_at),
    }


def inbound(record: Inbound) -> answers.Inbound:
    details = record.details or {}
    pushed, mms = details.get("wap_push"), details.get("mms")
    return {
        "id": record.id,
        "kind": record.kind.value,
        "from": record.sender,
        "to": record.to,
        "text": record.text,
        "data": octets(record.data),
        "encoding": record.encoding,
        "class": record.message_class,
        "ports": ports(record.ports),
        "parts": [
            {"sequence": p.sequence, "received_at": render_moment(p.received_at)}
            for p in record.parts
        ],
        "parts_total": record.parts_total,
        "complete": record.complete,
        "modem": record.modem,
        "sim": record.sim,
        "sent_at": render_optional_moment(record.sent_at),
        "received_at": render_moment(record.received_at),
        "completed_at": render_optional_moment(record.completed_at),
        "read": record.read,
        "replace_type": record.replace_type,
        "replaces": record.replaces,
        "replaced_by": record.replaced_by,
        "mwi": details.get("mwi"),
        "wap_push": None if pushed is None else _times(pushed, "created_at", "expires_at"),
        "mms": None if mms is None else _times(mms, "expires_at"),
        "problem": record.problem,
        "keyword": record.keyword,
    }


def _times(details: Mapping[str, Any], *names: str) -> Any:
    """Details of a received message, with these times of theirs as they are on the wire."""
    return {**details, **{name: render_optional_moment(details[name]) for name in names}}


def conversation(record: Conversation) -> answers.Conversation:
    return {
        "number": record.number,
        "unread": record.unread,
        "last": conversation_item(record.last),
    }


def conversation_item(record: ConversationItem) -> answers.ConversationItem:
    return {
        "direction": "sent" if record.inbound is None else "received",
        "at": render_moment(record.at),
        "message": None if record.message is None else message(record.message),
        "inbound": None if record.inbound is None else inbound(record.inbound),
    }


def event(record: Event) -> answers.Event:
    return {
        "id": record.id,
        "type": record.type,
        "at": render_moment(record.at),
        "data": record.data,
    }


def api_key(row: KeyRow, state: KeyState) -> answers.ApiKey:
    """An API key, which stands so."""
    limits: answers.KeyLimits | None = None
    if row.limits:
        limits = {
            "per_minute": row.limits.per_minute or None,
            "per_hour": row.limits.per_hour or None,
            "per_day": row.limits.per_day or None,
        }
    return {
        "name": row.name,
        "scopes": list(row.scopes),
        "state": state,
        "limits": limits,
        "expires_at": render_optional_moment(row.expires_at),
        "created_at": render_moment(row.created_at),
        "last_used_at": render_optional_moment(row.last_used_at),
        "revoked_at": render_optional_moment(row.revoked_at),
        "templates_only": row.templates_only,
        "templates": list(row.templates),
        "has_webhook_secret": True,
    }
