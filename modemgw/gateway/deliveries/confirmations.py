"""What is answered to who opts out, opts in or asks for help: by the gateway itself, durably.

It is a subscriber like the handlers are, and answers as a reply does: accepted in the transaction
that ends its delivery, so once, whatever ends this process in between.
"""

from __future__ import annotations

from dataclasses import replace

from modemgw.config import Config, OptOutSection
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.outcome import Never, Outcome
from modemgw.gateway.deliveries.patience import OF_HANDLERS
from modemgw.gateway.deliveries.subscriber import Subscriber
from modemgw.gateway.following import Rest, nothing_left
from modemgw.store import Payload, Store
from modemgw.store.records import Event, Inbound

ID = "gateway:opt-out"
"""Has a character that no handler's id has."""
AT_ONCE = 4
TIMEOUT_S = 30.0


class Confirmation:
    """Answers a keyword, by the language and the state that its event tells of."""

    def __init__(
        self,
        section: OptOutSection,
        store: Store,
        answering: Answering,
    ) -> None:
        self.section = section
        self._store = store
        self._answering = answering

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self.section = config.opt_out
        return nothing_left()

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind."""
        if not (self.section.enabled and self.section.confirm):
            return Never("nothing is confirmed any more: [opt_out]")
        id = str(payload.data["inbound"])
        asked = await self._store.look_up(lambda view: view.inbound.get(id))
        if asked is None:
            return Never("the message that it would answer is no longer kept")
        return await self._answering.answer(replace(payload, inbound=asked), self._text(payload))

    def _text(self, payload: Payload) -> str:
        sets = self.section.sets
        language = sets.get(str(payload.data["language"])) or next(iter(sets.values()))
        match payload.event:
            case "consent.opted_out":
                return language.stopped
            case "consent.opted_in":
                return language.started
            case _:
                return language.helped

    async def close(self) -> None:
        """See Kind."""


class Confirmations(Subscriber):
    """Hears of decisions, and answers those that were made by SMS and are not a handler's to
    answer."""

    kind: Confirmation

    def __init__(self, kind: Confirmation) -> None:
        super().__init__(
            ID, "confirmation", kind, at_once=AT_ONCE, timeout_s=TIMEOUT_S, patience=OF_HANDLERS
        )

    def __str__(self) -> str:
        return "the answer to a keyword"

    def hears(self, type: str) -> bool:
        """See Subscriber."""
        return type.startswith("consent.") and self.kind.section.confirm

    def wants(self, event: Event, message: Inbound | None) -> bool:
        """See Subscriber."""
        return bool(event.data.get("answered"))

    def key(self, event: Event, message: Inbound | None) -> str | None:
        """See Subscriber. The last answer that somebody gets is to what they wrote last."""
        return str(event.data["number"])
