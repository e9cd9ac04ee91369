"""Limits, routes and order, counted at the service centre."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from labs.bank import bank_of
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until

from modemgw.config import Config, parse
from modemgw.gateway import Gateway
from modemgw.store.records import MessageStatus, NewMessage
from modemgw.virtual import Bank

S = MessageStatus


def number(n: int) -> str:
    return f"+99900000{n:05d}"


def config(tmp_path: Path, bank: Bank, *modems: dict[str, Any], **more: Any) -> Config:
    """A configuration whose modems have these keys besides id and device."""
    base = config_of(tmp_path, bank).model_dump(exclude_unset=True)
    for section, keys in zip(base["modem"], modems, strict=True):
        section.update(keys)
    return parse({**base, **more})


async def all_ready(gateway: Gateway) -> None:
    async def ready() -> bool:
        return all(m.status.state == "ready" for m in gateway.modems.views())

    await until(ready, why="every modem is ready")


def by_sim(bank: Bank) -> list[int]:
    """How many parts the service centre had from each modem's SIM."""
    taken = Counter(p.iccid for p in bank.smsc.accepted)
    return [taken[modem.sim.iccid] for modem in bank.modems if modem.sim is not None]


async def test_a_used_up_sim_is_stood_in_for_and_told_of_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, 2) as bank:
        configured = config(
            tmp_path, bank,
            {"routes": ["cheap"], "limits": {"per_day": 3}}, {"routes": ["dear"]},
            route=[{"id": "cheap", "fallback": "dear"}, {"id": "dear"}],
        )  # fmt: skip
        told: Counter[tuple[str, str | None]] = Counter()

        async def follow(gateway: Gateway) -> None:
            async for event in gateway.events.follow(0):
                told[event.type, event.data.get("modem")] += 1

        async with gateway_on(configured) as gateway:
            following = asyncio.create_task(follow(gateway))
            await all_ready(gateway)
            for n in range(5):
                await status(gateway, await send(gateway, number(n)), S.DELIVERED)
            assert by_sim(bank) == [3, 2]
            following.cancel()
        assert told["sim.quota", "m0"] == 1
        assert told["sim.quota", "m1"] == 0
        async with gateway_on(configured) as gateway:
            await all_ready(gateway)
            await status(gateway, await send(gateway, number(9)), S.DELIVERED)
            assert by_sim(bank) == [3, 3]


async def test_new_recipients_pass_by_a_sim_that_has_its_number_of_them(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2) as bank:
        few = {"limits": {"unique_recipients_per_month": 2}}
        async with gateway_on(config(tmp_path, bank, few, {})) as gateway:
            await all_ready(gateway)
            sent = [NewMessage(to=number(n % 8), text="hello") for n in range(64)]
            await gateway.sending.send_batch(sent, key="test")
            await bank.smsc.wait_accepted(64, 20)
            assert Counter(p.destination for p in bank.smsc.accepted) == {
                number(n): 8 for n in range(8)
            }
            recipients = defaultdict(set)
            for part in bank.smsc.accepted:
                recipients[part.iccid].add(part.destination)
            limited = bank.modems[0].sim
            assert limited is not None
            assert len(recipients[limited.iccid]) == 2
            assert by_sim(bank)[0] > 2, "it went on with those that it knows"


async def test_a_sim_keeps_to_its_minute_and_the_others_take_the_rest(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 3) as bank:
        slow = {"limits": {"per_minute": 4}}
        async with gateway_on(config(tmp_path, bank, slow, slow, {})) as gateway:
            await all_ready(gateway)
            sent = [NewMessage(to=number(n), text="hello") for n in range(50)]
            await gateway.sending.send_batch(sent, key="test")
            await bank.smsc.wait_accepted(50, 20)
            assert by_sim(bank) == [4, 4, 42]


async def test_a_recipient_keeps_its_sim_while_that_is_well(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 3) as bank:
        sticky = [{"id": "default", "policy": "sticky"}]
        configured = config(tmp_path, bank, {}, {}, {}, route=sticky)
        async with gateway_on(configured) as gateway:
            await all_ready(gateway)
            for _ in range(4):
                for n in range(3):
                    await status(gateway, await send(gateway, number(n)), S.DELIVERED)
            sims: dict[str, set[str]] = defaultdict(set)
            for part in bank.smsc.accepted:
                sims[part.destination].add(part.iccid)
            assert [len(sims[number(n)]) for n in range(3)] == [1, 1, 1]
            assert by_sim(bank) == [4, 4, 4]
            (first,) = sims[number(0)]
        async with gateway_on(configured) as gateway:
            await all_ready(gateway)
            await status(gateway, await send(gateway, number(0)), S.DELIVERED)
            assert bank.smsc.accepted[-1].iccid == first, "also after a restart"
            index = next(
                i for i, m in enumerate(bank.modems) if m.sim is not None and m.sim.iccid == first
            )
            gateway.modems.pause(f"m{index}")
            await status(gateway, await send(gateway, number(0)), S.DELIVERED)
            assert bank.smsc.accepted[-1].iccid != first


async def test_round_robin_goes_round_and_weights_weigh_while_modems_idle(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 3) as bank:
        round_robin = [{"id": "default", "policy": "round_robin"}]
        async with gateway_on(config(tmp_path, bank, {}, {}, {}, route=round_robin)) as gateway:
            await all_ready(gateway)
            for n in range(9):
                await status(gateway, await send(gateway, number(n)), S.DELIVERED)
            assert by_sim(bank) == [3, 3, 3]
        weighted = [{"id": "default", "policy": "weighted"}]
        weights = ({"weight": 1}, {"weight": 2}, {"weight": 3})
        async with gateway_on(config(tmp_path, bank, *weights, route=weighted)) as gateway:
            await all_ready(gateway)
            for n in range(12):
                await status(gateway, await send(gateway, number(n)), S.DELIVERED)
            assert by_sim(bank) == [3 + 2, 3 + 4, 3 + 6]


async def test_an_otp_goes_before_all_that_waits(tmp_path: Path) -> None:
    async with (
        bank_of(tmp_path, 1, part_seconds=0.1) as bank,
        gateway_on(config_of(tmp_path, bank)) as gateway,
    ):
        await all_ready(gateway)
        news = [NewMessage(to=number(n), text="news", type="promotional") for n in range(20)]
        await gateway.sending.send_batch(news, key="test")
        await bank.smsc.wait_accepted(3, 20)
        otp = await send(gateway, number(99), "4711", type="otp")
        await status(gateway, otp, S.DELIVERED)
        place = [p.destination for p in bank.smsc.accepted].index(number(99))
        assert place <= 5, "only what was in the air went before it"
        await bank.smsc.wait_accepted(21, 20)
