"""What callers may send: bodies and query strings, their shape only, a file for each resource.

What they mean (is this a number? does this route exist?) is the gateway's to judge.
"""

from modemgw.api.requests.alerts import AlertsQuery, SilenceBody
from modemgw.api.requests.batches import (
    MAX_BATCH,
    MAX_RATE,
    BatchChanges,
    BatchesQuery,
    BatchMessagesQuery,
    BatchOfMessages,
    BatchOfRecipients,
    MoreMessages,
    MoreRecipients,
)
from modemgw.api.requests.consents import (
    ConsentBody,
    ConsentsQuery,
    ErasureBody,
    ImportQuery,
    NumberBody,
)
from modemgw.api.requests.conversations import (
    ConversationChanges,
    ConversationItemsQuery,
    ConversationsQuery,
)
from modemgw.api.requests.deliveries import MAX_REPLAY, DeliveriesQuery, ReplayBody
from modemgw.api.requests.events import MAX_EVENT, EventsQuery
from modemgw.api.requests.handlers import SampleBody
from modemgw.api.requests.inbound import InboundChanges, InboundsQuery
from modemgw.api.requests.keys import (
    AuditQuery,
    KeyBody,
    KeyLimit,
    KeyLimitsBody,
    RotateBody,
    Scope,
)
from modemgw.api.requests.messages import (
    MAX_VALIDITY_S,
    BatchItem,
    MessageBody,
    MessagesQuery,
    PortsBody,
    Recipient,
    SharedFields,
)
from modemgw.api.requests.modems import AtBody, TraceQuery, UssdBody
from modemgw.api.requests.shared import (
    MAX_BASE64,
    WHOLE,
    Base64,
    Body,
    Cursor,
    Limit,
    Number,
    PostableUrl,
    Query,
)
from modemgw.api.requests.templates import TemplateBody, TemplatePreviewBody
from modemgw.api.requests.usage import UsageQuery
from modemgw.api.requests.verifications import (
    CheckBody,
    NumberCheckBody,
    VerificationBody,
    VerificationsQuery,
)
from modemgw.api.requests.webhooks import (
    WebhookBody,
    WebhookChanges,
    WebhookDescription,
    WebhookEnabled,
    WebhookEvents,
)

__all__ = [
    "MAX_BASE64",
    "MAX_BATCH",
    "MAX_EVENT",
    "MAX_RATE",
    "MAX_REPLAY",
    "MAX_VALIDITY_S",
    "WHOLE",
    "AlertsQuery",
    "AtBody",
    "AuditQuery",
    "Base64",
    "BatchChanges",
    "BatchItem",
    "BatchMessagesQuery",
    "BatchOfMessages",
    "BatchOfRecipients",
    "BatchesQuery",
    "Body",
    "CheckBody",
    "ConsentBody",
    "ConsentsQuery",
    "ConversationChanges",
    "ConversationItemsQuery",
    "ConversationsQuery",
    "Cursor",
    "DeliveriesQuery",
    "ErasureBody",
    "EventsQuery",
    "ImportQuery",
    "InboundChanges",
    "InboundsQuery",
    "KeyBody",
    "KeyLimit",
    "KeyLimitsBody",
    "Limit",
    "MessageBody",
    "MessagesQuery",
    "MoreMessages",
    "MoreRecipients",
    "Number",
    "NumberBody",
    "NumberCheckBody",
    "PortsBody",
    "PostableUrl",
    "Query",
    "Recipient",
    "ReplayBody",
    "RotateBody",
    "SampleBody",
    "Scope",
    "SharedFields",
    "SilenceBody",
    "TemplateBody",
    "TemplatePreviewBody",
    "TraceQuery",
    "UsageQuery",
    "UssdBody",
    "VerificationBody",
    "VerificationsQuery",
    "WebhookBody",
    "WebhookChanges",
    "WebhookDescription",
    "WebhookEnabled",
    "WebhookEvents",
]
