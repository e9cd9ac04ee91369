"""What modems receive: kept first, put together, given to handlers, never twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.outbox import report_of
from labs.raw_sql import raw

from modemgw.config import parse
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.incoming.intake import Intake
from modemgw.gateway.incoming.reassembly import Incoming
from modemgw.gateway.outgoing.accounts import Accounts
from modemgw.gateway.outgoing.receipts import Matched, Receipts
from modemgw.modem import ReceivedPdu, SimIdentity
from modemgw.sms import Address, Deliver, Timestamp, pack_pdu, segment_data, segment_text
from modemgw.store import InboundQuery, Store, StoreUnavailable
from modemgw.store.records import Event, Inbound
from modemgw.store.sqlite import FILE_NAME, SqliteStore

SIM = SimIdentity("8999901000000000001", None, "+447700900001")
LONG = "Ünïcödé and more: 数字 " * 12


def delivers(
    text: str, *, sender: str = "+447700900555", reference: int = 7, at: float = START
) -> list[bytes]:
    parts = segment_text(text, reference=reference)
    stamp = Timestamp.from_datetime(datetime.fromtimestamp(at, UTC))
    if sender.lstrip("+").isdecimal():
        originator = Address.parse(sender)
    else:
        originator = Address.alphanumeric(sender)
    return [Deliver(originator, part, stamp, dcs=parts.dcs).encode() for part in parts.parts]


def pdu(tpdu: bytes) -> ReceivedPdu:
    return ReceivedPdu(tpdu, pack_pdu(tpdu), None, "SM", 1, False)


class Postbox:
    def __init__(self, store: Store, clock: FakeClock, seed: int) -> None:
        self.store, self.clock = store, clock
        self.told: list[str] = []
        self.settled: list[Matched] = []
        self.intake = Intake(
            store=store,
            incoming=Incoming(
                random=Random(seed),
                number_of=lambda modem, sim: sim.number,
            ),
            receipts=Receipts(Accounts(Tariffs(parse({})))),
            on_settled=self.settled.append,
            reassembly_timeout_s=3600,
            clock=clock,
        )
        store.on_events(self._tell)

    def _tell(self, group: list[Event]) -> None:
        self.told += [event.data["id"] for event in group if event.type == "inbound.received"]

    async def receive(self, *tpdus: bytes, modem: str = "m1", sim: SimIdentity = SIM) -> None:
        for tpdu in tpdus:
            await self.intake.received(modem, sim, pdu(tpdu))

    async def all(self) -> list[Inbound]:
        page = await self.store.read(lambda view: view.inbound.find(InboundQuery()))
        return list(reversed(page.items))

    async def texts(self) -> list[str | None]:
        return [m.text for m in await self.all()]

    async def count(self, table: str) -> int:
        return await self.store.read(
            lambda view: raw(view).execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        )


@asynccontextmanager
async def postbox(tmp_path: Path, clock: FakeClock | None = None) -> AsyncIterator[Postbox]:
    clock = clock or FakeClock()
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:
        messages = await store.read(
            lambda view: raw(view).execute("SELECT count(*) FROM inbound").fetchone()[0]
        )
        yield Postbox(store, clock, messages)


async def test_a_short_message_is_shown_at_once(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(*delivers("hello"))
        (found,) = await box.all()
        assert (found.text, found.sender, found.to) == ("hello", "+447700900555", "+447700900001")
        assert (found.modem, found.sim, found.sent_at) == ("m1", SIM.iccid, START)
        assert found.complete
        assert box.told == [found.id]


@pytest.mark.parametrize("seed", range(6))
async def test_parts_come_in_any_order_with_repetitions_and_interleaved(
    tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    sets = {
        "one": delivers("one " + LONG, reference=1),
        "two": delivers("two " + LONG, reference=2),
        "other": delivers("other " + LONG, sender="+447700900556", reference=1),
    }
    stream = [tpdu for parts in sets.values() for tpdu in parts]
    stream += random.sample(stream, 4)
    random.shuffle(stream)
    async with postbox(tmp_path) as box:
        await box.receive(*stream)
        assert sorted(map(str, await box.texts())) == sorted(f"{name} {LONG}" for name in sets)
        assert all(m.complete for m in await box.all())
        assert len(box.told) == 3


async def test_the_same_pdu_offered_again_is_recognised_also_after_a_crash(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    short, long = delivers("hello"), delivers(LONG)
    async with postbox(tmp_path, clock) as box:
        await box.receive(*short, *long[:2])
    async with postbox(tmp_path, clock) as box:
        await box.receive(*short, *long)
        await box.receive(*short, *long)
        assert await box.texts() == ["hello", LONG]
        assert len(box.told) == 1


async def test_the_same_text_at_another_time_or_from_another_sim_is_another_message(
    tmp_path: Path,
) -> None:
    async with postbox(tmp_path) as box:
        await box.receive(*delivers("yes"), *delivers("yes", at=START + 1))
        await box.receive(*delivers("yes"), sim=SimIdentity("8999901000000000002", None, None))
        assert await box.texts() == ["yes"] * 3


async def test_a_reference_that_is_used_again_begins_another_message(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        first, second = delivers("a" + LONG), delivers("b" + LONG, at=START + 60)
        await box.receive(*first)
        box.clock.now += 60
        await box.receive(*second)
        assert await box.texts() == ["a" + LONG, "b" + LONG]


async def test_two_long_messages_with_one_reference_are_not_mixed(tmp_path: Path) -> None:
    """A sender that does not count its references, or counts them from 0 each time."""
    async with postbox(tmp_path) as box:
        first, second = delivers("a" * 200), delivers("b" * 200, at=START + 3600)
        await box.receive(first[0])
        box.clock.now += 3600
        await box.receive(second[1], second[0])
        assert await box.texts() == ["b" * 200]
        box.clock.now += 3600
        await box.intake.release_overdue()
        last = (await box.texts())[-1]
        assert last is not None
        assert last.startswith("a" * 100)
        assert "b" not in last


async def test_of_two_parts_for_one_place_the_nearer_in_time_counts(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        first, second = delivers("a" * 200), delivers("b" * 200, at=START + 60)
        await box.receive(first[0], second[0], second[1])
        assert await box.texts() == ["b" * 200]
        await box.receive(first[1])
        assert await box.texts() == ["b" * 200, "a" * 200]


async def test_parts_of_one_message_may_come_through_two_modems_of_one_sim(
    tmp_path: Path,
) -> None:
    async with postbox(tmp_path) as box:
        parts = delivers(LONG)
        await box.receive(*parts[:1], modem="m1")
        await box.receive(*parts[1:], modem="m2")
        assert await box.texts() == [LONG]


async def test_an_overdue_set_is_handed_on_with_its_gap_marked(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        parts = delivers("x" * 400)
        await box.receive(parts[0], parts[2])
        await box.intake.release_overdue()
        assert await box.all() == []
        box.clock.now += 3601
        await box.intake.release_overdue()
        (found,) = await box.all()
        assert not found.complete
        assert found.parts_total == 3
        assert [p.sequence for p in found.parts] == [1, 3]
        text = str(found.text)
        assert text.startswith("x" * 100)
        assert text.endswith("x")
        assert text.strip("x") != "", "the gap is marked"
        assert len(box.told) == 1
        await box.intake.release_overdue()
        assert len(await box.all()) == 1


async def test_what_cannot_be_decoded_is_kept_raw_and_shown_once(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        broken = ReceivedPdu(b"\x04\x0b", "00040B", None, "SM", 1, False)
        noise = ReceivedPdu(b"", "no hex at all é", None, None, None, True)
        for one in (broken, noise, broken):
            await box.intake.received("m1", SIM, one)
        found = await box.all()
        assert [m.encoding for m in found] == ["raw", "raw"]
        assert found[0].data == b"00040B"
        assert all(m.problem for m in found)


@pytest.mark.parametrize("seed", range(40))
async def test_no_octets_break_the_inbox(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    good = delivers(LONG) + delivers("hi", sender="ACME")
    async with postbox(tmp_path) as box:
        for _ in range(10):
            octets = bytearray(random.choice(good))
            for _ in range(random.randrange(4)):
                octets[random.randrange(len(octets))] = random.randrange(256)
            await box.receive(bytes(octets[: random.randrange(1, len(octets) + 1)]))
        box.clock.now += 4000
        await box.intake.release_overdue()
        kept = await box.count("inbound_parts") + await box.count("unmatched_reports")
        waiting = await box.store.read(
            lambda view: (
                raw(view)
                .execute("SELECT count(*) FROM inbound_parts WHERE inbound IS NULL")
                .fetchone()[0]
            )
        )
        assert kept > 0
        assert waiting == 0


async def test_binary_class_and_ports_are_shown(tmp_path: Path) -> None:
    from modemgw.sms import Ports

    parts = segment_data(b"\x00\xff" * 100, ports=Ports(2948, 9200, wide=True), message_class=1)
    stamp = Timestamp.from_datetime(datetime.fromtimestamp(START, UTC))
    async with postbox(tmp_path) as box:
        for part in reversed(parts.parts):
            tpdu = Deliver(Address.parse("12345"), part, stamp, dcs=parts.dcs).encode()
            await box.receive(tpdu)
        (found,) = await box.all()
        assert found.data == b"\x00\xff" * 100
        assert (found.text, found.encoding) == (None, "binary")
        assert (found.ports, found.message_class, found.sender) == ((2948, 9200), 1, "12345")


async def test_nothing_is_acknowledged_that_is_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with postbox(tmp_path) as box:

        def full(work: Any, *, keep: bool = False, then: Any = None) -> Any:
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreUnavailable("the disk is full"))
            return failed

        monkeypatch.setattr(box.store, "write", full)
        with pytest.raises(StoreUnavailable):
            await box.receive(*delivers("hello"))
        with pytest.raises(StoreUnavailable):
            await box.receive(report_of("+447700900123", 1).encode())
        monkeypatch.undo()
        await box.receive(*delivers("hello"))
        assert await box.texts() == ["hello"]


async def test_who_waits_for_it_is_told_though_the_modem_left_while_it_was_committed(
    tmp_path: Path,
) -> None:
    async with postbox(tmp_path) as box:
        task = asyncio.create_task(box.receive(*delivers("hello")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await box.store.write(lambda tx: None)
        assert len(box.told) == 1


async def test_pages_go_through_everything_newest_first(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        for n in range(7):
            box.clock.now += 1
            await box.receive(*delivers(f"text {n}", at=START + n))
        seen: list[str | None] = []
        cursor = None
        while True:
            query = InboundQuery(limit=3, cursor=cursor)
            page = await box.store.read(lambda view, q=query: view.inbound.find(q))  # type: ignore[misc]
            seen += [m.text for m in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [f"text {n}" for n in range(6, -1, -1)]
        some = InboundQuery(since=START + 2, until=START + 4)
        page = await box.store.read(lambda view: view.inbound.find(some))
        assert [m.text for m in page.items] == ["text 2", "text 1"]
