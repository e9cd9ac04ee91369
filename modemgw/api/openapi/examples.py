"""What answers look like: one example for each type of which the schema alone does not tell enough.

They tell one story, so that a reader meets the same message, modem and SIM again on every page.
Lists, and whatever else is put together from these types, follow from them (sample.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modemgw.api import answers

MESSAGE_ID = "msg_01a2132a47f5ea28bda7e45dea9a0c22"
BATCH_ID = "bat_01a2132a4bf07f1a78b4a4587e5f8671"
INBOUND_ID = "in_01a2132b0c5d4e1f9a3b7c8d2e6f4a10"
SIM = "89441000301234567890"
KEY = "shop"
RECIPIENT = "+447700900123"
OURS = "+447700900001"

ESTIMATE: answers.Cost = {"amount": "0.045", "currency": "EUR", "estimated": True}
COST: answers.Cost = {"amount": "0.045", "currency": "EUR", "estimated": False}

QUEUED: answers.Message = {
    "id": MESSAGE_ID,
    "to": RECIPIENT,
    "text": "Your code is 123456",
    "data": None,
    "ports": None,
    "type": "otp",
    "status": "queued",
    "encoding": "gsm7",
    "class": None,
    "receipt": True,
    "parts": [
        {
            "index": 1,
            "status": "queued",
            "modem": None,
            "sim": None,
            "reference": None,
            "submitted_at": None,
            "receipt": None,
            "error": None,
            "cost": ESTIMATE,
            "attempts": [],
        }
    ],
    "error": None,
    "route": "default",
    "modem": None,
    "key": KEY,
    "reference": "order-7",
    "callback_url": None,
    "batch": None,
    "tags": [],
    "template": None,
    "template_version": None,
    "cost": ESTIMATE,
    "created_at": "2026-11-22T10:00:00.123Z",
    "updated_at": "2026-11-22T10:00:00.123Z",
    "send_at": None,
    "deferred": None,
    "expires_at": "2026-11-22T10:05:00.123Z",
}
"""As POST answers it."""

RECEIPT: answers.Receipt = {
    "status": 0,
    "meaning": "received by the SME",
    "outcome": "delivered",
    "final": True,
    "received_at": "2026-11-22T10:00:05.871Z",
    "sc_time": "2026-11-22T10:00:03.000Z",
    "discharge_time": "2026-11-22T10:00:05.000Z",
}

DELIVERED: answers.Message = {
    **QUEUED,
    "status": "delivered",
    "parts": [
        {
            "index": 1,
            "status": "delivered",
            "modem": "m1",
            "sim": SIM,
            "reference": 17,
            "submitted_at": "2026-11-22T10:00:02.940Z",
            "receipt": RECEIPT,
            "error": None,
            "cost": COST,
            "attempts": [
                {
                    "n": 1,
                    "state": "accepted",
                    "modem": "m1",
                    "sim": SIM,
                    "reference": 17,
                    "started_at": "2026-11-22T10:00:00.131Z",
                    "ended_at": "2026-11-22T10:00:02.940Z",
                    "duplicate_risk": False,
                    "error": None,
                    "receipt": RECEIPT,
                }
            ],
        }
    ],
    "cost": COST,
    "updated_at": "2026-11-22T10:00:05.871Z",
}
"""As GET shows it, six seconds later."""

CANCELED: answers.Message = {
    **QUEUED,
    "status": "canceled",
    "parts": [{**QUEUED["parts"][0], "status": "canceled", "cost": None}],
    "cost": {"amount": "0.00", "currency": "EUR", "estimated": False},
    "updated_at": "2026-11-22T10:00:01.402Z",
}

INBOUND: answers.Inbound = {
    "id": INBOUND_ID,
    "kind": "text",
    "from": RECIPIENT,
    "to": OURS,
    "text": "STATUS 7",
    "data": None,
    "encoding": "gsm7",
    "class": None,
    "ports": None,
    "parts": [{"sequence": 1, "received_at": "2026-11-22T10:01:12.507Z"}],
    "parts_total": 1,
    "complete": True,
    "modem": "m1",
    "sim": SIM,
    "sent_at": "2026-11-22T10:01:09.000Z",
    "received_at": "2026-11-22T10:01:12.507Z",
    "completed_at": None,
    "read": False,
    "replace_type": None,
    "replaces": None,
    "replaced_by": None,
    "mwi": None,
    "wap_push": None,
    "mms": None,
    "problem": None,
    "keyword": None,
}

COMPLETED: answers.Inbound = {
    **INBOUND,
    "text": "Dear sirs, the first lines came yesterday and these are the last.",
    "parts": [
        {"sequence": 1, "received_at": "2026-11-22T10:01:12.507Z"},
        {"sequence": 2, "received_at": "2026-11-23T09:30:41.220Z"},
    ],
    "parts_total": 2,
    "completed_at": "2026-11-23T09:30:41.220Z",
}

CONVERSATION: answers.Conversation = {
    "number": RECIPIENT,
    "unread": 1,
    "last": {
        "direction": "received",
        "at": "2026-11-22T10:01:12.507Z",
        "message": None,
        "inbound": INBOUND,
    },
}

MODEM: answers.Modem = {
    "id": "m1",
    "state": "ready",
    "step": None,
    "reason": None,
    "since": "2026-11-22T08:14:30.002Z",
    "device": "/dev/modemgw/m1",
    "profile": "quectel",
    "manufacturer": "Quectel",
    "model": "EC25",
    "revision": "EC25EFAR06A06M4G",
    "imei": "867698041234565",
    "sim": {"iccid": SIM, "imsi": "234150123456789", "number": OURS},
    "operator": "vodafone UK",
    "registration": "home",
    "signal_dbm": -73,
    "queue": 0,
    "sent": 412,
    "received": 37,
    "errors": 1,
    "refused": 1,
    "ambiguous": 0,
    "timeouts": 0,
    "resets": 0,
    "recoveries": 0,
    "storage": {"used": 0, "size": 30},
    "alarm": None,
    "last_answer_at": "2026-11-22T10:00:05.860Z",
    "ready_since": "2026-11-22T08:14:30.002Z",
    "routes": ["default"],
    "weight": 1,
    "held": None,
}

SIM_CARD: answers.SimCard = {
    "iccid": SIM,
    "imsi": "234150123456789",
    "number": OURS,
    "modem": "m1",
    "plan": {
        "per_minute": {"used": 1, "limit": 12, "resets_at": "2026-11-22T10:01:00.131Z"},
        "per_hour": {"used": 41, "limit": None, "resets_at": "2026-11-22T10:04:11.090Z"},
        "per_day": {"used": 412, "limit": 1000, "resets_at": "2026-11-23T00:00:00.000Z"},
        "per_month": {"used": 5120, "limit": None, "resets_at": "2026-12-01T00:00:00.000Z"},
    },
    "breaker": {"state": "ok", "since": None, "next_probe_at": None},
    "centre_clock_ahead_s": -0.8,
    "balance": {
        "amount": "12.34",
        "currency": "EUR",
        "low": False,
        "said": "Your balance is 12.34 EUR.",
        "at": "2026-11-22T09:00:00.000Z",
    },
    "tariff": [
        {
            "tariff": "home",
            "to_prefix": ["+44"],
            "price": "0.045",
            "currency": "EUR",
            "free_parts": 500,
            "free_parts_used": 500,
            "month_ends_at": "2026-12-01T00:00:00.000Z",
        }
    ],
    "last_seen_at": "2026-11-22T10:00:06.000Z",
}

ALERT: answers.Alert = {
    "id": "alr_01a2132b3d105b3c8e6f4a10c22d9a7e",
    "alert": "modem-down",
    "metric": "modem_down",
    "severity": "warning",
    "state": "raised",
    "subject": "m1",
    "modem": "m1",
    "value": 1.0,
    "threshold": 1.0,
    "reason": "the modem m1 is absent: the port is gone",
    "raised_at": "2026-11-22T10:03:00.000Z",
    "cleared_at": None,
    "silenced_until": None,
}

CHECKLIST: answers.Checklist = {
    "ready": False,
    "passed": 0,
    "failed": 1,
    "not_tested": 0,
    "points": [
        {
            "id": "cost",
            "title": "Spending has a bound, and somebody is told of it",
            "status": "failed",
            "evidence": "there are 2 budgets, and nobody is told",
            "next_step": "Make a webhook for budget.* and alert.*.",
        }
    ],
}

BUDGET: answers.Budget = {
    "id": "newsletter",
    "match": {"key": ["shop"], "sim": [], "type": ["promotional"], "to_prefix": []},
    "action": "stop",
    "warn_at": 0.8,
    "currency": None,
    "state": "warned",
    "limits": [
        {
            "measure": "parts_per_day",
            "limit": "1000",
            "used": "790",
            "reserved": "22",
            "left": "188",
            "state": "warned",
            "resets_at": "2026-11-23T00:00:00.000Z",
        }
    ],
}

BUDGET_EVENT: answers.BudgetEvent = {
    "budget": "newsletter",
    "measure": "parts_per_day",
    "limit": "1000",
    "taken": "800",
    "action": "stop",
    "resets_at": 1795392000.0,
}

USAGE_SUM: answers.UsageSum = {
    "day": "2026-11-22",
    "sim": SIM,
    "key": None,
    "type": None,
    "prefix": None,
    "parts": 417,
    "accepted": 412,
    "delivered": 398,
    "failed": 11,
    "amounts": [{"amount": "18.54", "currency": "EUR"}],
}

LOOP: answers.LoopEvent = {
    "from": "+447700900555",
    "reason": "its sender has had 10 automatic answers within an hour: a machine may be answering",
}

HANDLER: answers.Handler = {
    "id": "orders",
    "kind": "webhook",
    "on": "message",
    "match": {
        "keyword": "STATUS",
        "pattern": None,
        "from": [],
        "from_prefix": ["+44"],
        "from_pattern": None,
        "to": [],
        "sim": [],
        "modem": [],
        "port": [],
        "class": [],
    },
    "stop": False,
    "at_once": 4,
    "in_order": False,
    "timeout_s": 30,
    "pending": 0,
    "claimed": 0,
    "dead": 1,
    "problem": "http://127.0.0.1:9000/orders does not answer",
}

MATCHED_HANDLER: answers.MatchedHandler = {
    "handler": "orders",
    "kind": "reply",
    "matches": True,
    "stopped_by": None,
    "keyword": "STATUS",
    "rest": "4711",
    "groups": {},
}

HANDLER_TEST: answers.HandlerTest = {
    **MATCHED_HANDLER,
    "outcome": "taken",
    "code": None,
    "problem": None,
    "detail": None,
    "took_ms": 1,
    "sends": [
        {
            "to": "+447700900123",
            "text": "Order 4711 is on its way.",
            "data": None,
            "ports": None,
            "modem": "m1",
            "encoding": "gsm7",
            "parts": 1,
        }
    ],
    "exit_code": None,
    "output": None,
    "http_status": None,
    "answer": None,
}

HANDLER_DELIVERY: answers.Delivery = {
    "id": "dlv_7",
    "handler": "orders",
    "kind": "webhook",
    "event": "inbound.received",
    "event_id": 4711,
    "inbound": INBOUND_ID,
    "key": None,
    "state": "dead",
    "tries": 1,
    "next_at": None,
    "created_at": "2026-11-22T10:01:12.509Z",
    "ended_at": "2026-11-22T10:01:42.511Z",
    "outcomes": [
        {
            "at": "2026-11-22T10:01:42.511Z",
            "code": "no-answer",
            "problem": "http://127.0.0.1:9000/orders does not answer",
            "took_ms": 30000,
            "http_status": None,
            "answer": None,
        }
    ],
}

EVENT: answers.Event = {
    "id": 4711,
    "type": "message.delivered",
    "at": "2026-11-22T10:00:05.872Z",
    "data": {"id": MESSAGE_ID, "status": "delivered", "reference": "order-7"},
}

REJECTED_ITEM: answers.RejectedItem = {
    "index": 2,
    "problem": {
        "type": "urn:modemgw:problem:invalid-fields",
        "title": "Some fields are not valid",
        "status": 422,
        "detail": "to: 'nobody' is neither a number in GB nor a short code",
        "errors": [
            {
                "field": "to",
                "detail": "'nobody' is neither a number in GB nor a short code",
                "code": "invalid-number",
            }
        ],
    },
}

BATCH: answers.Batch = {
    "id": BATCH_ID,
    "name": "november offers",
    "state": "running",
    "key": KEY,
    "created_at": "2026-11-22T10:00:00.123Z",
    "send_at": None,
    "rate_per_minute": 60,
    "more": False,
    "paused_at": None,
    "canceled_at": None,
    "ended_at": None,
    "accepted": 8,
    "rejected": 1,
    "counts": {"delivered": 3, "queued": 4, "sent": 1},
    "progress": {"waiting": 4, "sending": 0, "left": 4, "percent": 50.0},
}

PAUSED_BATCH: answers.Batch = {
    **BATCH,
    "state": "paused",
    "paused_at": "2026-11-22T10:00:04.000Z",
}

CANCELED_BATCH: answers.Batch = {
    **BATCH,
    "state": "canceled",
    "canceled_at": "2026-11-22T10:00:04.000Z",
}

BATCH_EVENT: answers.BatchEvent = {
    "id": BATCH_ID,
    "name": "november offers",
    "state": "paused",
    "accepted": 8,
}

BATCH_PREVIEW: answers.BatchPreview = {
    "accepted": 2,
    "parts": 3,
    "most_parts": 2,
    "encodings": {"gsm7": 1, "ucs2": 1},
    "cost": None,
    "rejected": [REJECTED_ITEM],
}

ACCEPTED_BATCH: answers.AcceptedBatch = {
    "id": BATCH_ID,
    "accepted": 2,
    "rejected": [REJECTED_ITEM],
    "merged": [],
}

MESSAGE_TYPE: answers.MessageType = {
    "name": "promotional",
    "priority": 3,
    "routes": ["default"],
    "validity_seconds": 172800.0,
    "max_attempts": 8,
    "retry_wait_seconds": 0.0,
    "retry_wait_max_seconds": 900.0,
    "ambiguous": "hold",
    "ambiguous_wait_seconds": 60.0,
    "quiet_hours": ["21:00-08:00", "sun 00:00-24:00"],
    "consent_required": True,
    "opt_out": "respect",
    "duplicates": {"window_seconds": 3600.0, "action": "refuse"},
    "erase_text": False,
    "redact_text_after_days": 30.0,
    "target": {"to": "sent", "seconds": 3600.0, "in_time": 4711, "late": 17, "overdue": 0},
    "accepted": 4728,
}

PREVIEW: answers.Preview = {
    "encoding": "gsm7",
    "parts": 1,
    "characters_left": 141,
    "units": [19],
    "characters_changed": [],
    "send_at": None,
    "expires_at": "2026-11-22T10:05:00.123Z",
    "deferred": None,
    "cost": ESTIMATE,
    "text": "Your code is 123456",
    "template": None,
    "template_version": None,
    "language": None,
    "warnings": [],
}

TRACE: answers.Trace = {
    "items": [
        {
            "id": 4711,
            "at": "2026-11-22T10:00:00.131Z",
            "direction": ">",
            "text": "AT+CMGS=29",
        },
        {"id": 4744, "at": "2026-11-22T10:00:00.164Z", "direction": "<", "text": "> "},
        {
            "id": 7519,
            "at": "2026-11-22T10:00:02.939Z",
            "direction": "<",
            "text": "+CMGS: 17",
        },
        {"id": 7520, "at": "2026-11-22T10:00:02.939Z", "direction": "<", "text": "OK"},
    ]
}

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - signs nothing

API_KEY: answers.ApiKey = {
    "name": KEY,
    "scopes": ["send", "read"],
    "state": "active",
    "limits": {"per_minute": 60, "per_hour": None, "per_day": 5000},
    "expires_at": "2027-11-22T10:00:00.000Z",
    "created_at": "2026-11-20T09:12:44.310Z",
    "last_used_at": "2026-11-22T09:59:41.000Z",
    "revoked_at": None,
    "templates_only": False,
    "templates": [],
    "has_webhook_secret": True,
}
TOKEN = "mgw_5rW0cZqUO2n4tVYxJ7aD1kFhLmPe9sGbN3iQwTzXuy8"  # noqa: S105 - opens nothing

NEW_API_KEY: answers.NewApiKey = {
    **API_KEY,
    "last_used_at": None,
    "key": TOKEN,
    "webhook_secret": WEBHOOK_SECRET,
}

AUDIT_RECORD: answers.AuditRecord = {
    "at": "2026-11-22T10:02:00.040Z",
    "key": "boss",
    "address": "127.0.0.1",
    "action": "modems.pause",
    "target": "m1",
    "outcome": "done",
    "detail": None,
}

WEBHOOK: answers.Webhook = {
    "id": "whk_01a213376da835a7c1f04e6b52d98e33",
    "url": "http://127.0.0.1:5000/sms",
    "events": ["message.*", "inbound.received"],
    "description": "the shop",
    "enabled": True,
    "created_at": "2026-11-22T09:30:00.000Z",
    "disabled_reason": None,
    "pending": 0,
    "dead": 0,
    "problem": None,
}

WEBHOOK_DELIVERY: answers.WebhookDelivery = {
    "id": "dlv_4711",
    "webhook": WEBHOOK["id"],
    "kind": "webhook",
    "event": "message.delivered",
    "event_id": 4711,
    "inbound": None,
    "key": MESSAGE_ID,
    "state": "delivered",
    "tries": 1,
    "next_at": None,
    "created_at": "2026-11-22T10:00:05.873Z",
    "ended_at": "2026-11-22T10:00:05.881Z",
    "outcomes": [
        {
            "at": "2026-11-22T10:00:05.881Z",
            "code": "taken",
            "problem": None,
            "took_ms": 7,
            "http_status": 204,
            "answer": "",
        }
    ],
}

TEMPLATE: answers.Template = {
    "name": "order-shipped",
    "version": 1,
    "description": None,
    "variants": [
        {
            "language": "en",
            "region": None,
            "text": "Hello {{ name }}, your order {{ order }} is on its way."
            "{% if day %} It arrives on {{ day | format('%d/%m') }}.{% endif %}",
            "placeholders": ["name", "order", "day"],
            "encoding": "gsm7",
            "worst_case": [{"encoding": "gsm7", "parts": 1, "units": 95}],
        },
        {
            "language": "pt",
            "region": "BR",
            "text": "Olá {{ name }}, o seu pedido {{ order }} está a caminho.",
            "placeholders": ["name", "order"],
            "encoding": "ucs2",
            "worst_case": [{"encoding": "ucs2", "parts": 2, "units": 75}],
        },
    ],
    "parameters": {
        "name": {"type": "string", "max_length": 30, "default": None, "allow_unicode": False},
        "order": {"type": "code", "max_length": 10, "default": None, "allow_unicode": False},
        "day": {"type": "date", "max_length": 10, "default": "", "allow_unicode": False},
    },
    "allow_unicode": False,
    "transliterate": True,
    "source": "api",
    "key": "boss",
    "created_at": "2026-11-21T15:20:11.904Z",
    "warnings": [
        {
            "field": "variants[1].text",
            "detail": "does not use day, as other variants do",
            "code": "unused",
        },
        {
            "field": "variants[1].text",
            "detail": "is sent as UCS-2, for GSM 7-bit lacks 'á'",
            "code": "ucs2",
        },
    ],
}

TEMPLATE_VERSION: answers.TemplateVersion = {
    "name": "order-shipped",
    "version": 1,
    "deleted": False,
    "source": "api",
    "key": "boss",
    "created_at": "2026-11-21T15:20:11.904Z",
}

TEMPLATE_PREVIEW: answers.TemplatePreview = {
    "name": "order-shipped",
    "version": 1,
    "language": "en",
    "text": "Hello Ann, your order A-7 is on its way.",
    "encoding": "gsm7",
    "parts": 1,
    "characters_left": 120,
    "units": [40],
    "warnings": [],
}

CONSENT: answers.Consent = {
    "number": RECIPIENT,
    "scope": None,
    "state": "opted_out",
    "source": "sms",
    "evidence": "Stop",
    "at": "2026-11-22T10:00:09.301Z",
    "recorded_at": "2026-11-22T10:00:09.301Z",
    "key": None,
    "inbound": INBOUND_ID,
}

OPT_IN: answers.Consent = {
    **CONSENT,
    "state": "opted_in",
    "source": "web-form",
    "evidence": "order 4711, box ticked, 192.0.2.7",
    "at": "2026-11-22T09:58:00.000Z",
    "recorded_at": "2026-11-22T09:58:02.114Z",
    "key": KEY,
    "inbound": None,
}

CONSENTS_OF_NUMBER: answers.ConsentsOfNumber = {
    "number": RECIPIENT,
    "state": "opted_out",
    "standing": [CONSENT],
    "history": [CONSENT, OPT_IN],
    "erased": False,
}

IMPORT_REPORT: answers.ImportReport = {
    "dry_run": True,
    "rows": 1203,
    "new": 1190,
    "changed": 5,
    "kept": 0,
    "unchanged": 7,
    "refused": 1,
    "refused_rows": [{"line": 17, "number": RECIPIENT, "detail": "has opted out"}],
}

PRIVACY_EXPORT: answers.PrivacyExport = {
    "number": RECIPIENT,
    "exported_at": "2026-11-22T10:05:00.000Z",
    "holdings": {
        "messages": [{"id": MESSAGE_ID, "to": RECIPIENT, "text": "Your code is 123456"}],
        "inbound": [{"id": INBOUND_ID, "from": RECIPIENT, "text": "Stop"}],
    },
}

PRIVACY_ERASURE: answers.PrivacyErasure = {
    "dry_run": False,
    "canceled": 1,
    "found": {"messages": 4, "inbound": 1, "consents": 2},
    "left": {"messages": 1},
    "opted_out": True,
    "stays": ["digests by which the network's repetitions are recognised"],
}

VERIFICATION: answers.Verification = {
    "id": "ver_01a2132a48c31f0b6f0d9a4c2b7e5d18",
    "to": RECIPIENT,
    "status": "pending",
    "length": 6,
    "attempts_left": 5,
    "sends_left": 4,
    "resend_at": "2026-11-22T10:00:30.123Z",
    "key": KEY,
    "reference": "login-81",
    "created_at": "2026-11-22T10:00:00.123Z",
    "expires_at": "2026-11-22T10:10:00.123Z",
    "ended_at": None,
}

CALLED_OFF: answers.Verification = {
    **VERIFICATION,
    "status": "canceled",
    "resend_at": None,
    "ended_at": "2026-11-22T10:01:12.507Z",
}

CHECKED_VERIFICATION: answers.CheckedVerification = {
    "id": VERIFICATION["id"],
    "status": "approved",
    "attempts_left": 4,
}

STOPPED_PREFIX: answers.StoppedPrefix = {
    "prefix": "+44770090",
    "since": "2026-11-22T10:00:00.123Z",
    "until": "2026-11-22T11:00:00.123Z",
    "sent": 20,
    "approved": 0,
}

_EXAMPLES: Mapping[type, Any] = {
    answers.PrivacyErasure: PRIVACY_ERASURE,
    answers.PrivacyExport: PRIVACY_EXPORT,
    answers.Consent: CONSENT,
    answers.ConsentsOfNumber: CONSENTS_OF_NUMBER,
    answers.ImportReport: IMPORT_REPORT,
    answers.ApiKey: API_KEY,
    answers.AuditRecord: AUDIT_RECORD,
    answers.NewApiKey: NEW_API_KEY,
    answers.RotatedApiKey: answers.RotatedApiKey(**API_KEY, key=TOKEN),
    answers.WebhookSecret: answers.WebhookSecret(name=KEY, webhook_secret=WEBHOOK_SECRET),
    answers.Webhook: WEBHOOK,
    answers.WebhookDelivery: WEBHOOK_DELIVERY,
    answers.WebhookWithSecret: answers.WebhookWithSecret(**WEBHOOK, secret=WEBHOOK_SECRET),
    answers.AcceptedBatch: ACCEPTED_BATCH,
    answers.Batch: BATCH,
    answers.Budget: BUDGET,
    answers.Checklist: CHECKLIST,
    answers.BatchPreview: BATCH_PREVIEW,
    answers.Conversation: CONVERSATION,
    answers.ConversationItem: CONVERSATION["last"],
    answers.ConversationItems: answers.ConversationItems(
        number=RECIPIENT, items=[CONVERSATION["last"]], next_cursor=None
    ),
    answers.Delivery: HANDLER_DELIVERY,
    answers.Event: EVENT,
    answers.Handler: HANDLER,
    answers.HandlerTest: HANDLER_TEST,
    answers.MatchedHandler: MATCHED_HANDLER,
    answers.WouldSend: HANDLER_TEST["sends"][0],
    answers.Health: answers.Health(status="ok"),
    answers.Inbound: INBOUND,
    answers.MarkedRead: answers.MarkedRead(marked=3),
    answers.Message: DELIVERED,
    answers.MessageType: MESSAGE_TYPE,
    answers.Modem: MODEM,
    answers.Preview: PREVIEW,
    answers.Readiness: answers.Readiness(ready=True, detail=None),
    answers.Receipt: RECEIPT,
    answers.RejectedItem: REJECTED_ITEM,
    answers.Replayed: answers.Replayed(replayed=3),
    answers.Alert: ALERT,
    answers.SimCard: SIM_CARD,
    answers.Template: TEMPLATE,
    answers.TemplatePreview: TEMPLATE_PREVIEW,
    answers.TemplateVersion: TEMPLATE_VERSION,
    answers.StoppedPrefix: STOPPED_PREFIX,
    answers.AtAnswer: answers.AtAnswer(lines=["+CSQ: 21,99"], ok=True, result="OK", meaning=None),
    answers.Signal: answers.Signal(
        items=[
            {"at": "2026-11-22T09:59:00.000Z", "dbm": -73},
            {"at": "2026-11-22T10:00:00.000Z", "dbm": -71},
        ]
    ),
    answers.Trace: TRACE,
    answers.UsageSum: USAGE_SUM,
    answers.Ussd: answers.Ussd(text="Balance: 3.50", more=False),
    answers.Verification: VERIFICATION,
    answers.CheckedVerification: CHECKED_VERIFICATION,
}

EXAMPLES: Mapping[str, Any] = {kind.__name__: example for kind, example in _EXAMPLES.items()}
"""The example of each type, by the name of its schema."""
