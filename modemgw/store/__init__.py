"""What must survive a crash: a contract of domain verbs, and `sqlite/` that keeps it.

Knows no policy; nobody above it sees SQL, rows or a connection.
"""

from modemgw.store.contract.alerts import Alert, AlertQuery, Silence
from modemgw.store.contract.attempts import AttemptKey, Begun, Candidate
from modemgw.store.contract.audit import AuditQuery, AuditRecord
from modemgw.store.contract.batches import Batch, BatchQuery, BatchState, NewBatch, Span
from modemgw.store.contract.budgets import BudgetHold, BudgetPeriod, BudgetUse
from modemgw.store.contract.consents import Consent, ConsentQuery, ConsentState
from modemgw.store.contract.conversations import ConversationQuery
from modemgw.store.contract.deliveries import (
    Answer,
    Delivery,
    DeliveryQuery,
    DeliveryState,
    NewDelivery,
    Payload,
    TryOutcome,
)
from modemgw.store.contract.events import AnsweredBefore, UnmatchedReport
from modemgw.store.contract.inbound import Gap, InboundQuery, Kept, Place, StoredPart, WaitingSet
from modemgw.store.contract.keys import KeyRow
from modemgw.store.contract.leases import Lease, LeaseHeld
from modemgw.store.contract.messages import MessageQuery, Unrouted, WaitingMessage
from modemgw.store.contract.pins import PinRow
from modemgw.store.contract.recent import Said
from modemgw.store.contract.sim_state import Balance, SeenSim
from modemgw.store.contract.store import Store
from modemgw.store.contract.templates import Parameter, Template, TemplateContent, Variant
from modemgw.store.contract.unit import Transaction, View
from modemgw.store.contract.usage import Bucket, Counts, Dimension, UsageQuery, UsageSum
from modemgw.store.contract.verifications import (
    CodeMessage,
    StoppedPrefix,
    Use,
    Verification,
    VerificationQuery,
)
from modemgw.store.contract.webhooks import Webhook, WebhookSecret
from modemgw.store.errors import StoreConflict, StoreError, StoreUnavailable

__all__ = [
    "Alert",
    "AlertQuery",
    "Answer",
    "AnsweredBefore",
    "AttemptKey",
    "AuditQuery",
    "AuditRecord",
    "Balance",
    "Batch",
    "BatchQuery",
    "BatchState",
    "Begun",
    "Bucket",
    "BudgetHold",
    "BudgetPeriod",
    "BudgetUse",
    "Candidate",
    "CodeMessage",
    "Consent",
    "ConsentQuery",
    "ConsentState",
    "ConversationQuery",
    "Counts",
    "Delivery",
    "DeliveryQuery",
    "DeliveryState",
    "Dimension",
    "Gap",
    "InboundQuery",
    "Kept",
    "KeyRow",
    "Lease",
    "LeaseHeld",
    "MessageQuery",
    "NewBatch",
    "NewDelivery",
    "Parameter",
    "Payload",
    "PinRow",
    "Place",
    "Said",
    "SeenSim",
    "Silence",
    "Span",
    "StoppedPrefix",
    "Store",
    "StoreConflict",
    "StoreError",
    "StoreUnavailable",
    "StoredPart",
    "Template",
    "TemplateContent",
    "Transaction",
    "TryOutcome",
    "UnmatchedReport",
    "Unrouted",
    "UsageQuery",
    "UsageSum",
    "Use",
    "Variant",
    "Verification",
    "VerificationQuery",
    "View",
    "WaitingMessage",
    "WaitingSet",
    "Webhook",
    "WebhookSecret",
]
