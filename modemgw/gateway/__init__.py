"""Policy: accept, route, keep to limits, send, retry, match receipts, reassemble, hand on."""

from modemgw.gateway.admission.quota import Allowance
from modemgw.gateway.admission.results import (
    Accepted,
    AcceptedBatch,
    BatchPlan,
    BatchPreview,
    Idempotency,
    Preview,
)
from modemgw.gateway.admission.templates import TemplateExists, TemplatePreview
from modemgw.gateway.budgets.budgets import BudgetView
from modemgw.gateway.build import Gateway
from modemgw.gateway.consent.consents import ConsentsOf
from modemgw.gateway.consent.decisions import NewConsent
from modemgw.gateway.consent.importing import ImportReport
from modemgw.gateway.consent.importing import Row as ConsentRow
from modemgw.gateway.deliveries.handlers import HandlerView
from modemgw.gateway.deliveries.replaying import Replay
from modemgw.gateway.deliveries.trying import Match, Sample, Trial
from modemgw.gateway.deliveries.webhooks import Change as WebhookChange
from modemgw.gateway.deliveries.webhooks import CreatedWebhook, WebhookView
from modemgw.gateway.errors import (
    BudgetExhausted,
    Conflict,
    Duplicate,
    FieldProblem,
    GatewayError,
    IdempotencyConflict,
    NotFound,
    Outdated,
    Rejected,
    TooMany,
    Unavailable,
)
from modemgw.gateway.fleet.modem_views import ModemView
from modemgw.gateway.fleet.sim_views import SimView
from modemgw.gateway.keys import Issued, LastAdmin, NameInUse, NewKey
from modemgw.gateway.outgoing.batches import BatchChange, BatchView
from modemgw.gateway.outgoing.outbox import RecoveryReport
from modemgw.gateway.upkeep.privacy import Erasure, Export
from modemgw.gateway.upkeep.type_views import TypeView
from modemgw.gateway.verifications.refusals import Over, PrefixStopped, TooManyCodes, TooManyTries
from modemgw.gateway.verifications.views import NewVerification, VerificationView
from modemgw.store import (
    AlertQuery,
    AuditQuery,
    BatchQuery,
    ConversationQuery,
    DeliveryQuery,
    InboundQuery,
    MessageQuery,
    VerificationQuery,
)

__all__ = [
    "Accepted",
    "AcceptedBatch",
    "AlertQuery",
    "Allowance",
    "AuditQuery",
    "BatchChange",
    "BatchPlan",
    "BatchPreview",
    "BatchQuery",
    "BatchView",
    "BudgetExhausted",
    "BudgetView",
    "Conflict",
    "ConsentRow",
    "ConsentsOf",
    "ConversationQuery",
    "CreatedWebhook",
    "DeliveryQuery",
    "Duplicate",
    "Erasure",
    "Export",
    "FieldProblem",
    "Gateway",
    "GatewayError",
    "HandlerView",
    "Idempotency",
    "IdempotencyConflict",
    "ImportReport",
    "InboundQuery",
    "Issued",
    "LastAdmin",
    "Match",
    "MessageQuery",
    "ModemView",
    "NameInUse",
    "NewConsent",
    "NewKey",
    "NewVerification",
    "NotFound",
    "Outdated",
    "Over",
    "PrefixStopped",
    "Preview",
    "RecoveryReport",
    "Rejected",
    "Replay",
    "Sample",
    "SimView",
    "TemplateExists",
    "TemplatePreview",
    "TooMany",
    "TooManyCodes",
    "TooManyTries",
    "Trial",
    "TypeView",
    "Unavailable",
    "VerificationQuery",
    "VerificationView",
    "WebhookChange",
    "WebhookView",
]
