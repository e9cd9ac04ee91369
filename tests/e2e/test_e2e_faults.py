"""Nothing is lost and nothing doubled while modems leave, hang, restart and fill up."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until

from modemgw.gateway import Gateway
from modemgw.store.records import Event, MessageStatus, NewMessage
from modemgw.virtual import Bank

S = MessageStatus


def numbers(count: int) -> list[str]:
    return [f"+99900000{i:05d}" for i in range(count)]


async def send_all(gateway: Gateway, to: list[str], **more: Any) -> str:
    batch = await gateway.sending.send_batch(
        [NewMessage(to=one, text=f"to {one}", **more) for one in to], key="test"
    )
    assert batch.accepted == len(to)
    return batch.id


async def counts(gateway: Gateway, batch: str) -> dict[str, int]:
    return dict((await gateway.batches.get(batch)).counts)


def arrivals(bank: Bank) -> Counter[str]:
    return Counter(p.destination for p in bank.smsc.accepted)


async def all_become(gateway: Gateway, batch: str, wanted: str, count: int, timeout_s: float = 30):
    last: dict[str, int] = {}

    async def done() -> bool:
        last.clear()
        last.update(await counts(gateway, batch))
        return last.get(wanted) == count

    try:
        await until(done, timeout_s)
    except pytest.fail.Exception:
        pytest.fail(f"not {count} {wanted} but {last}")


async def test_a_batch_is_shared_by_all_modems_and_delivered_once(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 4) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        batch = await send_all(gateway, numbers(100))
        await all_become(gateway, batch, "delivered", 100)
        assert arrivals(bank) == dict.fromkeys(numbers(100), 1)
        assert len({p.iccid for p in bank.smsc.accepted}) == 4


async def test_when_a_modem_is_unplugged_the_other_takes_over(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        batch = await send_all(gateway, numbers(60))
        await bank.smsc.wait_accepted(10, 20)
        bank.modems[0].faults.unplug()
        await bank.smsc.wait_accepted(40, 20)

        async def settled() -> bool:
            page = await gateway.messages.find(_all())
            return not any(m.parts[0].status in ("queued", "submitting") for m in page.items)

        await until(settled, 20, "all sent but what was in the air")
        found = await counts(gateway, batch)
        assert found.get("sending", 0) <= 1  # what was in the air when the stick was pulled
        assert max(arrivals(bank).values()) == 1
        bank.modems[0].faults.replug()
        # Its report waits at the service centre until the SIM is back.

        async def ready() -> bool:
            return all(m.status.state == "ready" for m in gateway.modems.views())

        await until(ready, 20, "the modem is back")


async def test_hanging_unplugged_and_rebooting_modems_lose_and_double_nothing(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, 4) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        await send_all(gateway, numbers(300))
        first, second, third, fourth = (m.faults for m in bank.modems)
        await bank.smsc.wait_accepted(30, 20)
        first.hang(1.0)
        await bank.smsc.wait_accepted(60, 20)
        second.unplug()
        await bank.smsc.wait_accepted(90, 20)
        third.reboot()
        fourth.garbage(200)
        await bank.smsc.wait_accepted(120, 20)
        second.replug()
        fourth.lose_prompt(2)
        await bank.smsc.wait_accepted(160, 20)
        third.forget_settings()
        first.refuse(38, 3)
        await bank.smsc.wait_accepted(200, 20)
        second.split()
        fourth.storm(200)

        async def settled() -> bool:
            page = await gateway.messages.find(_all())
            return not any(m.parts[0].status in ("queued", "submitting") for m in page.items)

        await until(settled, 30, "everything sent, or in doubt")
        taken = arrivals(bank)
        assert max(taken.values()) == 1, "no number was sent to twice"
        page = await gateway.messages.find(_all())
        for message in page.items:
            if message.status in (S.SENT, S.DELIVERED):
                assert taken[message.to] == 1
            else:
                assert message.parts[0].status == "ambiguous", message
        doubtful = sum(m.status is S.SENDING for m in page.items)
        assert doubtful <= 8, "only what was in the air when a modem failed"


def _all() -> Any:
    from modemgw.gateway import MessageQuery

    return MessageQuery(limit=1000)


async def test_a_blocked_sim_is_avoided(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        bank.modems[0].faults.block(10)
        batch = await send_all(gateway, numbers(30))
        await all_become(gateway, batch, "delivered", 30)
        assert arrivals(bank) == dict.fromkeys(numbers(30), 1)


async def test_a_graceful_stop_hands_back_and_the_next_start_goes_on(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2, part_seconds=0.05) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            batch = await send_all(gateway, numbers(40))
            await bank.smsc.wait_accepted(8, 20)
        had = bank.smsc.accepted_count
        assert had < 40
        await asyncio.sleep(0.2)
        assert bank.smsc.accepted_count == had, "nothing is sent after the stop"
        async with gateway_on(config) as gateway:
            assert gateway.found.interrupted == 0
            assert gateway.found.waiting == 40 - had
            await bank.smsc.wait_accepted(40, 20)
            await asyncio.sleep(0.3)
            found = await counts(gateway, batch)
            # A report that a modem shows while nobody listens is lost: that message stays sent.
            assert found.get("sent", 0) <= 2 * len(bank.modems)
            assert found.get("sent", 0) + found["delivered"] == 40
        assert arrivals(bank) == dict.fromkeys(numbers(40), 1)


async def test_reports_that_waited_for_the_next_start_are_matched(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1, receipt_seconds=1.0) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            batch = await send_all(gateway, numbers(5))
            await all_become(gateway, batch, "sent", 5)
            bank.modems[0].faults.cover("none")
        await asyncio.sleep(1.2)
        async with gateway_on(config) as gateway:

            async def set_up() -> bool:
                return gateway.modems.view("m0").status.state == "registering"

            await until(set_up, 10)
            bank.modems[0].faults.cover("home")
            await all_become(gateway, batch, "delivered", 5)


async def test_a_sim_that_moves_to_another_modem_takes_its_reports_along(tmp_path: Path) -> None:
    async with (
        bank_of(tmp_path, 2, receipt_seconds=1.5) as bank,
        gateway_on(config_of(tmp_path, bank)) as gateway,
    ):
        message = await send(gateway, "+999000000001", modem="m0")
        await status(gateway, message, S.SENT)
        bank.swap_sims(bank.modems[0], bank.modems[1])
        for modem in bank.modems:
            modem.faults.reboot()
        await status(gateway, message, S.DELIVERED, 30)


async def test_a_pinned_message_waits_for_its_modem(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        bank.modems[1].faults.unplug()

        async def gone() -> bool:
            return gateway.modems.view("m1").status.state == "absent"

        await until(gone, 10, "m1 is absent")
        message = await send(gateway, "+999000000001", modem="m1")
        await asyncio.sleep(0.3)
        assert (await gateway.messages.get(message.id)).status is S.QUEUED
        bank.modems[1].faults.replug()
        found = await status(gateway, message, S.DELIVERED)
        assert found.parts[0].attempts[0].modem == "m1"


async def test_events_tell_each_step_once(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        seen: list[Event] = []

        async def follow() -> None:
            async for event in gateway.events.follow(0):
                seen.append(event)  # noqa: PERF401 - the list is looked at while it grows

        follower = asyncio.create_task(follow())
        batch = await send_all(gateway, numbers(20))
        await all_become(gateway, batch, "delivered", 20)

        async def told() -> bool:
            return sum(e.type == "message.delivered" for e in seen) >= 20

        await until(told, 10, "20 deliveries are told")
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        by_message: dict[str, list[str]] = {}
        for event in seen:
            if event.type.startswith("message."):
                by_message.setdefault(event.data["id"], []).append(event.type)
        steps = ["message.queued", "message.sent", "message.delivered"]
        assert list(by_message.values()) == [steps] * 20
        assert [e.id for e in seen] == list(range(1, len(seen) + 1))


async def test_inbound_texts_are_received_while_sending(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        batch = await send_all(gateway, numbers(20))
        long = "Приветствуем вас из-за угла! " * 10
        own = bank.settings.number_of(0)
        bank.smsc.inject("+447700900555", own, "short")
        bank.smsc.inject("+447700900556", own, long, order=[3, 1, 1, 2, 5, 4])
        bank.smsc.inject("ACME", own, "from a name")

        async def three() -> bool:
            from modemgw.gateway import InboundQuery

            found = (await gateway.inbounds.find(InboundQuery())).items
            return sorted(str(m.text) for m in found) == sorted(["short", long, "from a name"])

        await until(three, 20, "three messages are received")
        await all_become(gateway, batch, "delivered", 20)
