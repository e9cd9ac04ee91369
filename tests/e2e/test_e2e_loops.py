"""Gateways that answer and forward, on one network: counted at its service centre."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of
from labs.daemon import Daemon, daemon, until_ready, write_config
from labs.gateway import config_of, gateway_on
from labs.waiting import until

from modemgw.client import Client
from modemgw.gateway import DeliveryQuery
from modemgw.virtual import Bank
from modemgw.virtual.calls import Call

pytestmark = pytest.mark.e2e

SENDER, BOSS = "+447700900555", "+447700900100"
QUICK = {"part_seconds": 0, "receipt_seconds": 0.01}


async def started(stack: AsyncExitStack, place: Path, device: str, extra: str) -> Daemon:
    place.mkdir(exist_ok=True)
    running = await stack.enter_async_context(daemon(write_config(place, [device], extra=extra)))
    await until_ready(running.url)
    return running


async def two(stack: AsyncExitStack, bank: Bank, tmp_path: Path, reply: str) -> list[Daemon]:
    """Two daemons, each with a modem of the bank, that reply to everything."""
    extra = f"[replies]\nper_hour = 3\n[[handler]]\nid = 'reply'\nreply = '''{reply}'''\n"
    return [
        await started(stack, tmp_path / name, bank.devices[n], extra)
        for n, name in enumerate(("one", "two"))
    ]


async def loops(running: Daemon) -> list[dict[str, Any]]:
    """What the events `handler.loop` say, once there is one."""
    async with (
        Client(running.url, running.key) as client,
        aclosing(client.events(types="handler.loop", after=0)) as events,
    ):
        async with asyncio.timeout(10):
            found = [(await anext(events)).data]
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                found.append((await anext(events)).data)
        return found


async def dead(running: Daemon) -> int:
    async with Client(running.url, running.key) as client:
        return (await client.handlers())[0].dead


async def test_two_gateways_that_answer_each_other_stop_after_a_few_rounds(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, 2, **QUICK) as bank, AsyncExitStack() as stack:
        first, second = await two(stack, bank, tmp_path, "{{ text }}!")
        numbers = [bank.settings.number_of(n) for n in (0, 1)]
        bank.smsc.inject(numbers[1], numbers[0], "hello")
        await bank.smsc.wait_accepted(6, 60)
        await until(lambda: dead(first), 30)
        await asyncio.sleep(0.5)  # nothing more comes of it
        assert [(m.destination, m.text) for m in bank.smsc.messages] == [
            (numbers[(n + 1) % 2], "hello" + "!" * (n + 1)) for n in range(6)
        ]
        told = await loops(first)
        assert [data["from"] for data in told] == [numbers[1]]
        assert await dead(second) == 0
        # Somebody else is answered all the same; and a restart does not begin it anew.
        bank.smsc.inject(SENDER, numbers[0], "hello")
        await bank.smsc.wait_accepted(7, 30)
        first.process.send_signal(signal.SIGKILL)
        await first.process.wait()
        again = await started(stack, tmp_path / "one", bank.devices[0], _extra_of(tmp_path / "one"))
        bank.smsc.inject(numbers[1], numbers[0], "are you there?")
        await until(lambda: _is(dead(again), 2), 30)
        assert bank.smsc.accepted_count == 7


def _extra_of(place: Path) -> str:
    """What stands behind the modem in a configuration."""
    return "[replies]" + (place / "modemgw.toml").read_text().partition("[replies]")[2]


async def _is(count: Any, wanted: int) -> bool:
    return bool(await count == wanted)


async def test_two_gateways_that_give_the_same_answer_stop_at_once(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2, **QUICK) as bank, AsyncExitStack() as stack:
        first, _ = await two(stack, bank, tmp_path, "We are out. Call us.")
        numbers = [bank.settings.number_of(n) for n in (0, 1)]
        bank.smsc.inject(numbers[1], numbers[0], "hello")
        await until(lambda: dead(first), 30)
        await asyncio.sleep(0.5)
        assert bank.smsc.accepted_count == 2
        assert len(await loops(first)) == 1


async def test_gateways_that_send_on_in_a_ring_stop(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 3, **QUICK) as bank, AsyncExitStack() as stack:
        numbers = [bank.settings.number_of(n) for n in range(3)]
        ring = [
            await started(
                stack,
                tmp_path / f"d{n}",
                bank.devices[n],
                f'[[handler]]\nforward = "{numbers[(n + 1) % 3]}"\n',
            )
            for n in range(3)
        ]
        bank.smsc.inject(SENDER, numbers[0], "hello")
        await until(lambda: dead(ring[0]), 60)
        await asyncio.sleep(0.5)
        assert bank.smsc.accepted_count == 3, "once round"
        assert [data["from"] for data in await loops(ring[0])] == [numbers[2]]


async def test_two_hundred_replies_on_instant_modems_and_none_is_lost(tmp_path: Path) -> None:
    senders = [f"+44770091{n:04d}" for n in range(200)]
    async with bank_of(tmp_path, 4, **QUICK) as bank:
        config = config_of(
            tmp_path,
            bank,
            sim_limits={"per_minute": 0, "per_day": 0},
            handler=[{"id": "reply", "reply": "To {{ from }}: {{ text }}", "at_once": 16}],
        )
        async with gateway_on(config) as gateway:
            for n, sender in enumerate(senders):
                bank.smsc.inject(sender, bank.settings.number_of(n % 4), f"number {n}")
            await bank.smsc.wait_accepted(200, 60)

            async def all_taken() -> bool:
                page = await gateway.handlers.deliveries(DeliveryQuery("reply", limit=1000))
                return [d.state.value for d in page.items] == ["delivered"] * 200

            await until(all_taken, 30)
        got = Counter((m.destination, m.text) for m in bank.smsc.messages)
        wanted = [(to, f"To {to}: number {n}") for n, to in enumerate(senders)]
        assert got == Counter(wanted)


async def test_no_reply_is_accepted_twice_over_kill_nine(tmp_path: Path) -> None:
    senders = [f"+44770091{n:04d}" for n in range(120)]
    extra = (
        "[sim_limits]\nper_minute = 0\nper_day = 0\n"
        '[[handler]]\nid = "reply"\nreply = "got {{ text }}"\n'
    )
    async with bank_of(tmp_path, 1, **QUICK) as bank, AsyncExitStack() as stack:
        own = bank.settings.number_of(0)
        place = tmp_path / "one"
        for n, sender in enumerate(senders):
            if n % 40 == 0:
                running = await started(stack, place, bank.devices[0], extra)
            bank.smsc.inject(sender, own, f"number {n}")
            if n % 40 == 39:
                await bank.smsc.wait_accepted(n - 25, 60)
                running.process.send_signal(signal.SIGKILL)
                await running.process.wait()
        running = await started(stack, place, bank.devices[0], extra)
        async with Client(running.url, running.key) as client:

            async def all_answered() -> bool:
                return len({m.to async for m in client.messages(limit=1000)}) == len(senders)

            await until(all_answered, 60)
            accepted = Counter([m.to async for m in client.messages(limit=1000)])
        assert accepted == Counter(senders)
        assert max(Counter(m.destination for m in bank.smsc.messages).values()) == 1


async def test_a_long_message_is_sent_on_whole(tmp_path: Path) -> None:
    text = "नमस्ते, यह सात भागों का संदेश है। " * 13
    async with bank_of(tmp_path, 2, **QUICK) as bank:
        config = config_of(tmp_path, bank, handler=[{"forward": BOSS}])
        async with gateway_on(config):
            parts = bank.smsc.inject(
                SENDER, bank.settings.number_of(1), text, order=[3, 1, 2, 7, 5, 4, 6]
            )
            assert parts == 7
            await bank.smsc.wait_accepted(7, 30)
            await until(lambda: bank.smsc.messages[0].text == f"{SENDER}: {text}", 30)
        assert len(bank.smsc.messages) == 1


async def test_who_calls_gets_an_sms(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2, **QUICK) as bank:
        handlers = [
            {"on": "call", "match": {"modem": "m1"}, "reply": "We call you back, {{ from }}."},
            {"on": "call", "match": {"to": bank.settings.number_of(0)}, "forward": BOSS},
            {"id": "messages", "reply": "this is for messages"},
        ]
        async with gateway_on(config_of(tmp_path, bank, handler=handlers)) as gateway:
            await until(lambda: len([v for v in gateway.modems.views() if v.status.sim]) == 2, 20)
            bank.modems[1].body.calls.come(Call(SENDER), times=2, every_s=0.2)
            bank.modems[0].body.calls.come(Call(None), times=2, every_s=0.2)
            await bank.smsc.wait_accepted(2, 30)
            await asyncio.sleep(0.5)
        got = {(m.destination, m.modem_index): m.text or "" for m in bank.smsc.accepted}
        assert got.pop((SENDER, 1)) == f"We call you back, {SENDER}."
        ((to, _),) = got
        assert to == BOSS
        assert got.popitem()[1].startswith("Call from an unknown number at ")
