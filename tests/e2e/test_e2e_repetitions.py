"""Equal messages, and repetitions, through the whole gateway."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from labs.bank import bank_of
from labs.gateway import config_of, gateway_on
from labs.waiting import until

from modemgw.sms import Address, Deliver, Timestamp, segment_text
from modemgw.store import InboundQuery

AT = Timestamp.from_datetime(datetime(2026, 9, 21, 12, tzinfo=UTC))


def deliver(text: str, *, more: bool = False, pid: int = 0) -> bytes:
    parts = segment_text(text)
    return Deliver(
        Address.parse("+447700900555"),
        parts.parts[0],
        AT,
        dcs=parts.dcs,
        pid=pid,
        more_messages=more,
    ).encode()


async def test_equal_messages_of_one_second_are_two_and_a_later_repetition_is_none(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, 1) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        own, store = bank.settings.number_of(0), bank.modems[0].body.storage.named("SM")

        async def texts() -> list[str | None]:
            return [m.text for m in (await gateway.inbounds.find(InboundQuery())).items]

        async def came(count: int) -> bool:
            return len(await texts()) >= count and len(store) == 0

        bank.smsc.inject_tpdu(own, deliver("yes"))
        bank.smsc.inject_tpdu(own, deliver("yes"))
        await until(lambda: came(2), 10)
        bank.smsc.inject_tpdu(own, deliver("yes", more=True))  # its RP-ACK was lost
        bank.smsc.inject_tpdu(own, deliver("silent", pid=0x40))
        bank.smsc.inject_tpdu(own, deliver("last"))
        await until(lambda: came(3), 10)
        await asyncio.sleep(0.3)
        assert await texts() == ["last", "yes", "yes"]
