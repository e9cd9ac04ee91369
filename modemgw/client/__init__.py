"""A client of the HTTP API, for Python; docs/client.md shows it.

    async with Client("http://127.0.0.1:8080", key) as client:
        message = await client.send("+447700900001", "Hello", wait=30)

It knows nothing of the server but the API.
"""

from modemgw.client.answer import Answer, NotInAnswer
from modemgw.client.answers import FINAL
from modemgw.client.batches import BatchChanges, BatchFilters, has_ended
from modemgw.client.blocking import SyncClient
from modemgw.client.client import Client
from modemgw.client.errors import (
    ApiError,
    BudgetExhausted,
    ClientError,
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    InvalidRequest,
    ModemFailed,
    NotFound,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    Untrusted,
)
from modemgw.client.outgoing import MessageFilters, SendOptions, is_final, message_body
from modemgw.client.retry import NEVER, Retry
from modemgw.client.templates import ParameterOptions, TemplateOptions, VariantOptions
from modemgw.client.transport import DEFAULT_URL
from modemgw.client.verifications import VerificationFilters, VerificationOptions
from modemgw.client.webhooks import WebhookChanges

__all__ = [
    "DEFAULT_URL",
    "FINAL",
    "NEVER",
    "Answer",
    "ApiError",
    "BatchChanges",
    "BatchFilters",
    "BudgetExhausted",
    "Client",
    "ClientError",
    "Conflict",
    "Forbidden",
    "IdempotencyKeyReused",
    "InvalidRequest",
    "MessageFilters",
    "ModemFailed",
    "NotFound",
    "NotInAnswer",
    "ParameterOptions",
    "Retry",
    "SendOptions",
    "SyncClient",
    "TemplateOptions",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "Untrusted",
    "VariantOptions",
    "VerificationFilters",
    "VerificationOptions",
    "WebhookChanges",
    "has_ended",
    "is_final",
    "message_body",
]
