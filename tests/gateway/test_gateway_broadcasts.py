"""Cell broadcasts: told once for each edition, whichever modem hears them, however often."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from labs.gateway import config_of, gateway_on
from labs.waiting import until

from modemgw.gateway import Gateway
from modemgw.virtual import Bank, BankSettings

LONG = "Stay indoors, close the windows, and listen to the radio. " * 4


async def told(gateway: Gateway, last: str) -> list[dict[str, Any]]:
    """What was told of broadcasts, up to the one with the text `last`."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        async for event in gateway.events.follow(0):
            if event.type == "broadcast.received":
                found.append(event.data)
                if event.data["text"] == last:
                    return found
    raise AssertionError("the events have ended")


async def test_a_broadcast_is_told_once(tmp_path: Path) -> None:
    settings = BankSettings(modems=2, boot_seconds=0.1, part_seconds=0.0)
    async with Bank(settings, tmp_path / "bank") as bank:
        listening = {"broadcasts": ["50", "4370-4399"]}
        modems = [
            {"id": f"m{i}", "device": str(path), **listening} for i, path in enumerate(bank.paths)
        ]
        config = config_of(tmp_path, bank, modem=modems)
        async with gateway_on(config) as gateway:
            await until(
                lambda: (
                    all("4370-4399" in m.body.broadcasts.shown() for m in bank.modems)
                    and all(m.line.parameters["+CNMI"][2] == 2 for m in bank.modems)
                ),
                30,
            )
            for _ in range(3):  # as a cell does, again and again
                bank.broadcast(4371, LONG, serial=0x7010, language="en")
                bank.broadcast(60, "nobody listens")
            bank.broadcast(4371, "All clear. Übung beendet: 结束", serial=0x7011)
            heard = await told(gateway, "All clear. Übung beendet: 结束")
            assert [(h["channel"], h["serial"], h["language"], h["text"]) for h in heard] == [
                (4371, 0x7010, "en", LONG),
                (4371, 0x7011, None, "All clear. Übung beendet: 结束"),
            ]
            assert heard[0]["scope"] == "network"
            assert heard[0]["modem"] in ("m0", "m1")


async def test_without_channels_nothing_is_listened_to(tmp_path: Path) -> None:
    async with (
        Bank(BankSettings(boot_seconds=0.1), tmp_path / "bank") as bank,
        gateway_on(config_of(tmp_path, bank)) as gateway,
    ):
        await until(lambda: gateway.health.ready, 30)
        (modem,) = bank.modems
        assert modem.body.broadcasts.shown() == ""
        assert modem.line.parameters["+CNMI"][2] == 0
