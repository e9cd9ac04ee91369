"""A list is read page by page while rows come: what was there at first is seen once, all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from labs.clock import FakeClock

from modemgw.gateway.outgoing import life
from modemgw.store import DeliveryQuery, InboundQuery, MessageQuery, NewDelivery, Store
from modemgw.store.records import (
    Event,
    Inbound,
    Mailing,
    Message,
    MessageStatus,
    Page,
    Part,
    PartStatus,
)
from modemgw.store.sqlite import open_store

ROWS = 23
LIMIT = 4


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(tmp_path, clock=clock) as opened:
        yield opened


def message(n: int, at: float) -> Message:
    return Message(
        id=f"msg_{n}", to="+447700900123", text="hello", data=None, ports=None,
        type="transactional", status=MessageStatus.QUEUED, encoding="gsm7", message_class=None,
        receipt=True, parts=(Part(1, PartStatus.QUEUED),), error=None, route="default", modem=None,
        key="shop", reference="order 7", callback_url=None, batch=None, tags=(), created_at=at,
        updated_at=at, send_at=None, expires_at=at + 3600,
    )  # fmt: skip


def received(n: int, at: float) -> Inbound:
    return Inbound(
        id=f"in_{n}", sender="+447700900123", to=None, text="hi", data=None, encoding="gsm7",
        parts_total=1, parts=(), complete=True, modem="m1", sim="s1", sent_at=None, received_at=at,
    )  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A list: how a row comes, and how a page is asked for."""

    add: Callable[..., Any]
    """In a transaction: row number `n`, dated `at`."""
    find: Callable[..., Page[Any]]
    """The page at `cursor`."""


TABLES = {
    "messages": Table(
        lambda tx, n, at: tx.messages.insert([Mailing.of(message(n, at))]),
        lambda view, cursor: view.messages.find(
            MessageQuery(limit=LIMIT, cursor=cursor), life.part_status
        ),
    ),
    "messages by status": Table(
        lambda tx, n, at: tx.messages.insert([Mailing.of(message(n, at))]),
        lambda view, cursor: view.messages.find(
            MessageQuery(status="queued", limit=LIMIT, cursor=cursor), life.part_status
        ),
    ),
    "messages by reference": Table(
        lambda tx, n, at: tx.messages.insert([Mailing.of(message(n, at))]),
        lambda view, cursor: view.messages.find(
            MessageQuery(reference="order 7", limit=LIMIT, cursor=cursor), life.part_status
        ),
    ),
    "inbound": Table(
        lambda tx, n, at: tx.inbound.add(received(n, at), ()),
        lambda view, cursor: view.inbound.find(InboundQuery(limit=LIMIT, cursor=cursor)),
    ),
    "deliveries": Table(
        lambda tx, n, at: tx.deliveries.add(
            Event(n, "inbound.received", at, {}), None, NewDelivery("h", "exec", None)
        ),
        lambda view, cursor: view.deliveries.find(DeliveryQuery("h", limit=LIMIT, cursor=cursor)),
    ),
}


@pytest.mark.parametrize("together", [True, False], ids=["at one moment", "one a second"])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
async def test_no_row_is_missed_or_shown_twice_while_others_come(
    store: Store, clock: FakeClock, table: Table, together: bool
) -> None:
    count = 0

    async def come(rows: int) -> None:
        nonlocal count
        for _ in range(rows):
            count += 1
            if not together:
                clock.now += 1
            await store.write(partial(table.add, n=count, at=clock.time()))

    await come(ROWS)
    whole = await everything(store, table)
    assert len(set(whole)) == ROWS

    seen, cursor = [], None
    for _ in range(ROWS):
        page = await store.read(partial(table.find, cursor=cursor))
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        await come(LIMIT + 1)
    assert seen == whole
    assert (await everything(store, table))[-ROWS:] == whole


async def everything(store: Store, table: Table) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        page = await store.read(partial(table.find, cursor=cursor))
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return seen
