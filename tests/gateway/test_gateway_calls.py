"""Voice calls reach the events, with numbers as senders of messages are written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from labs.gateway import config_of, gateway_on
from labs.waiting import until

from modemgw.gateway import Gateway
from modemgw.virtual import Bank, BankSettings


async def first(gateway: Gateway, type: str) -> dict[str, Any]:
    """The data of the first event of a type."""
    async with asyncio.timeout(10):
        async for event in gateway.events.follow(0):
            if event.type == type:
                return event.data
    raise AssertionError("the events have ended")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+15550001234", "+15550001234"),
        ("07700900123", "+447700900123"),  # by the default region's plan
        ("150", "150"),
        (None, None),
    ],
)
async def test_a_call_becomes_an_event(
    tmp_path: Path, number: str | None, shown: str | None
) -> None:
    async with Bank(BankSettings(boot_seconds=0.1, part_seconds=0.0), tmp_path / "bank") as bank:
        config = config_of(tmp_path, bank, gateway={"default_region": "GB"})
        async with gateway_on(config) as gateway:
            await until(lambda: gateway.health.ready, 30)
            (modem,) = bank.modems
            modem.faults.ring(20, number, every_s=0.1)
            assert await first(gateway, "call.received") == {
                "modem": "m0",
                "sim": modem.iccid,
                "from": shown,
                "to": modem.number,
                "name": None,
            }
