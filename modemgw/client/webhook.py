"""Webhooks as they come to your server, after the Standard Webhooks specification.

from modemgw.client import webhook

event = webhook.verify(await request.read(), request.headers, "whsec_…")
if event.type == "message.delivered":
    print(event.message.id)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from json import JSONDecodeError
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from modemgw.client.answer import Answer
from modemgw.client.answers import Inbound, Message
from modemgw.client.errors import ClientError


class InvalidSignature(ClientError):
    """What came was not signed with this secret, was changed, or is not of these minutes."""


class WebhookEvent(Answer):
    """Something that happened, as a webhook tells it."""

    type: str
    timestamp: datetime
    data: dict[str, Any]

    @property
    def message(self) -> Message:
        """What `message.*` tells of."""
        return Message(self.data)

    @property
    def inbound(self) -> Inbound:
        """What `inbound.received` and `inbound.completed` tell of."""
        return Inbound(self.data)


def verify(
    payload: bytes | str, headers: Mapping[str, str], secret: str | Sequence[str]
) -> WebhookEvent:
    """The event in a request, if it is genuine and no more than five minutes old.

    `payload` is the body as it came, not as it was parsed. `secret`: `whsec_…`, or several of which
    one must fit, as while it is rotated. The same event may come twice: its `webhook-id` is the
    same then. Raises InvalidSignature, and ValueError for a secret that is none.
    """
    secrets = [secret] if isinstance(secret, str) else list(secret)
    keys = [_key(one) for one in secrets]
    if not keys:
        raise ValueError("give a secret, such as whsec_…")
    problem = "no secret fits"
    for key in keys:
        try:
            document = key.verify(payload, dict(headers.items()))
        except WebhookVerificationError as error:
            problem = str(error)
        except JSONDecodeError as error:
            raise InvalidSignature("the body is signed, but no JSON") from error
        except ValueError:
            problem = "the headers are not as they must be"
        else:
            return WebhookEvent(document)
    raise InvalidSignature(f"this is no webhook of ours: {problem}")


def sign(payload: str, identifier: str, at: datetime, secret: str) -> dict[str, str]:
    """The headers that `verify` wants, for tests and for those who send webhooks on.

    Raises ValueError for a secret that is none.
    """
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": _key(secret).sign(identifier, at, payload),
    }


def _key(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except Exception as error:  # its own kinds, and those of base64
        raise ValueError("this is no secret: it looks like whsec_ and base64") from error
