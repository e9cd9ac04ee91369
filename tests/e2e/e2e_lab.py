"""The whole gateway in this process, against a virtual bank on pseudo-terminals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from modemgw.config import Config, parse
from modemgw.gateway import Gateway
from modemgw.modem import Timings
from modemgw.store.records import Message, MessageStatus, NewMessage
from modemgw.virtual import Bank, BankSettings

QUICK = Timings(
    absent_poll=0.05,
    open_retry=0.05,
    drain=0.02,
    answer=0.2,
    prompt=1.0,
    submit=0.6,
    sim_poll=0.05,
    search_poll=0.05,
    sweep=0.5,
    reset_pause=0.05,
    reopen_pause=0.05,
    steady=5.0,
    quarantine=(0.3,),
)
"""Patience for a bank whose modems answer at once."""


def bank_of(tmp_path: Path, modems: int = 2, **settings: Any) -> Bank:
    quick = {"part_seconds": 0.01, "receipt_seconds": 0.05, "boot_seconds": 0.2}
    return Bank(BankSettings(modems=modems, **{**quick, **settings}), tmp_path / "bank")


def config_of(tmp_path: Path, bank: Bank, **more: Any) -> Config:
    modem = [{"id": f"m{i}", "device": str(path)} for i, path in enumerate(bank.paths)]
    gateway = {"data_dir": str(tmp_path / "data"), **more.pop("gateway", {})}
    return parse({"gateway": gateway, "modem": modem, **more})


def gateway_on(config: Config) -> AbstractAsyncContextManager[Gateway]:
    return Gateway.open(config, timings=QUICK)


async def send(gateway: Gateway, to: str, text: str = "hello", **more: Any) -> Message:
    accepted = await gateway.sending.send(NewMessage(to=to, text=text, **more), key="test")
    assert accepted.message is not None
    return accepted.message


async def until(
    probe: Callable[[], Awaitable[bool]], timeout_s: float = 20.0, why: str = ""
) -> None:
    """Wait for something outside that tells nobody when it happens."""
    try:
        async with asyncio.timeout(timeout_s):
            while not await probe():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"this did not come true in {timeout_s:g} s: {why}")


async def status(
    gateway: Gateway, message: Message, wanted: MessageStatus | str, timeout_s: float = 20.0
) -> Message:
    """The message, once it has this status."""
    last: list[Message] = []

    async def reached() -> bool:
        last[:] = [await gateway.messages.get(message.id)]
        return last[0].status == wanted

    try:
        async with asyncio.timeout(timeout_s):
            while not await reached():
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"{message.to} did not become {wanted}: {last[0]}")
    return last[0]


async def stays(gateway: Gateway, message: Message, wanted: MessageStatus, for_s: float) -> None:
    """The message still has this status after a while."""
    await asyncio.sleep(for_s)
    assert (await gateway.messages.get(message.id)).status is wanted
