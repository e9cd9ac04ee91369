"""Sending, and what became of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from math import ceil
from typing import Any, Final, Literal, TypedDict, Unpack

from modemgw.client.answers import Message, MessageType, Preview
from modemgw.client.errors import ApiError, Conflict, Forbidden, Unreachable
from modemgw.client.happenings import Happenings
from modemgw.client.transport import Reply, idempotent, segment

MAX_WAIT_S: Final = 60
"""The gateway lets one answer wait no longer."""
_POLL_S: Final = 2.0
_PATIENCE_S: Final = 30.0


class PortsOption(TypedDict):
    """Application ports of a binary message."""

    destination: int
    source: int


class SendOptions(TypedDict, total=False):
    """What may be said about a message beside its recipient and content."""

    ports: PortsOption
    type: Literal["otp", "transactional", "promotional"]
    route: str
    modem: str
    encoding: Literal["auto", "gsm7", "ucs2", "binary"]
    transliterate: bool
    message_class: int
    validity: int
    """Seconds."""
    send_at: datetime | str
    receipt: bool
    reference: str
    callback_url: str
    max_parts: int
    tags: Sequence[str]
    template: str
    """Name of the template that makes the text, instead of a text …"""
    params: Mapping[str, Any]
    """… of these values …"""
    language: str
    """… best in this language: `pt-BR`."""


class MessageFilters(TypedDict, total=False):
    """Which messages to list; times are RFC 3339, or datetimes with a zone."""

    status: str | None
    to: str | None
    type: str | None
    reference: str | None
    since: datetime | str | None
    until: datetime | str | None
    limit: int
    """Of one page, 1 to 1000."""


def is_final(message: Message) -> bool:
    """Whether the message's status will not change by itself any more."""
    return message.is_final


def moment(when: datetime | str) -> str:
    """A time as the API wants it. Raises ValueError for one without a zone."""
    if isinstance(when, str):
        return when
    if when.tzinfo is None:
        raise ValueError("a time must have a zone, such as datetime.now(timezone.utc)")
    return when.isoformat()


def asked(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Filters as the API wants them."""
    return {name: _asked(value) for name, value in filters.items()}


def _asked(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return moment(value) if isinstance(value, datetime) else value


def message_body(
    text: str | None = None, data: bytes | None = None, **options: Unpack[SendOptions]
) -> dict[str, Any]:
    """The JSON body for a message, less its recipient."""
    body: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
    if "message_class" in body:
        body["class"] = body.pop("message_class")
    if "send_at" in body:
        body["send_at"] = moment(body["send_at"])
    if text is not None:
        body["text"] = text
    if data is not None:
        body["data"] = base64.b64encode(data).decode("ascii")
    return body


class Outgoing(Happenings):
    """Calls about messages to send."""

    async def send(
        self,
        to: str,
        text: str | None = None,
        *,
        data: bytes | None = None,
        idempotency_key: str | None = None,
        wait: float | None = None,
        **options: Unpack[SendOptions],
    ) -> Message:
        """Have a message sent; returns as soon as the gateway has promised to.

        `wait`: or when its fate is known, after so many seconds at the latest. It is sent once,
        however often the connection is lost: without a key of yours one is made up.
        """
        body = {"to": to, **message_body(text, data, **options)}
        headers = idempotent(idempotency_key)
        until = self._clock.monotonic() + (wait or 0)
        reply = await self._patiently("POST", "v1/messages", wait or 0, body=body, headers=headers)
        message = Message(reply.document)
        if not wait or message.is_final:
            return message
        # The answer may be that of a try before, or the gateway has no place to wait in.
        with suppress(Forbidden):  # a key that may send and not read
            return await self._fate(message, until)
        return message

    async def preview(
        self,
        to: str,
        text: str | None = None,
        *,
        data: bytes | None = None,
        **options: Unpack[SendOptions],
    ) -> Preview:
        """How a message would be sent; sends nothing."""
        body = {"to": to, **message_body(text, data, **options)}
        return Preview(await self._post("v1/preview", body, repeatable=True))

    async def types(self) -> list[MessageType]:
        """Every type of messages, what is most urgent first."""
        return [MessageType(item) for item in (await self._get("v1/types"))["items"]]

    async def message_type(self, name: str) -> MessageType:
        """One type of messages."""
        return MessageType(await self._get(f"v1/types/{segment(name)}"))

    async def message(self, identifier: str, *, wait: float | None = None) -> Message:
        """A message as it stands; `wait`: once it is final, or after so many seconds."""
        until = self._clock.monotonic() + (wait or 0)
        message = Message((await self._look(identifier, wait or 0)).document)
        return await self._fate(message, until) if wait else message

    async def cancel(self, identifier: str) -> Message:
        """Cancel a message of which nothing can have gone out; one that is canceled is that."""
        path = f"v1/messages/{segment(identifier)}"
        try:
            return Message((await self._request("DELETE", path, repeatable=True)).document)
        except Conflict:
            with suppress(Forbidden):  # a key that may send and not read
                message = await self.message(identifier)
                if message.status == "canceled":  # by a try whose answer was lost
                    return message
            raise

    def messages(self, **filters: Unpack[MessageFilters]) -> AsyncIterator[Message]:
        """The messages, newest first; a page is fetched when it is wanted."""
        return self._pages("v1/messages", asked(filters), Message)

    async def wait(
        self,
        identifier: str,
        *,
        until: Callable[[Message], bool] = is_final,
        on_change: Callable[[Message], None] | None = None,
    ) -> Message:
        """Return the message as soon as `until` holds for it; `on_change` sees it on the way.

        Events tell when to look again; without them (a proxy in between, a lost connection) it
        looks every two seconds. A gateway that is started anew is waited for, for 30 seconds. Put
        `asyncio.timeout` around it to wait no longer than that.
        """
        changed = asyncio.Event()
        listener = asyncio.create_task(self._nudge(identifier, changed))
        seen: Message | None = None
        answered = 0.0
        try:
            while True:
                changed.clear()
                try:
                    message = await self.message(identifier)
                except Unreachable:
                    if seen is None or self._clock.monotonic() - answered > _PATIENCE_S:
                        raise
                else:
                    answered = self._clock.monotonic()
                    if on_change is not None and message != seen:
                        on_change(message)
                    if until(message):
                        return message
                    seen = message
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_S):
                        await changed.wait()
        finally:
            listener.cancel()
            await asyncio.wait([listener])

    async def _nudge(self, identifier: str, changed: asyncio.Event) -> None:
        with suppress(ApiError, Unreachable):
            async with aclosing(self.events(types="message.*")) as events:
                async for event in events:
                    if event.data.get("id") == identifier:
                        changed.set()

    async def _fate(self, message: Message, until: float) -> Message:
        """The message once it is final; else as it is at `until`, on the monotonic clock."""
        while not message.is_final and (left_s := until - self._clock.monotonic()) > 0:
            reply = await self._look(message.id, left_s)
            message = Message(reply.document)
            if "Preference-Applied" not in reply.headers and not message.is_final:
                await self._clock.sleep(min(_POLL_S, max(0.0, until - self._clock.monotonic())))
        return message

    async def _look(self, identifier: str, wait_s: float) -> Reply:
        return await self._patiently("GET", f"v1/messages/{segment(identifier)}", wait_s)

    async def _patiently(
        self,
        method: str,
        path: str,
        wait_s: float,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A request whose answer may wait for so long, as far as the gateway lets it."""
        waiting = min(ceil(wait_s), MAX_WAIT_S)
        prefer = {"Prefer": f"wait={waiting}"} if waiting else {}
        return await self._request(
            method,
            path,
            body=body,
            headers={**(headers or {}), **prefer},
            repeatable=True,
            timeout_s=self._timeout_s + waiting,
        )
