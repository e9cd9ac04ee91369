"""Many messages that are sent, paced, paused and called off together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypedDict, Unpack

from modemgw.client.answers import AcceptedBatch, Batch, BatchPreview, Message
from modemgw.client.errors import Unreachable
from modemgw.client.outgoing import SendOptions, message_body
from modemgw.client.transport import Transport, segment

_POLL_S: Final = 2.0
_PATIENCE_S: Final = 30.0


class BatchFilters(TypedDict, total=False):
    """Which batches to list."""

    name: str | None
    state: Literal["scheduled", "running", "paused", "canceled", "done"] | None
    limit: int
    """Of one page, 1 to 1000."""


class BatchChanges(TypedDict, total=False):
    """What is to be changed about a batch."""

    name: str | None
    rate_per_minute: int | None
    """None: as many as the SIMs can."""
    more: Literal[False]
    """Nothing is added to it any more."""


def has_ended(batch: Batch) -> bool:
    """Whether nothing of the batch waits or is being sent any more."""
    return batch.ended_at is not None


class Batches(Transport):
    """Calls about batches."""

    async def send_batch(
        self,
        messages: Sequence[Mapping[str, Any]] | None = None,
        *,
        to: Sequence[str] | None = None,
        text: str | None = None,
        data: bytes | None = None,
        name: str | None = None,
        rate_per_minute: int | None = None,
        more: bool = False,
        idempotency_key: str | None = None,
        **options: Unpack[SendOptions],
    ) -> AcceptedBatch:
        """Many messages (bodies as of POST /v1/messages), or one content to many recipients.

        `rate_per_minute`: how many of them may begin in a minute. `more`: others are added with
        `add_to_batch`.
        """
        body = _body(messages, to, text, data, more=more, **options)
        given = {"name": name, "rate_per_minute": rate_per_minute}
        body |= {k: v for k, v in given.items() if v is not None}
        return AcceptedBatch(await self._create("v1/batches", body, idempotency_key))

    async def add_to_batch(
        self,
        identifier: str,
        messages: Sequence[Mapping[str, Any]] | None = None,
        *,
        to: Sequence[str] | None = None,
        text: str | None = None,
        data: bytes | None = None,
        more: bool = False,
        idempotency_key: str | None = None,
        **options: Unpack[SendOptions],
    ) -> AcceptedBatch:
        """Further messages of a batch that was said to have `more`."""
        body = _body(messages, to, text, data, more=more, **options)
        path = f"v1/batches/{segment(identifier)}/messages"
        return AcceptedBatch(await self._create(path, body, idempotency_key))

    async def preview_batch(
        self,
        messages: Sequence[Mapping[str, Any]] | None = None,
        *,
        to: Sequence[str] | None = None,
        text: str | None = None,
        data: bytes | None = None,
        **options: Unpack[SendOptions],
    ) -> BatchPreview:
        """What a batch would be sent as, and what is wrong with it; sends nothing."""
        body = _body(messages, to, text, data, **options)
        return BatchPreview(await self._post("v1/preview/batch", body, repeatable=True))

    async def batch(self, identifier: str) -> Batch:
        """A batch, and how far its messages came."""
        return Batch(await self._get(f"v1/batches/{segment(identifier)}"))

    def batches(self, **filters: Unpack[BatchFilters]) -> AsyncIterator[Batch]:
        """The batches, newest first; a page is fetched when it is wanted."""
        return self._pages("v1/batches", filters, Batch)

    def batch_messages(
        self, identifier: str, *, status: str | None = None, limit: int = 50
    ) -> AsyncIterator[Message]:
        """The messages of a batch, newest first; a page of `limit` is fetched when it is wanted."""
        path = f"v1/batches/{segment(identifier)}/messages"
        return self._pages(path, {"status": status, "limit": limit}, Message)

    async def change_batch(self, identifier: str, **changes: Unpack[BatchChanges]) -> Batch:
        """Give a batch another name or pace, or say that nothing is added to it any more."""
        path = f"v1/batches/{segment(identifier)}"
        reply = await self._request("PATCH", path, body=dict(changes), repeatable=True)
        return Batch(reply.document)

    async def pause_batch(self, identifier: str) -> Batch:
        """Hold back what of a batch has not begun."""
        return await self._control(identifier, "pause")

    async def resume_batch(self, identifier: str) -> Batch:
        """Go on with a paused batch."""
        return await self._control(identifier, "resume")

    async def cancel_batch(self, identifier: str) -> Batch:
        """Cancel what of a batch has not begun; the counts show how far that came."""
        return await self._control(identifier, "cancel")

    async def _control(self, identifier: str, verb: str) -> Batch:
        path = f"v1/batches/{segment(identifier)}/{verb}"
        return Batch(await self._post(path, repeatable=True))

    async def wait_for_batch(
        self,
        identifier: str,
        *,
        until: Callable[[Batch], bool] = has_ended,
        on_change: Callable[[Batch], None] | None = None,
    ) -> Batch:
        """Return the batch as soon as `until` holds for it; `on_change` sees it on the way.

        It looks every two seconds. A gateway that is started anew is waited for, for 30 seconds.
        """
        seen: Batch | None = None
        answered = self._clock.monotonic()
        while True:
            try:
                batch = await self.batch(identifier)
            except Unreachable:
                if seen is None or self._clock.monotonic() - answered > _PATIENCE_S:
                    raise
            else:
                answered = self._clock.monotonic()
                if on_change is not None and batch != seen:
                    on_change(batch)
                if until(batch):
                    return batch
                seen = batch
            await self._clock.sleep(_POLL_S)


def _body(
    messages: Sequence[Mapping[str, Any]] | None,
    to: Sequence[str] | None,
    text: str | None,
    data: bytes | None,
    *,
    more: bool = False,
    **options: Unpack[SendOptions],
) -> dict[str, Any]:
    body: dict[str, Any] = message_body(text, data, **options)
    if messages is not None:
        body["messages"] = list(messages)
    if to is not None:
        body["to"] = list(to)
    if more:
        body["more"] = True
    return body
