"""Which PDUs are one message: the place they lie in and what networks repeat decide."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.outbox import report_of
from labs.units import run_units_twice
from test_gateway_incoming import LONG, SIM, Postbox, delivers, postbox

from modemgw.config import parse
from modemgw.gateway.incoming import belonging
from modemgw.gateway.incoming import reassembly as incoming
from modemgw.gateway.upkeep.retention import CHUNK, Housekeeping
from modemgw.modem import ReceivedPdu
from modemgw.sms import Address, Deliver, decode_mt, pack_pdu, segment_text
from modemgw.store import Transaction

DAY = 86400.0


@pytest.fixture(params=["each unit once", "each unit twice"], autouse=True)
def _units(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "each unit twice":
        run_units_twice(monkeypatch)


def lying(tpdu: bytes, slot: int, memory: str = "SM", beside: Any = ()) -> ReceivedPdu:
    return ReceivedPdu(tpdu, pack_pdu(tpdu), None, memory, slot, False, frozenset(beside))


def direct(tpdu: bytes) -> ReceivedPdu:
    return ReceivedPdu(tpdu, pack_pdu(tpdu), None, None, None, True)


async def take(box: Postbox, *pdus: ReceivedPdu) -> None:
    for pdu in pdus:
        await box.intake.received("m1", SIM, pdu)


def house(box: Postbox, **config: Any) -> Housekeeping:
    return Housekeeping(
        parse(config), store=box.store, intake=box.intake, forgetful=(), clock=box.clock
    )


@pytest.mark.parametrize("days", [6, 8, 40, 400])
async def test_what_a_sim_does_not_let_go_of_is_not_new_however_long_it_lies_there(
    tmp_path: Path, days: int
) -> None:
    clock = FakeClock()
    hello, broken = delivers("hello")[0], ReceivedPdu(b"\x04\x0b", "00040B", None, "SM", 4, False)
    long = [lying(tpdu, 10 + i) for i, tpdu in enumerate(delivers(LONG))]
    async with postbox(tmp_path, clock) as box:
        await take(box, lying(hello, 3), broken, *long)
        clock.now += days * DAY
        await house(box, retention={"inbound_days": 1}).turn()  # its rows may have gone meanwhile
    async with postbox(tmp_path, clock) as box:
        await take(box, lying(hello, 3), broken, *long)
        assert box.told == []


async def test_a_place_that_was_used_again_holds_another_message(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        await take(box, lying(delivers("one")[0], 1), lying(delivers("two")[0], 1))
        box.clock.now += 8 * DAY
        await take(box, lying(delivers("one")[0], 1))  # a centre without a clock sends such ones
        assert await box.texts() == ["one", "two", "one"]


async def test_equal_messages_in_two_slots_are_two(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        yes = delivers("yes")[0]
        await take(box, lying(yes, 1), lying(yes, 2), lying(yes, 3))
        await take(box, lying(yes, 1), lying(yes, 2), lying(yes, 3))  # none was deleted
        assert await box.texts() == ["yes"] * 3
        assert len(box.told) == 3


async def test_equal_messages_of_one_sweep_are_two_though_one_was_kept_long_ago(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    yes = delivers("yes")[0]
    places = {("SM", 1), ("SM", 2)}
    async with postbox(tmp_path, clock) as box:
        await take(box, lying(yes, 2))
    clock.now += 3600  # ended before it was deleted, and begun again
    async with postbox(tmp_path, clock) as box:
        await take(box, lying(yes, 1, beside=places), lying(yes, 2, beside=places))
        assert await box.texts() == ["yes"] * 2


@pytest.mark.parametrize("later", [60.0, 3600.0, 6 * DAY])
async def test_what_the_network_repeats_is_one_wherever_it_comes(
    tmp_path: Path, later: float
) -> None:
    async with postbox(tmp_path) as box:
        tpdu = delivers("hello")[0]
        await take(box, lying(tpdu, 1))
        box.clock.now += later
        await take(box, lying(tpdu, 7), direct(tpdu), lying(tpdu, 1))
        assert await box.texts() == ["hello"]


async def test_a_direct_message_that_comes_again_is_one(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        tpdu = delivers("hello")[0]
        await take(box, direct(tpdu), direct(tpdu), lying(tpdu, 1))
        assert await box.texts() == ["hello"]


async def test_a_repeated_part_of_a_long_message_makes_no_second_one(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        slots = count(1)
        for _ in range(3):
            await take(box, *(lying(tpdu, next(slots)) for tpdu in delivers(LONG)))
        box.clock.now += 2 * DAY
        await box.intake.release_overdue()
        assert await box.texts() == [LONG]


@pytest.mark.parametrize("later", [60.0, 3600.0, 6 * DAY])
@pytest.mark.parametrize("way", ["stored", "direct", "backwards"])
async def test_a_whole_long_message_that_the_network_repeats_is_one(
    tmp_path: Path, later: float, way: str
) -> None:
    clock, long = FakeClock(), delivers(LONG)
    async with postbox(tmp_path, clock) as box:
        await take(box, *(lying(tpdu, n) for n, tpdu in enumerate(long)))
        assert await box.texts() == [LONG]
    clock.now += later
    async with postbox(tmp_path, clock) as box:
        again = long[::-1] if way == "backwards" else long
        await take(box, *(direct(t) if way == "direct" else lying(t, 9) for t in again))
        clock.now += 2 * DAY
        await box.intake.release_overdue()
        assert await box.texts() == [LONG]


async def test_two_equal_long_messages_of_one_second_are_two(tmp_path: Path) -> None:
    """Their references tell them apart, whatever the order in which their parts come."""
    one, other = delivers(LONG, reference=1), delivers(LONG, reference=2)
    async with postbox(tmp_path) as box:
        slots = count(1)
        for pair in zip(one, other, strict=True):
            await take(box, *(lying(tpdu, next(slots)) for tpdu in pair))
        assert await box.texts() == [LONG, LONG]


def _altered(tpdu: bytes) -> dict[str, bytes]:
    deliver = decode_mt(tpdu)
    assert isinstance(deliver, Deliver)
    number = deliver.originator
    return {
        "TP-MMS": replace(deliver, more_messages=True).encode(),
        "TP-SRI": replace(deliver, status_report_indication=True).encode(),
        "TP-RP": replace(deliver, reply_path=True).encode(),
        "TP-LP": replace(deliver, loop_prevention=True).encode(),
        "TP-PID": replace(deliver, pid=0x7F).encode(),
        "type of number": replace(deliver, originator=Address(number.value, 0)).encode(),
        "padding": tpdu + b"\xff" * 8,
        "fill bits": tpdu[:-1] + bytes([tpdu[-1] ^ 0x80]),
    }


@pytest.mark.parametrize("field", list(_altered(delivers("hello")[0])))
async def test_what_a_service_centre_may_change_makes_no_other_message(
    tmp_path: Path, field: str
) -> None:
    tpdu = delivers("hello")[0]
    async with postbox(tmp_path) as box:
        await take(box, direct(tpdu), direct(_altered(tpdu)[field]))
        assert await box.texts() == ["hello"]


async def test_what_only_a_sender_can_change_makes_another_message(tmp_path: Path) -> None:
    parts = segment_text("hello")
    async with postbox(tmp_path) as box:
        one = decode_mt(delivers("hello")[0])
        assert isinstance(one, Deliver)
        others = [
            delivers("hello", at=START + 1)[0],
            delivers("hello", sender="+447700900556")[0],
            delivers("hellp")[0],
            replace(one, dcs=type(one.dcs).from_octet(0x10)).encode(),
        ]
        assert parts
        await take(box, direct(one.encode()), *map(direct, others))
        assert len(await box.all()) == 5


async def test_a_message_of_type_0_is_taken_and_shown_to_nobody(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        for text in ("", "ping", LONG):
            for tpdu in delivers(text):
                deliver = decode_mt(tpdu)
                assert isinstance(deliver, Deliver)
                silent = replace(deliver, pid=0x40).encode()
                await take(box, direct(silent), lying(silent, 1))
        assert await box.count("inbound_parts") == 0
        assert box.told == []


async def test_a_report_that_a_modem_does_not_let_go_of_is_taken_once(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        report = report_of("+447700900123", 7).encode()
        for _ in range(3):
            await take(box, lying(report, 2, "SR"))
            box.clock.now += 5 * DAY
            await house(box).turn()
        assert await box.count("unmatched_reports") == 0


async def test_one_long_message_that_cannot_be_put_together_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with postbox(tmp_path) as box:
        bad = delivers("x" * 400, sender="+447700900001")
        good = delivers("y" * 400, sender="+447700900002")
        await take(box, direct(bad[0]), direct(bad[2]), direct(good[0]))
        whole = belonging.of_one_message

        def fails(parts: Any, anchor: Any) -> Any:
            if anchor.tpdu in bad:
                raise KeyError("a fault of ours")
            return whole(parts, anchor)

        monkeypatch.setattr(incoming, "of_one_message", fails)
        box.clock.now += 4000
        with caplog.at_level(logging.WARNING):
            await box.intake.release_overdue()
        shown = {m.encoding: m for m in await box.all()}
        assert set(shown) == {"raw", "gsm7"}
        assert shown["raw"].data == b"\n".join(t.hex().upper().encode() for t in (bad[0], bad[2]))
        assert "KeyError" in str(shown["raw"].problem)
        caplog.clear()
        await box.intake.release_overdue()
        assert caplog.records == [], "it is not raised again each minute"
        assert len(box.told) == 2


async def test_the_daily_letting_go_does_not_hold_up_overdue_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = 20

    def fill(tx: Transaction) -> None:
        for _ in range(chunks * CHUNK):
            tx.events.emit("message.queued", {})

    async with postbox(tmp_path) as box:
        keeper = house(box, retention={"events_days": 1})
        await box.store.write(fill)
        box.clock.now += 2 * DAY
        pauses, handed_on_after, sleep = 0, 0, FakeClock.sleep

        async def pause(self: FakeClock, seconds: float) -> None:
            nonlocal pauses, handed_on_after
            pauses += 1
            if pauses == 3:  # in the midst of the letting go a long message becomes overdue
                await take(box, direct(delivers("x" * 400)[0]))
                self.now += 4000
            if box.told and not handed_on_after:
                handed_on_after = pauses
            if pauses > 3 * chunks:
                raise TimeoutError
            await box.store.write(
                lambda tx: None
            )  # a pause for each write, however long that takes
            await sleep(self, seconds)

        monkeypatch.setattr(FakeClock, "sleep", pause)
        with pytest.raises(TimeoutError):
            await asyncio.gather(keeper.run(), keeper.let_go())
        assert 0 < handed_on_after < chunks
