"""What comes while the daemon is stopped is there when it is back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from labs.waiting import until
from labs.ward import SCALED

from modemgw.config import Config, parse
from modemgw.gateway import Gateway, InboundQuery, MessageQuery
from modemgw.store.records import MessageStatus, NewMessage
from modemgw.virtual import Bank, BankSettings

MAKES = ("generic", "quectel-ec25", "simcom-sim800", "simcom-sim7600")
EACH = 5


def config_of(tmp_path: Path, bank: Bank) -> Config:
    return parse(
        {
            "gateway": {"data_dir": str(tmp_path / "data")},
            "modem": [{"id": f"m{i}", "device": str(p)} for i, p in enumerate(bank.paths)],
        }
    )


async def test_reports_and_messages_of_a_pause_are_read_at_the_next_start(tmp_path: Path) -> None:
    settings = BankSettings(
        modems=len(MAKES),
        personality=MAKES,
        loses_when_closed=True,
        part_seconds=0.01,
        receipt_seconds=3.0,
    )
    async with Bank(settings, tmp_path / "bank") as bank:
        config = config_of(tmp_path, bank)
        async with Gateway.open(config, timings=SCALED) as gateway:
            for i in range(EACH * len(MAKES)):
                new = NewMessage(to=f"+4477001000{i:02}", text="hello", modem=f"m{i % len(MAKES)}")
                await gateway.sending.send(new, key="test")
            await bank.smsc.wait_accepted(EACH * len(MAKES), 20)
        for modem in bank.modems:
            bank.smsc.inject("+447911000001", modem.number, f"to {modem.index}")
        await asyncio.sleep(settings.receipt_seconds)
        async with Gateway.open(config, timings=SCALED) as gateway:

            async def delivered() -> bool:
                page = await gateway.messages.find(MessageQuery(limit=100))
                return {m.status for m in page.items} == {MessageStatus.DELIVERED}

            await until(delivered, 10, "every message is delivered")

            async def received() -> bool:
                page = await gateway.inbounds.find(InboundQuery(limit=100))
                return {m.text for m in page.items} == {f"to {m.index}" for m in bank.modems}

            await until(received, 10, "every message is received")
