"""What the API answers, a file for each resource. Times are UTC; each class is an `Answer`: it has
what is not here too.
"""

from modemgw.client.answers.alerts import Alert
from modemgw.client.answers.batches import (
    AcceptedBatch,
    Batch,
    BatchPreview,
    BatchProgress,
    MergedItem,
    RejectedItem,
)
from modemgw.client.answers.budgets import Budget, BudgetLimit, BudgetMatch
from modemgw.client.answers.consents import (
    Consent,
    ConsentsOfNumber,
    ImportReport,
    PrivacyErasure,
    PrivacyExport,
    RefusedRow,
)
from modemgw.client.answers.conversations import Conversation, ConversationItem
from modemgw.client.answers.deliveries import AnyDelivery, Outcome
from modemgw.client.answers.events import Event
from modemgw.client.answers.handlers import (
    Delivery,
    Handler,
    HandlerMatch,
    HandlerTest,
    MatchedHandler,
    WouldSend,
)
from modemgw.client.answers.inbound import Inbound, InboundPart, Mms, Waiting, WapPush
from modemgw.client.answers.keys import ApiKey, AuditRecord, KeyLimits, NewApiKey, RotatedApiKey
from modemgw.client.answers.messages import (
    Attempt,
    Deferral,
    Message,
    Part,
    Preview,
    Receipt,
)
from modemgw.client.answers.modems import (
    AtAnswer,
    Held,
    Modem,
    SignalSample,
    Sim,
    Storage,
    TraceLine,
    Ussd,
)
from modemgw.client.answers.problems import FieldError, Problem
from modemgw.client.answers.readiness import Checklist, ChecklistItem
from modemgw.client.answers.service import Readiness
from modemgw.client.answers.shared import FINAL, Error, Ports
from modemgw.client.answers.sims import (
    PlanLimit,
    PlanUse,
    SimBalance,
    SimBreaker,
    SimCard,
    SimTariff,
)
from modemgw.client.answers.templates import (
    Template,
    TemplatePreview,
    TemplateVariant,
    TemplateVersion,
    WorstCase,
)
from modemgw.client.answers.types import MessageType, TypeDuplicates, TypeTarget
from modemgw.client.answers.usage import Amount, Cost, UsageSum
from modemgw.client.answers.verifications import CheckedVerification, StoppedPrefix, Verification
from modemgw.client.answers.webhooks import Webhook, WebhookDelivery, WebhookWithSecret

__all__ = [
    "FINAL",
    "AcceptedBatch",
    "Alert",
    "Amount",
    "AnyDelivery",
    "ApiKey",
    "AtAnswer",
    "Attempt",
    "AuditRecord",
    "Batch",
    "BatchPreview",
    "BatchProgress",
    "Budget",
    "BudgetLimit",
    "BudgetMatch",
    "CheckedVerification",
    "Checklist",
    "ChecklistItem",
    "Consent",
    "ConsentsOfNumber",
    "Conversation",
    "ConversationItem",
    "Cost",
    "Deferral",
    "Delivery",
    "Error",
    "Event",
    "FieldError",
    "Handler",
    "HandlerMatch",
    "HandlerTest",
    "Held",
    "ImportReport",
    "Inbound",
    "InboundPart",
    "KeyLimits",
    "MatchedHandler",
    "MergedItem",
    "Message",
    "MessageType",
    "Mms",
    "Modem",
    "NewApiKey",
    "Outcome",
    "Part",
    "PlanLimit",
    "PlanUse",
    "Ports",
    "Preview",
    "PrivacyErasure",
    "PrivacyExport",
    "Problem",
    "Readiness",
    "Receipt",
    "RefusedRow",
    "RejectedItem",
    "RotatedApiKey",
    "SignalSample",
    "Sim",
    "SimBalance",
    "SimBreaker",
    "SimCard",
    "SimTariff",
    "StoppedPrefix",
    "Storage",
    "Template",
    "TemplatePreview",
    "TemplateVariant",
    "TemplateVersion",
    "TraceLine",
    "TypeDuplicates",
    "TypeTarget",
    "UsageSum",
    "Ussd",
    "Verification",
    "Waiting",
    "WapPush",
    "Webhook",
    "WebhookDelivery",
    "WebhookWithSecret",
    "WorstCase",
    "WouldSend",
]
