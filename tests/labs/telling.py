"""Webhooks over a real store: what happens is written, and told to receivers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from labs.answering import answering
from labs.clock import FakeClock
from labs.waiting import until
from modemgw.api.telling import tell
from modemgw.clock import Clock
from modemgw.config import WebhooksSection
from modemgw.gateway import CreatedWebhook, DeliveryQuery
from modemgw.gateway.deliveries import Deliveries
from modemgw.gateway.deliveries.webhooks import Webhooks
from modemgw.store import Delivery, Store, Transaction
from modemgw.store.contract.keys import new_webhook_secret
from modemgw.store.records import (
    Inbound,
    Mailing,
    Message,
    MessageStatus,
    NewMessage,
    Part,
    PartStatus,
)
from modemgw.store.sqlite import FILE_NAME, SqliteStore

SENT = MessageStatus.SENT


def message(id: str, **more: Any) -> Message:
    return Message(
        id=id, to="+447700900123", text="hello", data=None, ports=None, type="transactional",
        status=MessageStatus.QUEUED, encoding="gsm7", message_class=None, receipt=True,
        parts=(Part(1, PartStatus.QUEUED),), error=None, route="default", modem=None,
        key="shop", reference=None, callback_url=None, batch=None, tags=(),
        created_at=1.0, updated_at=1.0, send_at=None, expires_at=9e9,
    )._replace(**more)  # fmt: skip


def inbound(id: str, sender: str = "+447700900123", text: str = "hi") -> Inbound:
    return Inbound(
        id=id, sender=sender, to=None, text=text, data=None, encoding="gsm7", parts_total=1,
        parts=(), complete=True, modem="m1", sim="s1", sent_at=None, received_at=1.0,
    )  # fmt: skip


class Telling:
    """A store, and who is told of what happens in it."""

    def __init__(self, store: Store, clock: Clock, section: WebhooksSection | None = None) -> None:
        self.store, self.clock = store, clock
        self.queue = Deliveries(
            (), store=store, answering=answering(self._reply), clock=clock, random=Random(1),
            tell=tell, webhooks=section,
        )  # fmt: skip
        self.webhooks = Webhooks(self.queue, store=store, clock=clock, random=Random(2))

    async def _reply(self, new: NewMessage, then: Callable[[Transaction], None]) -> None:
        raise AssertionError("nobody replies")

    async def create(self, url: str, events: Sequence[str] = ("*",), **more: Any) -> CreatedWebhook:
        made = await self.webhooks.create(url=url, events=events, **more)
        assert isinstance(made, CreatedWebhook)
        return made

    async def key(self, name: str) -> str:
        """An API key, of which the secret for webhooks is returned."""
        secret = new_webhook_secret()
        await self.store.write(
            lambda tx: tx.keys.insert(name, name.encode(), ["send"], 1.0, webhook_secret=secret)
        )
        return secret

    async def accept(self, *messages: Message) -> None:
        """Messages are accepted, as the outbox does it."""
        if any(m.callback_url is not None for m in messages):
            self.queue.expect_callbacks()

        def work(tx: Transaction) -> None:
            tx.messages.insert([Mailing.of(m) for m in messages])
            for m in messages:
                tx.events.emit("message.queued", {"id": m.id, "status": "queued"})

        await self.store.write(work)

    async def move(self, id: str, before: str, now: str, **more: Any) -> None:
        """A message comes to another status."""

        def work(tx: Transaction) -> None:
            n = tx.messages.number_of(id)
            assert n is not None
            old, new = MessageStatus(before), MessageStatus(now)
            assert tx.messages.compare_and_set(n, old, new, None)
            tx.events.emit(f"message.{now}", {"id": id, "status": now, **more})

        await self.store.write(work)

    async def receive(self, *messages: Inbound) -> None:
        def work(tx: Transaction) -> None:
            for m in messages:
                tx.inbound.add(m, [])
                tx.events.emit("inbound.received", {"id": m.id})

        await self.store.write(work)

    async def happen(self, type: str, **data: Any) -> None:
        await self.store.write(lambda tx: tx.events.emit(type, data))

    async def deliveries(self, id: str) -> list[Delivery]:
        """The oldest first."""
        page = await self.store.read(
            lambda view: view.deliveries.find(DeliveryQuery(id, limit=1000))
        )
        return list(reversed(page.items))

    async def until(self, id: str, *wanted: tuple[str, int]) -> list[Delivery]:
        """The deliveries of one, once they have these states and numbers of tries."""
        last: list[Any] = []

        async def reached() -> bool:
            last[:] = [(d.state.value, d.tries) for d in await self.deliveries(id)]
            return last == list(wanted)

        await until(reached, 20.0, lambda: f"{last} becomes {wanted}")
        return await self.deliveries(id)

    async def later(self, seconds: float) -> None:
        """Time passes."""
        await self.clock.sleep(seconds)
        self.queue.wake()


@asynccontextmanager
async def telling(
    directory: Path, clock: Clock | None = None, section: WebhooksSection | None = None
) -> AsyncIterator[Telling]:
    clock = clock or FakeClock()
    async with SqliteStore(directory / FILE_NAME, clock=clock) as store:
        one = Telling(store, clock, section)
        task = asyncio.create_task(one.queue.run())
        try:
            yield one
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await one.queue.close()
