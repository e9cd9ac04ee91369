"""Who is told by signed requests: the webhooks of the store, and the hosts that messages name.

What belongs to a message is told in its order, one after the other; so is what one sender sends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from modemgw.clock import Clock
from modemgw.gateway.deliveries.outcome import GONE, Never, Retry
from modemgw.gateway.deliveries.patience import OF_WEBHOOKS
from modemgw.gateway.deliveries.payload import Tell
from modemgw.gateway.deliveries.post import Post
from modemgw.gateway.deliveries.subscriber import Subscriber
from modemgw.gateway.deliveries.targets import Targets
from modemgw.gateway.event_types import fits
from modemgw.store import Payload, Transaction, Webhook
from modemgw.store.records import Event, Inbound

TEST = "webhook.test"
"""The type of what is sent to try a webhook out; no event of the log."""
DISABLED = "webhook.disabled"
"""The event of a webhook that we have disabled."""
TIMEOUT_S = 15.0
"""How long a request may take, from the look-up of the name to the end of the answer."""
WEBHOOK_AT_ONCE = 8
CALLBACK_AT_ONCE = 4
"""Requests to one host that messages name; each host has places of its own."""
ENDPOINT = "endpoint"
"""What is recorded as the kind of their deliveries."""
CALLBACK = "callback:"
"""The ids of those hosts begin so."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What is needed to post to somebody."""

    targets: Targets
    tell: Tell
    key_secret: Callable[[str], Awaitable[str | None]]
    """The secret of the API key with this name."""
    clock: Clock


_IN_ORDER = ("message.", "verification.")
"""Of these families what is told of one thing, by its id, comes in its order."""


class _Told(Subscriber):
    """Somebody who is told by signed requests."""

    with_messages = True
    pace_s = 0.25

    def key(self, event: Event, message: Inbound | None) -> str | None:
        """See Subscriber."""
        if message is not None:
            return message.sender
        return event.data.get("id") if event.type.startswith(_IN_ORDER) else None


class Endpoint(_Told):
    """A webhook of the store."""

    def __init__(self, webhook: Webhook, outside: Outside) -> None:
        self.webhook = webhook
        """As it is now: another one when it is changed."""
        self._clock = outside.clock
        post = Post(
            lambda _: webhook.url,
            self._secrets,
            tell=outside.tell,
            guard=outside.targets.guard(),
            clock=outside.clock,
        )
        super().__init__(
            webhook.id,
            ENDPOINT,
            post,
            at_once=WEBHOOK_AT_ONCE,
            timeout_s=TIMEOUT_S,
            patience=OF_WEBHOOKS,
        )

    def __str__(self) -> str:
        return f"webhook {self.id}"

    @property
    def held(self) -> bool:
        """See Subscriber."""
        return not self.webhook.enabled

    def hears(self, type: str) -> bool:
        """See Subscriber."""
        return self.webhook.enabled and any(fits(p, type) for p in self.webhook.events)

    def wants(self, event: Event, message: Inbound | None) -> bool:
        """See Subscriber."""
        return event.id > self.webhook.after_event

    def once(self, payload: Payload) -> bool:
        """See Subscriber."""
        return payload.event == TEST

    def given_up(self, tx: Transaction, outcome: Retry | Never) -> Webhook | None:
        """Who says that it is gone is left in peace."""
        if outcome.code != GONE:
            return None
        now = tx.webhooks.get(self.id)
        if now is None or not now.enabled or now.url != self.webhook.url:
            return None
        disabled = replace(now, enabled=False, disabled_reason=outcome.problem)
        tx.webhooks.put(disabled)
        tx.events.emit(DISABLED, {"webhook": self.id, "reason": outcome.problem})
        return disabled

    async def _secrets(self, payload: Payload) -> Sequence[str]:
        now = self._clock.time()
        return [s.secret for s in self.webhook.secrets if s.until is None or s.until > now]


class Callback(_Told):
    """A host that messages name to be told what becomes of them."""

    def __init__(self, id: str, outside: Outside) -> None:
        self._key_secret = outside.key_secret
        post = Post(
            _callback_url,
            self._secrets,
            tell=outside.tell,
            guard=outside.targets.guard(),
            clock=outside.clock,
        )
        super().__init__(
            id,
            "callback",
            post,
            at_once=CALLBACK_AT_ONCE,
            timeout_s=TIMEOUT_S,
            patience=OF_WEBHOOKS,
        )

    def hears(self, type: str) -> bool:
        """See Subscriber: what is for it is told by the messages."""
        return False

    async def _secrets(self, payload: Payload) -> Sequence[str]:
        assert payload.message is not None, "it is told of messages only"
        secret = await self._key_secret(payload.message.key)
        return [] if secret is None else [secret]


def callback_id(url: str) -> str:
    """Who gets what is for this address: its host and port."""
    try:
        parts = urlsplit(url)
    except ValueError:  # accepted by an earlier version; posting says what is wrong with it
        return f"{CALLBACK}?"
    return f"{CALLBACK}{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


def _callback_url(payload: Payload) -> str:
    assert payload.message is not None, "it is told of messages only"
    assert payload.message.callback_url is not None, "it named one"
    return payload.message.callback_url
