"""What must not be answered automatically, and that it is told, once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labs.clock import FakeClock

from modemgw.config import Config, parse
from modemgw.gateway import Gateway, TooMany
from modemgw.gateway.incoming.loop_guard import LOOP
from modemgw.store import Transaction
from modemgw.store.records import NewMessage

SENDER = "+447700900555"
OWN = "+447700900001"


def config_of(tmp_path: Path, **more: Any) -> Config:
    modem = {"id": "m1", "device": str(tmp_path / "nothing"), "number": OWN}
    return parse({"gateway": {"data_dir": str(tmp_path)}, "modem": [modem], **more})


class Standing(FakeClock):
    """A clock that no waiting modem moves on."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True)
class Received:
    sender: str = SENDER
    text: str | None = "hello"


def nothing(tx: Transaction) -> None:
    """What belongs to an answer besides it."""


async def answer(gateway: Gateway, text: str = "thank you", to: str = SENDER) -> None:
    await gateway.sending.reply(NewMessage(to=to, text=text), nothing)


async def loops(gateway: Gateway) -> list[dict[str, Any]]:
    await gateway._store.write(nothing)  # what was to be written before is there then
    events = await gateway._store.read(lambda view: view.events.after(0, 1000))
    return [event.data for event in events if event.type == LOOP]


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        (SENDER, None),
        ("07700 900555", None),
        ("ACME", "no-number"),
        ("", "no-number"),
        ("60300", "short-code"),
        ("+449098790000", "premium-rate"),
        (OWN, "own-number"),
        ("07700900001", "own-number"),
        ("+999000000001", None),
    ],
)
async def test_only_numbers_of_others_are_answered(
    tmp_path: Path, sender: str, code: str | None
) -> None:
    async with Gateway.open(config_of(tmp_path)) as gateway:
        reason = gateway._loop_guard.may_answer(Received(sender))
        assert (None if reason is None else reason.code) == code
        assert await loops(gateway) == []


async def test_so_many_answers_an_hour_and_an_event_says_so_once(tmp_path: Path) -> None:
    clock = Standing()
    config = config_of(tmp_path, replies={"per_hour": 3})
    async with Gateway.open(config, clock=clock) as gateway:
        guard = gateway._loop_guard
        for n in range(3):
            assert guard.may_answer(Received()) is None
            await answer(gateway, f"answer {n}")
        for _ in range(4):
            reason = guard.may_answer(Received())
            assert reason is not None
            assert reason.code == "loop"
        with pytest.raises(TooMany):
            await answer(gateway)
        assert guard.may_answer(Received("+447700900666")) is None
        assert await loops(gateway) == [{"from": SENDER, "reason": str(reason)}]
    async with Gateway.open(config, clock=clock) as gateway:
        guard = gateway._loop_guard
        reason = guard.may_answer(Received())
        assert reason is not None, "a restart has forgotten what was answered"
        clock.now += 3601
        assert guard.may_answer(Received()) is None


async def test_what_others_were_sent_does_not_count(tmp_path: Path) -> None:
    async with Gateway.open(config_of(tmp_path, replies={"per_hour": 1})) as gateway:
        await gateway.sending.send(NewMessage(to=SENDER, text="an offer"), key="shop")
        assert gateway._loop_guard.may_answer(Received()) is None


async def test_an_answer_that_comes_back_is_not_answered(tmp_path: Path) -> None:
    clock = Standing()
    async with Gateway.open(config_of(tmp_path), clock=clock) as gateway:
        guard = gateway._loop_guard
        await answer(gateway, "Thank  you")
        assert guard.may_answer(Received(text="hello")) is None
        assert guard.may_answer(Received("+447700900666", "thank you")) is None
        for _ in range(2):
            reason = guard.may_answer(Received(text="THANK YOU "))
            assert reason is not None
            assert reason.code == "echo"
        assert len(await loops(gateway)) == 1
        clock.now += 3601
        assert guard.may_answer(Received(text="thank you")) is None
        gateway._loop_guard.forget_idle(clock.time())
        assert not guard._said
        assert not guard._told


async def test_who_only_asks_tells_nobody(tmp_path: Path) -> None:
    async with Gateway.open(config_of(tmp_path)) as gateway:
        await answer(gateway)
        assert gateway._loop_guard.judge(Received(text="thank you")) is not None
        assert await loops(gateway) == []


async def test_another_limit_holds_at_once(tmp_path: Path) -> None:
    async with Gateway.open(config_of(tmp_path)) as gateway:
        await answer(gateway)
        assert gateway._loop_guard.may_answer(Received()) is None
        await gateway.reconfigure(config_of(tmp_path, replies={"per_hour": 1}))
        assert gateway._loop_guard.may_answer(Received()) is not None
