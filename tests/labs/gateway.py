"""The whole gateway in this process, against a virtual bank on pseudo-terminals."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from labs.timings import QUICK
from labs.waiting import until
from modemgw.config import Config, parse
from modemgw.gateway import Gateway
from modemgw.store.records import Message, MessageStatus, NewMessage
from modemgw.virtual import Bank

TIMINGS = replace(QUICK, submit=0.6, quarantine=(0.3,))
"""A submission that hangs is given up soon."""


def config_of(tmp_path: Path, bank: Bank, **more: Any) -> Config:
    modem = [{"id": f"m{i}", "device": str(path)} for i, path in enumerate(bank.paths)]
    gateway = {"data_dir": str(tmp_path / "data"), **more.pop("gateway", {})}
    return parse({"gateway": gateway, "modem": modem, **more})


def gateway_on(config: Config) -> AbstractAsyncContextManager[Gateway]:
    return Gateway.open(config, timings=TIMINGS)


async def send(gateway: Gateway, to: str, text: str = "hello", **more: Any) -> Message:
    accepted = await gateway.sending.send(NewMessage(to=to, text=text, **more), key="test")
    assert accepted.message is not None
    return accepted.message


async def status(
    gateway: Gateway, message: Message, wanted: MessageStatus | str, timeout_s: float = 60.0
) -> Message:
    """The message, once it has this status."""
    last: list[Message] = []

    async def reached() -> bool:
        last[:] = [await gateway.messages.get(message.id)]
        return last[0].status == wanted

    await until(reached, timeout_s, lambda: f"{message.to} becomes {wanted}: {last[0]}")
    return last[0]


async def stays(gateway: Gateway, message: Message, wanted: MessageStatus, for_s: float) -> None:
    """The message still has this status after a while."""
    await asyncio.sleep(for_s)
    assert (await gateway.messages.get(message.id)).status is wanted
