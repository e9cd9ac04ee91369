"""What was received, and who gets it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from modemgw.client.answers import (
    Conversation,
    ConversationItem,
    Delivery,
    Handler,
    HandlerTest,
    Inbound,
    MatchedHandler,
)
from modemgw.client.outgoing import asked, moment
from modemgw.client.transport import Transport, segment


class InboundFilters(TypedDict, total=False):
    """Which received messages to list; times are RFC 3339, or datetimes with a zone."""

    from_: str | None
    to: str | None
    """The number of the SIM."""
    modem: str | None
    kind: str | None
    read: bool | None
    complete: bool | None
    since: datetime | str | None
    until: datetime | str | None
    limit: int
    """Of one page, 1 to 1000."""


class ConversationFilters(TypedDict, total=False):
    """Which conversations to list."""

    unread: bool
    """Only those with unread messages."""
    limit: int
    """Of one page, 1 to 1000."""


class DeliveryFilters(TypedDict, total=False):
    """Which deliveries to list."""

    state: str | None
    limit: int
    """Of one page, 1 to 1000."""


class SampleFields(TypedDict, total=False):
    """A message, or a call, that is made up; what is left out is as with the first modem."""

    on: Literal["message", "call"]
    from_: str | None
    """The sender as the network gives it; None for a caller who withholds it."""
    text: str | None
    data: bytes | None
    """Instead of `text`."""
    to: str | None
    modem: str | None
    sim: str | None
    ports: Mapping[str, int] | None
    """`destination` and `source`."""
    message_class: int | None
    name: str | None
    """Of a caller."""


def _sample(fields: SampleFields) -> dict[str, Any]:
    body: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    for name, sent in (("from_", "from"), ("message_class", "class")):
        if name in body:
            body[sent] = body.pop(name)
    if "data" in body:
        body["data"] = base64.b64encode(body["data"]).decode("ascii")
    return body


class Replaying(Transport):
    """What handlers and webhooks have in common."""

    async def _replay(
        self,
        path: str,
        deliveries: Sequence[str] | None,
        since: datetime | str | None,
        until: datetime | str | None,
        state: str | None,
    ) -> int:
        given: dict[str, Any] = {
            "deliveries": None if deliveries is None else list(deliveries),
            "since": None if since is None else moment(since),
            "until": None if until is None else moment(until),
            "state": state,
        }
        body = {name: value for name, value in given.items() if value is not None}
        count: int = (await self._post(path, body))["replayed"]
        return count


class Incoming(Replaying):
    """Calls about received messages and handlers."""

    async def inbound(self, identifier: str) -> Inbound:
        """A received message."""
        return Inbound(await self._get(f"v1/inbound/{segment(identifier)}"))

    def inbounds(self, **filters: Unpack[InboundFilters]) -> AsyncIterator[Inbound]:
        """The received messages, newest first; a page is fetched when it is wanted."""
        query = asked(filters)
        if "from_" in query:
            query["from"] = query.pop("from_")
        return self._pages("v1/inbound", query, Inbound)

    async def mark_inbound(self, identifier: str, *, read: bool = True) -> Inbound:
        """Mark a received message as read, or as not read."""
        path, body = f"v1/inbound/{segment(identifier)}", {"read": read}
        return Inbound((await self._request("PATCH", path, body=body, repeatable=True)).document)

    def conversations(self, **filters: Unpack[ConversationFilters]) -> AsyncIterator[Conversation]:
        """Conversations, that with the newest message first; pages are fetched when wanted."""
        return self._pages("v1/conversations", asked(filters), Conversation)

    def conversation(self, number: str, *, limit: int = 50) -> AsyncIterator[ConversationItem]:
        """What was sent to a number and received from it, newest first; `limit`: of one page."""
        path = f"v1/conversations/{segment(number)}"
        return self._pages(path, {"limit": limit}, ConversationItem)

    async def mark_conversation(self, number: str, *, through: str | None = None) -> int:
        """Mark what was received from a number as read; returns how many were not before.

        `through`: the id of the last one that was seen; what came after it stays unread.
        """
        body: dict[str, Any] = {"read": True}
        if through is not None:
            body["through"] = through
        path = f"v1/conversations/{segment(number)}"
        reply = await self._request("PATCH", path, body=body, repeatable=True)
        return int(reply.document["marked"])

    async def handlers(self) -> list[Handler]:
        """Every handler, and how many of its deliveries have not been made."""
        return [Handler(item) for item in (await self._get("v1/handlers"))["items"]]

    def deliveries(
        self, handler: str, **filters: Unpack[DeliveryFilters]
    ) -> AsyncIterator[Delivery]:
        """The deliveries of a handler, newest first; a page is fetched when it is wanted."""
        return self._pages(f"v1/handlers/{segment(handler)}/deliveries", filters, Delivery)

    async def replay(
        self,
        handler: str,
        deliveries: Sequence[str] | None = None,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        state: Literal["dead", "delivered"] | None = None,
    ) -> int:
        """Have ended deliveries made once more: these, or all of a state (dead) and time.

        Returns how many they are.
        """
        return await self._replay(
            f"v1/handlers/{segment(handler)}/replay", deliveries, since, until, state
        )

    async def match_handlers(self, **sample: Unpack[SampleFields]) -> list[MatchedHandler]:
        """Of each handler, whether something made up is for it."""
        found = await self._post("v1/handlers/match", _sample(sample))
        return [MatchedHandler(item) for item in found["items"]]

    async def test_handler(self, handler: str, **sample: Unpack[SampleFields]) -> HandlerTest:
        """Have a handler do what it does with something made up; nothing is sent.

        A program is run and a webhook is posted to.
        """
        return HandlerTest(
            await self._post(f"v1/handlers/{segment(handler)}/test", _sample(sample))
        )
