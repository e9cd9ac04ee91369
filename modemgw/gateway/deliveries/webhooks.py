"""Webhooks: who asked to be told of what by HTTP, and what became of telling them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypedDict, TypeVar

from modemgw.clock import Clock
from modemgw.gateway.admission.idempotency import first_answer
from modemgw.gateway.admission.results import Idempotency
from modemgw.gateway.deliveries import replaying
from modemgw.gateway.deliveries.endpoint import CALLBACK, ENDPOINT, TEST
from modemgw.gateway.deliveries.queue import Deliveries
from modemgw.gateway.deliveries.replaying import Replay
from modemgw.gateway.errors import (
    Conflict,
    FieldProblem,
    GatewayError,
    NotFound,
    Rejected,
)
from modemgw.gateway.event_types import unknown_types
from modemgw.gateway.identifiers import new_id
from modemgw.store import (
    AnsweredBefore,
    Delivery,
    DeliveryQuery,
    NewDelivery,
    Store,
    StoreConflict,
    Transaction,
    View,
    Webhook,
    WebhookSecret,
)
from modemgw.store.contract.deliveries import name_of
from modemgw.store.contract.keys import new_webhook_secret
from modemgw.store.records import Page

T = TypeVar("T")

ROTATION_S = 24 * 3600.0
"""How long the secret of before signs beside the new one."""
TEST_WAIT_S = 20.0
"""How long is waited for the end of a test; above the time that a delivery may take."""


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook without its secrets, and how many of its deliveries have not been made."""

    id: str
    """`whk_…`"""
    url: str
    events: tuple[str, ...]
    """Types of events: `message.*`, `inbound.received`, `*` …"""
    description: str | None
    enabled: bool
    created_at: float
    """UTC seconds."""
    disabled_reason: str | None
    """Why the gateway has disabled it; None: it has not."""
    pending: int
    """Deliveries not made yet, those being made among them."""
    dead: int
    problem: str | None
    """Why it did not take the last delivery of this run, if it did not; nothing of a message."""


@dataclass(frozen=True, slots=True)
class CreatedWebhook:
    """A webhook that was just created, and its secret, which is shown this once."""

    view: WebhookView
    secret: str


class Change(TypedDict, total=False):
    """What of a webhook is to be changed: the keys that are there."""

    url: str
    events: Sequence[str]
    description: str | None
    enabled: bool


class _Refusal(StoreConflict):
    """A unit of work leaves everything as it is, and why the door is to say so."""

    def __init__(self, why: GatewayError) -> None:
        super().__init__(str(why))
        self.why = why


class Webhooks:
    """The webhooks and their deliveries. Each verb raises StoreUnavailable when the store fails."""

    def __init__(
        self, deliveries: Deliveries, *, store: Store, clock: Clock, random: Random
    ) -> None:
        self._deliveries = deliveries
        self._store = store
        self._clock = clock
        self._random = random

    async def all(self) -> list[WebhookView]:
        """Every webhook, the oldest first."""
        return await self._store.read(
            lambda view: [self._view(view, webhook) for webhook in view.webhooks.all()]
        )

    async def one(self, id: str) -> WebhookView:
        """One webhook. Raises NotFound."""
        return await self._store.look_up(lambda view: self._view(view, _known(view, id)))

    async def create(
        self,
        *,
        url: str,
        events: Sequence[str],
        description: str | None = None,
        enabled: bool = True,
        key: str = "",
        idempotency: Idempotency | None = None,
    ) -> CreatedWebhook | bytes:
        """Tell `url` of these events from now on; or the first answer to the same request.

        `key`: the name of the API key that asks, to which `idempotency` belongs. Raises Rejected
        (`url`, `events[i]`), IdempotencyConflict.
        """
        self._check(url, events)
        now, secret = self._clock.time(), new_webhook_secret()
        webhook = Webhook(
            id=new_id("whk", now, self._random),
            url=url,
            events=tuple(dict.fromkeys(events)),
            description=description,
            enabled=enabled,
            created_at=now,
            disabled_reason=None,
            after_event=self._store.last_event,
            secrets=(WebhookSecret(secret),),
        )

        def work(tx: Transaction) -> tuple[Webhook, CreatedWebhook]:
            tx.webhooks.put(webhook)
            made = CreatedWebhook(self._view(tx, webhook), secret)
            if idempotency is not None:
                answer = idempotency.render(made)
                tx.answers.remember(key, idempotency.key, idempotency.fingerprint, answer)
            return webhook, made

        try:
            _, made = await self._store.write(work, then=lambda done: self._put(done[0]))
        except AnsweredBefore as before:
            return first_answer(before, idempotency)
        return made

    async def change(self, id: str, change: Change) -> WebhookView:
        """Change a webhook. Raises NotFound, Rejected (as `create`).

        A disabled one gets nothing: what is pending for it is held until it is enabled again,
        and what happens meanwhile it is never told.
        """
        self._check(change.get("url"), change.get("events"))
        last_event = self._store.last_event
        return await self._update(id, lambda before: _changed(before, change, last_event))

    async def delete(self, id: str) -> None:
        """Forget a webhook; what is pending for it is dead. Raises NotFound."""

        def work(tx: Transaction) -> None:
            if not tx.webhooks.delete(id):
                raise _Refusal(_missing(id))

        def drop(_: None) -> None:
            self._deliveries.roster.drop(id)
            self._deliveries.wake()

        await self._write(work, drop)

    async def rotate(self, id: str) -> str:
        """Give a webhook another secret, which is returned. Raises NotFound.

        The old ones sign beside it for ROTATION_S seconds (24 h).
        """
        secret, now = new_webhook_secret(), self._clock.time()

        def rotated(before: Webhook) -> Webhook:
            old = [
                WebhookSecret(s.secret, now + ROTATION_S if s.until is None else s.until)
                for s in before.secrets
                if s.until is None or s.until > now
            ]
            return replace(before, secrets=(WebhookSecret(secret), *old))

        await self._update(id, rotated)
        return secret

    async def test(self, id: str) -> Delivery:
        """Send a `webhook.test` event to this webhook alone, once; it is not tried again.

        Returns the delivery when it has ended (its `outcomes` say how), or as it stands after
        TEST_WAIT_S. Raises NotFound, Conflict (it is disabled).
        """

        def work(tx: Transaction) -> int:
            webhook = tx.webhooks.get(id)
            if webhook is None:
                raise _Refusal(_missing(id))
            if not webhook.enabled:
                raise _Refusal(Conflict(f"webhook {id} is disabled: enable it first"))
            return tx.deliveries.add_alone(TEST, NewDelivery(id, ENDPOINT))

        n = await self._write(work)
        async with self._deliveries.trying(n) as tried:
            self._deliveries.wake()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TEST_WAIT_S):
                    await tried.wait()
        found = await self._store.look_up(lambda view: view.deliveries.get(n))
        if found is None:
            raise NotFound(f"the webhook was deleted, and with it the delivery {name_of(n)}")
        return found

    async def deliveries(self, query: DeliveryQuery) -> Page[Delivery]:
        """A page of a webhook's deliveries, newest first; `query.subscriber` is its id.

        So are those to the `callback_url`s of a host: its id is `callback:` and where it is, such
        as `callback:http://127.0.0.1:5000`. A try has `answer` (its first 1,024 octets) where there
        was an answer. Raises NotFound, Rejected (cursor).
        """
        await self._require(query.subscriber)
        return await replaying.find(self._store, query)

    async def replay(self, id: str, wanted: Replay) -> int:
        """Have deliveries made once more; returns how many. What has not ended is left alone.

        Raises NotFound; Rejected for deliveries that are not this webhook's: then none is made.
        """
        await self._require(id)
        count = await replaying.replay(self._store, id, wanted)
        self._deliveries.wake()
        return count

    # --- within

    def _check(self, url: str | None, events: Sequence[str] | None) -> None:
        found = [] if events is None else unknown_types(events)
        if events is not None and not events:
            found = [FieldProblem("events", "this must name a type of events at least", "missing")]
        problem = None if url is None else self._deliveries.targets.problem(url)
        if problem is not None:
            found = [FieldProblem("url", problem, "unfit"), *found]
        if found:
            raise Rejected(found)

    async def _update(self, id: str, change: Callable[[Webhook], Webhook]) -> WebhookView:
        def work(tx: Transaction) -> tuple[Webhook, WebhookView]:
            before = tx.webhooks.get(id)
            if before is None:
                raise _Refusal(_missing(id))
            webhook = change(before)
            tx.webhooks.put(webhook)
            return webhook, self._view(tx, webhook)

        _, view = await self._write(work, lambda done: self._put(done[0]))
        return view

    async def _write(
        self, work: Callable[[Transaction], T], then: Callable[[T], None] | None = None
    ) -> T:
        try:
            return await self._store.write(work, then=then)
        except _Refusal as refusal:
            raise refusal.why from None

    def _put(self, webhook: Webhook) -> None:
        self._deliveries.roster.put(webhook)
        self._deliveries.wake()

    async def _require(self, id: str) -> None:
        if not id.startswith(CALLBACK):
            await self._store.look_up(lambda view: _known(view, id))
            return
        found = await replaying.find(self._store, DeliveryQuery(id, limit=1))
        if not found.items:
            host = id.removeprefix(CALLBACK)
            raise NotFound(f"nothing was to be posted to a callback_url at {host!r} of late")

    def _view(self, view: View, webhook: Webhook) -> WebhookView:
        counts = view.deliveries.counts(webhook.id)
        endpoint = self._deliveries.roster.endpoints.get(webhook.id)
        return WebhookView(
            id=webhook.id,
            url=webhook.url,
            events=webhook.events,
            description=webhook.description,
            enabled=webhook.enabled,
            created_at=webhook.created_at,
            disabled_reason=webhook.disabled_reason,
            pending=counts["pending"] + counts["claimed"],
            dead=counts["dead"],
            problem=None if endpoint is None else endpoint.complaint,
        )


def _known(view: View, id: str) -> Webhook:
    found = view.webhooks.get(id)
    if found is None:
        raise _missing(id)
    return found


def _missing(id: str) -> NotFound:
    return NotFound(f"there is no webhook {id!r}; see the list of webhooks")


def _changed(before: Webhook, change: Change, last_event: int) -> Webhook:
    after = replace(
        before,
        url=change.get("url", before.url),
        events=tuple(dict.fromkeys(change.get("events", before.events))),
        description=change.get("description", before.description),
        enabled=change.get("enabled", before.enabled),
    )
    if after.enabled and not before.enabled:
        return replace(after, disabled_reason=None, after_event=last_event)
    return after
