"""What callers get: the types of every answer, a file for each resource. The OpenAPI document is
made from them.

Times are RFC 3339 UTC (`2026-11-22T10:00:00.123Z`).
"""

from modemgw.api.answers.batches import (
    AcceptedBatch,
    Batch,
    BatchCompleted,
    Batches,
    BatchEvent,
    BatchPreview,
    BatchProgress,
    RejectedItem,
)
from modemgw.api.answers.deliveries import AnyDelivery, Outcome, Replayed
from modemgw.api.answers.events import (
    AlertEvent,
    BroadcastEvent,
    CallEvent,
    Event,
    ModemEvent,
    SimEvent,
    WebhookEvent,
)
from modemgw.api.answers.handlers import Deliveries, Delivery, Handler, HandlerMatch, Handlers
from modemgw.api.answers.inbound import Inbound, InboundPart, Inbounds
from modemgw.api.answers.keys import (
    ApiKey,
    ApiKeys,
    AuditRecord,
    AuditRecords,
    KeyLimits,
    NewApiKey,
    RotatedApiKey,
    WebhookSecret,
)
from modemgw.api.answers.messages import Attempt, Message, Messages, Part, Preview, Receipt
from modemgw.api.answers.modems import Held, Modem, Modems, Sim, Storage, Trace, TraceLine, Ussd
from modemgw.api.answers.problems import FieldError, Problem, ProblemType, ProblemTypes
from modemgw.api.answers.service import Health, Readiness
from modemgw.api.answers.shared import Base64, Error, Ports, Time
from modemgw.api.answers.sims import PlanLimit, PlanUse, SimBalance, SimBreaker, SimCard, SimCards
from modemgw.api.answers.templates import (
    Template,
    TemplateParameter,
    TemplatePreview,
    Templates,
    TemplateVariant,
    TemplateVersion,
    TemplateVersions,
    WorstCase,
)
from modemgw.api.answers.webhooks import (
    Webhook,
    WebhookDeliveries,
    WebhookDelivery,
    Webhooks,
    WebhookWithSecret,
)

__all__ = [
    "AcceptedBatch",
    "AlertEvent",
    "AnyDelivery",
    "ApiKey",
    "ApiKeys",
    "Attempt",
    "AuditRecord",
    "AuditRecords",
    "Base64",
    "Batch",
    "BatchCompleted",
    "BatchEvent",
    "BatchPreview",
    "BatchProgress",
    "Batches",
    "BroadcastEvent",
    "CallEvent",
    "Deliveries",
    "Delivery",
    "Error",
    "Event",
    "FieldError",
    "Handler",
    "HandlerMatch",
    "Handlers",
    "Health",
    "Held",
    "Inbound",
    "InboundPart",
    "Inbounds",
    "KeyLimits",
    "Message",
    "Messages",
    "Modem",
    "ModemEvent",
    "Modems",
    "NewApiKey",
    "Outcome",
    "Part",
    "PlanLimit",
    "PlanUse",
    "Ports",
    "Preview",
    "Problem",
    "ProblemType",
    "ProblemTypes",
    "Readiness",
    "Receipt",
    "RejectedItem",
    "Replayed",
    "RotatedApiKey",
    "Sim",
    "SimBalance",
    "SimBreaker",
    "SimCard",
    "SimCards",
    "SimEvent",
    "Storage",
    "Template",
    "TemplateParameter",
    "TemplatePreview",
    "TemplateVariant",
    "TemplateVersion",
    "TemplateVersions",
    "Templates",
    "Time",
    "Trace",
    "TraceLine",
    "Ussd",
    "Webhook",
    "WebhookDeliveries",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookSecret",
    "WebhookWithSecret",
    "Webhooks",
    "WorstCase",
]
