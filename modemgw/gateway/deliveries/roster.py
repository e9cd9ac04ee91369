"""Who gets deliveries just now: handlers of the configuration, webhooks of the store, callbacks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from modemgw.config import HandlerSection
from modemgw.gateway.deliveries.endpoint import CALLBACK, Callback, Endpoint, Outside
from modemgw.gateway.deliveries.kinds import KINDS
from modemgw.gateway.deliveries.outcome import Kind, Warming
from modemgw.gateway.deliveries.subscriber import (
    Handler,
    Subscriber,
    former_ids,
    made_up_id,
    named,
)
from modemgw.store import Webhook

logger = logging.getLogger(__name__)

WHOM_AND_WHEN = ("id", "match", "stop", "in_order")
"""Keys of a handler's table that do not change what is done."""
CALLBACKS_KEPT = 64
"""Hosts to call back that are remembered, with their connections, though nothing is for them."""


class Roster:
    """The subscribers by id. `retire` is told who is replaced or removed."""

    def __init__(
        self,
        sections: Sequence[HandlerSection],
        *,
        make: Callable[[HandlerSection], Kind],
        outside: Outside,
        retire: Callable[[Subscriber], None],
        own: Sequence[Subscriber] = (),
    ) -> None:
        self._own = {subscriber.id: subscriber for subscriber in own}
        """Parts of the gateway itself."""
        self._make = make
        self._outside = outside
        self._retire = retire
        self._former = former_ids(sections)
        self.handlers: dict[str, Handler] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.callbacks: dict[str, Callback] = {}
        self.calls_back = False
        """Whether messages may name addresses to call back."""
        self._hearing: dict[str, bool] = {}
        """Types of events that were asked for, and whether they are for anybody."""

    def get(self, id: str) -> Subscriber | None:
        """The subscriber with this id."""
        return (
            self.handlers.get(id)
            or self.endpoints.get(id)
            or self.callbacks.get(id)
            or self._own.get(id)
        )

    def all(self) -> tuple[Subscriber, ...]:
        """Everybody."""
        return (
            *self.handlers.values(),
            *self.endpoints.values(),
            *self.callbacks.values(),
            *self._own.values(),
        )

    def hears(self, type: str) -> bool:
        """Whether events of a type may be for somebody."""
        known = self._hearing.get(type)
        if known is None:
            called = self.calls_back and type.startswith("message.")
            known = self._hearing[type] = called or any(s.hears(type) for s in self.all())
        return known

    def expect_callbacks(self) -> None:
        """Messages name addresses to call back from now on."""
        if not self.calls_back:
            self.calls_back = True
            self._hearing.clear()

    # --- handlers

    def configure(self, sections: Sequence[HandlerSection]) -> None:
        """Have these handlers from now on."""
        before, now = self.handlers, {}
        for id, section in named(sections).items():
            now[id] = self._handler(id, section, before.get(id))
            if section.id is None and id not in before:
                logger.info(
                    "a handler without an id is called %s; give it an id (of your own, or this) "
                    "if what is pending is to follow it to another address",
                    id,
                )
        self.handlers = now
        self._hearing.clear()
        for old in before.values():
            if old not in now.values():
                self._retire(old)

    def _handler(self, id: str, section: HandlerSection, old: Handler | None) -> Handler:
        if old is not None and not KINDS[section.action].anew:
            like = {name: getattr(section, name) for name in WHOM_AND_WHEN}
            if old.section.model_copy(update=like) == section:
                old.section = section
                return old
        return Handler(id, section, self._make(section))

    def warm(self) -> None:
        """Have handlers get ready that can."""
        for handler in self.handlers.values():
            if isinstance(handler.kind, Warming):
                handler.kind.warm()

    def heir(self, id: str) -> str | None:
        """Who is meant by the id of a handler that nobody has any more."""
        former = self._former.get(id)
        if former in self.handlers:
            return former
        for handler in self.handlers.values():
            if id == made_up_id(handler.section):  # it has been given an id of its own since
                return handler.id
        return None

    # --- webhooks and callbacks

    def put(self, webhook: Webhook) -> None:
        """Have this webhook, in place of the one with its id."""
        old = self.endpoints.get(webhook.id)
        if old is not None and old.webhook.url == webhook.url:
            if webhook.enabled and not old.webhook.enabled:
                old.failures, old.rests_until, old.complaint = 0, 0.0, None
            old.webhook = webhook
        else:
            self.endpoints[webhook.id] = Endpoint(webhook, self._outside)
            if old is not None:
                self._retire(old)
        self._hearing.clear()

    def drop(self, id: str) -> None:
        """Have this webhook no more."""
        old = self.endpoints.pop(id, None)
        self._hearing.clear()
        if old is not None:
            self._retire(old)

    def adopt(self, id: str) -> bool:
        """Have what is pending under an id delivered, if it is a callback's."""
        if id.startswith(CALLBACK) and id not in self.callbacks:
            self.callbacks[id] = Callback(id, self._outside)
        return id in self.callbacks

    def forget(self, idle: Iterable[str]) -> None:
        """Forget callbacks that have nothing to do, if there are many."""
        for id in idle:
            if len(self.callbacks) <= CALLBACKS_KEPT:
                return
            if id in self.callbacks and not self.callbacks[id].under_way:
                self._retire(self.callbacks.pop(id))

    def lead(self, outside: Outside) -> None:
        """Post as this says from now on."""
        self._outside = outside
        for endpoint in list(self.endpoints.values()):
            self.endpoints[endpoint.id] = Endpoint(endpoint.webhook, outside)
            self._retire(endpoint)
        for id, callback in list(self.callbacks.items()):
            self.callbacks[id] = Callback(id, outside)
            self._retire(callback)
