"""Batches before a virtual bank: held, gone on with, called off, paced. The SMSC counts."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of
from labs.gateway import config_of, gateway_on
from labs.waiting import until

from modemgw.gateway import BatchPlan, BatchView, Conflict, Gateway, NotFound
from modemgw.store import BatchState, MessageQuery
from modemgw.store.records import Event, NewMailing, NewMessage
from modemgw.virtual import Bank

WAIT_S = 60.0


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"+99900000{i:05d}" for i in range(first, first + count)]


async def send_all(gateway: Gateway, to: list[str], text: str = "hello", **plan: Any) -> str:
    news = NewMailing(NewMessage(to="", text=text), to)
    batch = await gateway.sending.send_batch(news, key="test", plan=BatchPlan(**plan))
    assert batch.accepted == len(to)
    return batch.id


async def reaches(gateway: Gateway, id: str, state: BatchState) -> BatchView:
    seen: list[BatchView] = []

    async def reached() -> bool:
        seen[:] = [await gateway.batches.get(id)]
        return seen[0].state is state

    await until(reached, WAIT_S, lambda: f"{state}: {seen[0]}")
    return seen[0]


async def ends(gateway: Gateway, id: str) -> BatchView:
    seen: list[BatchView] = []

    async def reached() -> bool:
        seen[:] = [await gateway.batches.get(id)]
        return seen[0].batch.ended_at is not None

    await until(reached, WAIT_S, lambda: f"its end: {seen[0]}")
    return seen[0]


def arrivals(bank: Bank) -> Counter[str]:
    return Counter(p.destination for p in bank.smsc.accepted)


def events_of(gateway: Gateway) -> list[Event]:
    told: list[Event] = []
    gateway._store.on_events(
        lambda group: told.extend(e for e in group if e.type.startswith("batch."))
    )
    return told


async def test_a_batch_is_paused_in_its_midst_goes_on_and_is_done_once(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        told = events_of(gateway)
        id = await send_all(gateway, numbers(60), name="spring")
        await bank.smsc.wait_accepted(10, WAIT_S)
        seen = await gateway.batches.pause(id)
        assert seen.state is BatchState.PAUSED
        await asyncio.sleep(1)
        held = bank.smsc.accepted_count
        assert held <= 10 + 8, "what was in the air, and little more"
        other = await send_all(gateway, numbers(5, 1000))
        await ends(gateway, other)
        await asyncio.sleep(5)
        assert bank.smsc.accepted_count == held + 5, "another goes past it, nothing else"
        assert (await gateway.batches.get(id)).counts["queued"] == 60 - held
        await gateway.batches.pause(id)
        assert (await gateway.batches.resume(id)).state is BatchState.RUNNING
        seen = await ends(gateway, id)
        assert (seen.state, sum(seen.counts.values())) == (BatchState.DONE, 60)
        assert arrivals(bank) == dict.fromkeys(numbers(60) + numbers(5, 1000), 1)
        await asyncio.sleep(3)
    mine = [(e.type, e.data["state"]) for e in told if e.data["id"] == id]
    assert mine == [
        ("batch.paused", "paused"),
        ("batch.resumed", "running"),
        ("batch.completed", "done"),
    ]
    (completed,) = [e for e in told if e.type == "batch.completed" and e.data["id"] == id]
    assert completed.data["name"] == "spring"
    assert sum(completed.data["counts"].values()) == 60


async def test_long_messages_that_have_begun_are_finished_in_a_pause(tmp_path: Path) -> None:
    text = "Twelve drummers drumming, eleven pipers piping. " * 8
    async with (
        bank_of(tmp_path, 2, part_seconds=0.2) as bank,
        gateway_on(config_of(tmp_path, bank)) as gateway,
    ):
        id = await send_all(gateway, numbers(20), text)
        await bank.smsc.wait_accepted(4, WAIT_S)
        await gateway.batches.pause(id)
        await asyncio.sleep(10)
        parts = arrivals(bank)
        assert set(parts.values()) == {3}, "whole or not at all"
        assert len(parts) < 20


async def test_a_batch_is_canceled_in_its_midst(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        told = events_of(gateway)
        id = await send_all(gateway, numbers(400))
        await bank.smsc.wait_accepted(20, WAIT_S)
        seen = await gateway.batches.cancel(id)
        assert seen.state is BatchState.CANCELED
        begun = bank.smsc.accepted_count
        seen = await ends(gateway, id)
        gone_out = bank.smsc.accepted_count
        assert gone_out <= begun + 4, "no more than was in the air"
        assert seen.counts["canceled"] == 400 - gone_out
        again = await gateway.batches.cancel(id)
        assert again.batch.canceled_at == seen.batch.canceled_at
        for verb in (gateway.batches.pause, gateway.batches.resume):
            with pytest.raises(Conflict, match="canceled"):
                await verb(id)
        await asyncio.sleep(3)
        assert [e.type for e in told] == ["batch.canceled", "batch.completed"]
        page = await gateway.batches.messages(
            id, MessageQuery(batch=id, status="canceled", limit=1000)
        )
        assert len(page.items) == 400 - gone_out


async def test_a_paused_batch_is_canceled_and_what_is_done_cannot_be(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        for modem in gateway.modems.views():
            gateway.modems.pause(modem.status.id)
        id = await send_all(gateway, numbers(30))
        await gateway.batches.pause(id)
        await gateway.batches.cancel(id)
        seen = await ends(gateway, id)
        assert seen.counts == {"canceled": 30}
        assert bank.smsc.accepted_count == 0
        gateway.modems.resume("m0")
        done = await send_all(gateway, numbers(3))
        await ends(gateway, done)
        for verb in (gateway.batches.pause, gateway.batches.resume, gateway.batches.cancel):
            with pytest.raises(Conflict, match="done"):
                await verb(done)
        with pytest.raises(NotFound):
            await gateway.batches.pause("bat_none")


async def test_a_pause_a_pace_and_a_cancellation_outlive_a_restart(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            for modem in gateway.modems.views():
                gateway.modems.pause(modem.status.id)
            paused = await send_all(gateway, numbers(20))
            await gateway.batches.pause(paused)
            paced = await send_all(gateway, numbers(60, 100), rate_per_minute=60)
            canceled = await send_all(gateway, numbers(20, 200))
            gateway.batches._work.clear()  # the end comes before anything was taken back
            await gateway.batches.cancel(canceled)
        async with gateway_on(config) as gateway:
            for modem in gateway.modems.views():
                gateway.modems.resume(modem.status.id)
            assert (await ends(gateway, canceled)).counts == {"canceled": 20}
            await asyncio.sleep(10)
            sent = arrivals(bank)
            assert not sent.keys() & set(numbers(20))
            assert not sent.keys() & set(numbers(20, 200))
            assert 8 <= len(sent) <= 13, "one a second"
            assert (await gateway.batches.get(paused)).state is BatchState.PAUSED
            await gateway.batches.resume(paused)
            await ends(gateway, paused)
            await gateway.batches.change(paced, {"rate_per_minute": None})
            await ends(gateway, paced)
            assert arrivals(bank) == dict.fromkeys(numbers(20) + numbers(60, 100), 1)


async def test_a_rate_is_held_within_five_percent_and_changed_on_the_way(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 3) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        id = await send_all(gateway, numbers(400), rate_per_minute=120)
        began = asyncio.get_running_loop().time()
        await bank.smsc.wait_accepted(1, WAIT_S)
        await asyncio.sleep(60)
        first = bank.smsc.accepted_count
        assert first == pytest.approx(120, rel=0.05)
        by_sim = Counter(p.sender for p in bank.smsc.accepted)
        assert max(by_sim.values()) - min(by_sim.values()) <= 0.1 * first, "evenly across SIMs"
        await gateway.batches.change(id, {"rate_per_minute": 30})
        await asyncio.sleep(60)
        assert bank.smsc.accepted_count - first == pytest.approx(30, abs=2)
        seen = await gateway.batches.get(id)
        assert seen.batch.rate_per_minute == 30
        assert asyncio.get_running_loop().time() - began >= 120
        await gateway.batches.pause(id)
        held = bank.smsc.accepted_count
        await asyncio.sleep(30)
        assert bank.smsc.accepted_count <= held + 2
        await gateway.batches.resume(id)
        await gateway.batches.change(id, {"rate_per_minute": 6000})
        await ends(gateway, id)
        assert arrivals(bank) == dict.fromkeys(numbers(400), 1)


async def test_what_is_scheduled_waits_and_is_held_by_a_pause_too(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        now = gateway._outbox.clock.date()
        id = await send_all(gateway, numbers(5), send_at=now + 60)
        seen = await gateway.batches.get(id)
        assert (seen.state, seen.counts) == (BatchState.SCHEDULED, {"scheduled": 5})
        await gateway.batches.pause(id)
        await asyncio.sleep(70)
        assert (await gateway.batches.get(id)).counts == {"queued": 5}
        assert bank.smsc.accepted_count == 0
        await gateway.batches.resume(id)
        await ends(gateway, id)
        assert arrivals(bank) == dict.fromkeys(numbers(5), 1)


async def test_messages_are_added_until_it_is_said_that_these_were_the_last(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, 1) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        id = await send_all(gateway, numbers(3), more=True)

        async def add(to: list[str], *, more: bool) -> None:
            news = NewMailing(NewMessage(to="", text="more"), to)
            await gateway.sending.add_to_batch(id, news, key="test", more=more)

        await bank.smsc.wait_accepted(3, WAIT_S)
        await asyncio.sleep(3)
        seen = await gateway.batches.get(id)
        assert (seen.state, seen.batch.ended_at) == (BatchState.RUNNING, None)
        await gateway.batches.pause(id)
        await add(numbers(3, 10), more=True)
        await send_all(gateway, numbers(1, 50))  # comes in between
        await bank.smsc.wait_accepted(4, WAIT_S)
        await asyncio.sleep(1)
        assert bank.smsc.accepted_count == 4, "what is added to a paused batch is held"
        await gateway.batches.resume(id)
        await add(numbers(3, 20), more=False)
        seen = await ends(gateway, id)
        assert seen.batch.accepted == 9
        everybody = numbers(3) + numbers(3, 10) + numbers(3, 20)
        assert arrivals(bank) == dict.fromkeys(everybody + numbers(1, 50), 1)
        page = await gateway.batches.messages(id, MessageQuery(batch=id, limit=5))
        rest = await gateway.batches.messages(
            id, MessageQuery(batch=id, limit=5, cursor=page.next_cursor)
        )
        assert [m.to for m in (*page.items, *rest.items)] == everybody[::-1]
        assert rest.next_cursor is None
        with pytest.raises(Conflict, match="complete"):
            await add(numbers(1, 30), more=False)
