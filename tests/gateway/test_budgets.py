"""Budgets: what is reserved, settled and given back, told of, and known again after a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until

from modemgw.config import Config, ConfigError, parse
from modemgw.gateway import Gateway
from modemgw.gateway.budgets.budgets import LimitView
from modemgw.gateway.errors import BudgetExhausted, Rejected, Unavailable
from modemgw.store import StoreUnavailable
from modemgw.store.records import Message, MessageStatus, NewMailing, NewMessage

TO = "+447700900123"
REFUSED = "+999010010001"
"""The virtual network refuses it with +CMS ERROR 1 (unassigned number)."""


def configured(directory: Path, *budgets: dict[str, Any]) -> Config:
    return parse({"gateway": {"data_dir": str(directory)}, "budget": budgets})


def stands(gateway: Gateway, place: int = 0) -> tuple[int, int, str]:
    """(reserved, used, state) of the first limit of a budget."""
    limit: LimitView = gateway.budgets.views()[place].limits[0]
    return limit.reserved, limit.used, limit.state


async def accepted(
    gateway: Gateway, text: str = "hello", key: str = "shop", **more: Any
) -> Message:
    done = await gateway.sending.send(NewMessage(to=TO, text=text, **more), key=key)
    assert done.message is not None
    return done.message


def told(events: list[tuple[str, Any]]) -> list[str]:
    return [type for type, _ in events if type.startswith("budget.")]


async def events_of(gateway: Gateway) -> list[tuple[str, Any]]:
    await gateway._store.write(lambda tx: None)
    found = await gateway._store.read(lambda view: view.events.after(0, 1000))
    return [(event.type, event.data) for event in found]


async def test_fifty_senders_at_once_get_exactly_what_there_is(tmp_path: Path) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 137})
    async with Gateway.open(config) as gateway:
        refused = 0

        async def client() -> None:
            nonlocal refused
            for _ in range(5):
                try:
                    await accepted(gateway)
                except BudgetExhausted:
                    refused += 1

        await asyncio.gather(*(client() for _ in range(50)))
        assert refused == 250 - 137
        assert stands(gateway) == (137, 0, "exhausted")
        uses = await gateway._store.read(lambda view: view.budgets.uses())
        assert [use.reserved for use in uses] == [137]


async def test_parts_are_counted_not_messages_and_all_or_nothing(tmp_path: Path) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 4})
    async with Gateway.open(config) as gateway:
        await accepted(gateway, "x" * 400)  # three parts
        with pytest.raises(BudgetExhausted, match=r"1 of 4 left .* takes 2"):
            await accepted(gateway, "x" * 200)
        await accepted(gateway)
        assert stands(gateway) == (4, 0, "exhausted")


async def test_only_what_matches_is_counted(tmp_path: Path) -> None:
    match = {"key": ["shop"], "type": ["promotional"], "to_prefix": ["+4477"]}
    config = configured(tmp_path, {"id": "b", "parts_per_day": 1, "match": match})
    async with Gateway.open(config) as gateway:
        for _ in range(2):
            await accepted(gateway, type="transactional")
            await accepted(gateway, type="promotional", key="other")
        other = NewMessage(to="+491711234567", text="x", type="promotional")
        await gateway.sending.send(other, key="shop")
        assert stands(gateway) == (0, 0, "ok")
        await accepted(gateway, type="promotional")
        with pytest.raises(BudgetExhausted):
            await accepted(gateway, type="promotional")


async def test_a_batch_gets_what_is_left_and_the_rest_is_refused(tmp_path: Path) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 3})
    async with Gateway.open(config) as gateway:
        news = NewMailing(NewMessage(to="", text="x"), [f"+44770090012{i}" for i in range(5)])
        batch = await gateway.sending.send_batch(news, key="shop")
        assert batch.accepted == 3
        assert [index for index, _ in batch.rejected] == [3, 4]
        assert all(isinstance(why, BudgetExhausted) for _, why in batch.rejected)


async def test_what_is_canceled_comes_back(tmp_path: Path) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 1})
    async with Gateway.open(config) as gateway:
        message = await accepted(gateway)
        await gateway.messages.cancel(message.id)
        await until(lambda: stands(gateway) == (0, 0, "ok"), 10)
        await accepted(gateway)


async def test_a_refused_answer_takes_nothing(tmp_path: Path) -> None:
    from modemgw.gateway import Idempotency

    def fails(answer: object) -> bytes:
        raise ValueError("a fault of the door")

    config = configured(tmp_path, {"id": "day", "parts_per_day": 1})
    async with Gateway.open(config) as gateway:
        once = Idempotency("k", "f", fails)
        with pytest.raises(ValueError, match="of the door"):
            await gateway.sending.send(NewMessage(to=TO, text="x"), key="a", idempotency=once)
        assert stands(gateway) == (0, 0, "ok")


async def test_a_budget_that_warns_refuses_nothing_and_each_mark_is_told_once(
    tmp_path: Path,
) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 5, "action": "warn"})
    async with Gateway.open(config) as gateway:
        for _ in range(3):
            await accepted(gateway)
        assert told(await events_of(gateway)) == []
        for _ in range(5):
            await accepted(gateway)
        events = await events_of(gateway)
        assert told(events) == ["budget.warned", "budget.exhausted"]
        data = next(data for type, data in events if type == "budget.warned")
        assert (data["budget"], data["taken"]) == ("day", "4")


async def test_a_refusal_for_lack_of_parts_is_told_as_exhausted(tmp_path: Path) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 2, "warn_at": 1})
    async with Gateway.open(config) as gateway:
        for _ in range(2):
            with pytest.raises(BudgetExhausted):
                await accepted(gateway, "x" * 400)
        assert told(await events_of(gateway)) == ["budget.warned", "budget.exhausted"]


async def test_a_restart_knows_what_was_taken_and_tells_no_mark_again(tmp_path: Path) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 2})
    async with Gateway.open(config) as gateway:
        await accepted(gateway)
        first = await accepted(gateway)
    async with Gateway.open(config) as gateway:
        assert stands(gateway) == (2, 0, "exhausted")
        with pytest.raises(BudgetExhausted):
            await accepted(gateway)
        await gateway.messages.cancel(first.id)
        await until(lambda: stands(gateway)[0] == 1, 10)
        assert told(await events_of(gateway)).count("budget.exhausted") == 1


async def test_what_ended_while_nobody_listened_is_settled_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 2})
    with monkeypatch.context() as deaf:
        deaf.setattr("modemgw.gateway.budgets.budgets.ENDS", frozenset())
        async with Gateway.open(config) as gateway:
            message = await accepted(gateway)
            await gateway.messages.cancel(message.id)
            assert stands(gateway)[0] == 1
    async with Gateway.open(config) as gateway:
        await until(lambda: stands(gateway) == (0, 0, "ok"), 10)


async def test_what_was_sent_is_used_and_what_the_network_refused_comes_back(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank, budget=[{"id": "day", "parts_per_day": 10}])
        async with gateway_on(config) as gateway:
            long = await send(gateway, TO, "x" * 400)
            await status(gateway, long, MessageStatus.DELIVERED)
            await until(lambda: stands(gateway) == (0, 3, "ok"), 10)
            bad = await send(gateway, REFUSED)
            await status(gateway, bad, MessageStatus.FAILED)
            await until(lambda: stands(gateway) == (0, 3, "ok"), 10)


async def test_a_sim_with_a_used_up_budget_leaves_messages_to_another(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2) as bank:
        plain = config_of(tmp_path, bank)
        async with gateway_on(plain) as gateway:
            await until(lambda: all(v.status.sim for v in gateway.modems.views()), 30)
            sims = [v.status.sim.iccid for v in gateway.modems.views() if v.status.sim]
        budget = {"id": "first", "parts_per_day": 2, "match": {"sim": sims[:1]}}
        config = config_of(tmp_path, bank, budget=[budget])
        async with gateway_on(config) as gateway:
            messages = [await send(gateway, f"+4477009001{i:02d}") for i in range(12)]
            ends = [await status(gateway, m, MessageStatus.DELIVERED) for m in messages]
            used = [part.last.sim for m in ends for part in m.parts if part.last]
            assert used.count(sims[0]) == 2
            assert used.count(sims[1]) == 10
            await until(lambda: stands(gateway) == (0, 2, "exhausted"), 10)
            assert told(await events_of(gateway)) == ["budget.warned", "budget.exhausted"]
            assert not any(gateway.keeper.failures().values())


def test_a_budget_without_a_limit_is_no_budget(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give it a limit"):
        configured(tmp_path, {"id": "day"})
    with pytest.raises(ConfigError, match="budget id 'a' is used twice"):
        configured(tmp_path, *({"id": "a", "parts_per_day": 1} for _ in range(2)))


TARIFF = [{"price": "0.05", "currency": "EUR"}]


async def test_amounts_are_reserved_at_the_most_and_settled_at_the_price(tmp_path: Path) -> None:
    budget = {"id": "eur", "amount_per_day": "0.20", "currency": "EUR"}
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank, budget=[budget], tariff=TARIFF)
        async with gateway_on(config) as gateway:
            long = await send(gateway, TO, "x" * 400)
            with pytest.raises(BudgetExhausted, match=r"0\.05 of 0\.2 left .* takes 0\.1;"):
                await send(gateway, TO, "x" * 200)
            await status(gateway, long, MessageStatus.DELIVERED)
            await until(lambda: stands(gateway) == (0, 150_000, "ok"), 10)
            refused = await send(gateway, REFUSED)
            await status(gateway, refused, MessageStatus.FAILED)
            await until(lambda: stands(gateway) == (0, 150_000, "ok"), 10)
            last = await send(gateway, TO)
            await status(gateway, last, MessageStatus.DELIVERED)
            await until(lambda: stands(gateway) == (0, 200_000, "exhausted"), 10)
            limit = gateway.budgets.views()[0].limits[0]
            assert limit.shown(limit.used) == "0.2"


async def test_another_currency_does_not_count(tmp_path: Path) -> None:
    budget = {"id": "usd", "amount_per_month": "0.01", "currency": "USD"}
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank, budget=[budget], tariff=TARIFF)
        async with gateway_on(config) as gateway:
            await send(gateway, TO)
            assert stands(gateway) == (0, 0, "ok")


async def test_a_batch_reserves_what_each_recipient_costs(tmp_path: Path) -> None:
    tariff = [*TARIFF, {"price": "0.50", "currency": "EUR", "to_prefix": ["+49"]}]
    budget = {"id": "eur", "amount_per_day": "1.00", "currency": "EUR"}
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank, budget=[budget], tariff=tariff)
        async with Gateway.open(config) as gateway:
            numbers = [TO, "+491711234567", TO, "+491711234568"]
            news = NewMailing(NewMessage(to="", text="x", send_at=None), numbers)
            batch = await gateway.sending.send_batch(news, key="shop")
            assert [index for index, _ in batch.rejected] == [3]
            reserved, used, _ = stands(gateway)
            assert reserved + used == 600_000


async def test_what_a_failed_batch_took_is_given_back_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 5})
    async with Gateway.open(config) as gateway:

        async def refuses(*_: Any, **__: Any) -> None:
            raise StoreUnavailable("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(gateway._outbox, "accept", refuses)
            news = NewMailing(NewMessage(to="", text="x"), [f"+44770090012{i}" for i in range(4)])
            with pytest.raises(Unavailable):
                await gateway.sending.send_batch(news, key="shop")
        assert stands(gateway) == (0, 0, "ok")
        assert gateway.budgets._ledger._held == {}


def test_amounts_need_a_currency(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="amounts need a currency"):
        configured(tmp_path, {"id": "day", "amount_per_day": "1"})


async def test_a_part_that_is_sent_once_more_takes_one_more_or_is_not_sent(tmp_path: Path) -> None:
    config = configured(tmp_path, {"id": "day", "parts_per_day": 3})
    async with Gateway.open(config) as gateway:
        jobs = gateway._outbox.queue.matchmaking
        ids = [(await accepted(gateway, type="otp")).id for _ in range(2)]
        first, second = sorted(jobs.jobs(), key=lambda job: job.n)
        assert [first.id, second.id] == ids
        for job in (first, second):
            gateway.sending.ask_again(job)  # nothing was tried: it takes nothing
            job.part(0).duplicate_risk = True
        gateway.sending.ask_again(first)
        assert stands(gateway) == (3, 0, "exhausted")
        gateway.sending.ask_again(first)  # the same once more is not another one
        with pytest.raises(Rejected) as refused:
            gateway.sending.ask_again(second)
        assert refused.value.problems[0].code == "budget-exhausted"
        await gateway._store.write(lambda tx: None)
        holds = await gateway._store.read(lambda view: view.budgets.holds())
        assert {hold.message: hold.quantity for hold in holds} == {first.id: 2, second.id: 1}


async def test_a_duplicate_takes_nothing_and_the_rest_of_its_batch_is_counted_once(
    tmp_path: Path,
) -> None:
    duplicates = {"window_seconds": 3600, "action": "merge"}
    budgets = ({"id": "day", "parts_per_day": 10},)
    config = parse(
        {"gateway": {"data_dir": str(tmp_path)}, "budget": budgets, "duplicates": duplicates}
    )
    async with Gateway.open(config) as gateway:
        numbers = [f"+44770090012{i}" for i in range(4)]
        for taken in (numbers[:2], numbers):
            news = NewMailing(NewMessage(to="", text="x"), taken)
            await gateway.sending.send_batch(news, key="shop")
        assert stands(gateway) == (4, 0, "ok")
        holds = await gateway._store.read(lambda view: view.budgets.holds())
        assert [hold.quantity for hold in holds] == [1] * 4
        assert len(gateway.budgets._ledger._held) == 4
