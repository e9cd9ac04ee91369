"""What comes over the air, through modems and store to the API: late parts and special messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiohttp.test_utils import TestServer
from labs.bank import bank_of
from labs.gateway import TIMINGS, config_of
from labs.receiver import receiver
from labs.waiting import until

from modemgw.api.app import create_app
from modemgw.api.telling import tell
from modemgw.client import Client, answers
from modemgw.clock import SystemClock
from modemgw.gateway import Gateway
from modemgw.sms import (
    GAP,
    Address,
    DataCoding,
    Deliver,
    SpecialMessage,
    Timestamp,
    UserData,
    segment_text,
    unpack_pdu,
)
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank

HINDI = "नमस्ते, आपका ऑर्डर भेज दिया गया है और कल तक पहुँच जाएगा। " * 8
SENDER = "+447700900222"
VECTORS = Path(__file__).parents[1] / "vectors" / "deliver.json"


class MovedClock:
    """A clock that is moved by hand, while no gateway runs by it."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self.ahead = 0.0

    def time(self) -> float:
        return self._clock.time() + self.ahead

    def monotonic(self) -> float:
        return self._clock.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


@asynccontextmanager
async def running(tmp_path: Path, bank: Bank, clock: MovedClock) -> AsyncIterator[Client]:
    """The gateway with its HTTP API, and a client of it that may do everything."""
    config = config_of(tmp_path, bank, gateway={"reassembly_timeout": 3600})
    key = create_key(config.gateway.data_dir / FILE_NAME, f"at {clock.ahead}", ["admin"])
    async with (
        Gateway.open(config, clock=clock, timings=TIMINGS, tell=tell) as gateway,
        TestServer(create_app(gateway)) as server,
        Client(str(server.make_url("/")), key) as client,
    ):
        yield client


async def received(client: Client, count: int = 1) -> list[answers.Inbound]:
    """The received messages, the oldest first, once there are so many."""
    found: list[answers.Inbound] = []

    async def there() -> bool:
        found[:] = reversed([m async for m in client.inbounds()])
        return len(found) >= count

    await until(there, 30, lambda: [(m.kind, m.text) for m in found])
    return found


def nothing_left(bank: Bank) -> bool:
    """Whether all that was sent has left the network and the modems: it is committed then."""
    sims = [modem.sim for modem in bank.modems if modem.sim is not None]
    return not any(len(sim.store) or bank.smsc.waiting_for(sim) for sim in sims)


async def test_a_long_message_whose_third_part_comes_a_day_late(tmp_path: Path) -> None:
    clock = MovedClock()
    parts = segment_text(HINDI, reference=77)
    stamp = Timestamp.from_datetime(datetime.now(UTC))
    tpdus = [
        Deliver(Address.parse(SENDER), part, stamp, dcs=parts.dcs).encode() for part in parts.parts
    ]
    assert len(tpdus) == 7
    async with bank_of(tmp_path, 1) as bank, receiver() as hook:
        own = bank.settings.number_of(0)
        async with running(tmp_path, bank, clock) as client:
            for n in (1, 6, 0, 3, 5, 4):
                bank.smsc.inject_tpdu(own, tpdus[n])
            await until(lambda: nothing_left(bank), 30)
            assert [m async for m in client.inbounds()] == []
        clock.ahead += 2 * 3600  # more than gateway.reassembly_timeout
        async with running(tmp_path, bank, clock) as client:
            (half,) = await received(client)
            assert (half.complete, len(half.parts), half.parts_total) == (False, 6, 7)
            assert half.text is not None
            assert half.text.split(GAP)[0] == HINDI[: half.text.index(GAP)]
            assert HINDI.endswith(half.text.split(GAP)[1])
            await client.mark_inbound(half.id)
            await client.create_webhook(hook.url, ["inbound.*"])
        clock.ahead += 24 * 3600
        async with running(tmp_path, bank, clock) as client:
            bank.smsc.inject_tpdu(own, tpdus[2])
            told = []
            async with asyncio.timeout(30):
                async for event in client.events(types="inbound.*", after=0):
                    told.append((event.type, event.data["id"], event.data["complete"]))
                    if event.type == "inbound.completed":
                        break
            assert told == [
                ("inbound.received", half.id, False),
                ("inbound.completed", half.id, True),
            ]
            (whole,) = [m async for m in client.inbounds()]
            assert (whole.id, whole.text, whole.complete) == (half.id, HINDI, True)
            assert [part.sequence for part in whole.parts] == [1, 2, 3, 4, 5, 6, 7]
            assert whole.completed_at is not None
            assert (whole.completed_at - whole.received_at).total_seconds() > 23 * 3600
            assert not whole.read
            assert [m async for m in client.inbounds(complete=False)] == []
            (request,) = await hook.until(1)
            assert request.document["type"] == "inbound.completed"
            assert request.document["data"] == whole


async def test_special_messages_are_seen_as_what_they_are(tmp_path: Path) -> None:
    vectors = {v["id"]: unpack_pdu(v["pdu"])[1] for v in json.loads(VECTORS.read_text())}
    stamp = Timestamp.from_datetime(datetime.now(UTC))
    voicemail = Deliver(
        Address.parse(SENDER),
        UserData.of_text("3 new", header=[SpecialMessage(0, 3, store=True).element()]),
        stamp,
        DataCoding.from_octet(0),
    ).encode()
    async with bank_of(tmp_path, 1) as bank, running(tmp_path, bank, MovedClock()) as client:
        own, smsc = bank.settings.number_of(0), bank.smsc
        kinds = []

        async def then(kind: str) -> None:
            kinds.append(kind)
            await received(client, len(kinds))
            await until(lambda: nothing_left(bank), 30)

        smsc.inject(SENDER, own, "look!", message_class=0)
        await then("flash")
        smsc.inject_tpdu(own, voicemail)
        await then("mwi")
        for text in ("1 : 0", "1 : 1"):
            smsc.inject(SENDER, own, text, pid=0x41)
            await then("text")
        for vector in ("pymsg-wap-5", "pymsg-wap-6"):
            smsc.inject_tpdu(own, vectors[vector])
        await then("wap_push")
        for vector in ("pymsg-wap-2", "pymsg-wap-1"):
            smsc.inject_tpdu(own, vectors[vector])
        await then("mms_notification")
        smsc.inject(SENDER, own, data=b"\0\1")
        await then("data")

        found = await received(client, len(kinds))
        assert [m.kind for m in found] == kinds
        flash, mwi, former, new, push, mms, _ = found
        assert (flash.text, flash.message_class) == ("look!", 0)
        assert mwi.mwi is not None
        assert [(w.type, w.count) for w in mwi.mwi] == [("voicemail", 3)]
        assert (former.replaced_by, new.replaces) == (new.id, former.id)
        assert push.wap_push is not None
        assert push.wap_push.href == "http://wap.meincallya.de/"
        assert mms.mms is not None
        assert mms.mms.location.startswith("http://promms/servlets/")
        assert mms.mms.expires_at is not None
        assert (mms.mms.expires_at - mms.received_at).total_seconds() == 72000
        assert [m.id async for m in client.inbounds(kind="mms_notification")] == [mms.id]

        await client.send(SENDER, "thank you", wait=30)
        (talk,) = [c async for c in client.conversations() if c.number == SENDER]
        assert (talk.unread, talk.last.direction) == (5, "sent")
        items = [item async for item in client.conversation(SENDER)]
        assert [item.direction for item in items] == ["sent", *["received"] * 5]
        assert await client.mark_conversation(SENDER) == 5
        assert [m.id async for m in client.inbounds(read=False)] == [mms.id, push.id]
