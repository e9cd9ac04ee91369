"""Receiving: kept first, then deleted or acknowledged; nothing lost, whatever the hints say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from labs.modem import RigMaker, Sink, granted, tpdu

from modemgw.at import Urc, UrcKind
from modemgw.modem import arrivals, session
from modemgw.modem.profiles import GENERIC
from modemgw.sms import Address, Deliver, StatusReport, Timestamp, decode_mt, pack_pdu

SENDER = "+447911000001"


async def test_a_message_is_kept_and_then_deleted_in_the_modem(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.bank.smsc.inject(SENDER, r.virtual.number, "hello")
        await r.until(lambda: r.sink.of_kind(0))
        await r.until(lambda: len(r.virtual.body.storage.named("SM")) == 0)
        received = decode_mt(r.sink.pdus[0].tpdu)
        assert isinstance(received, Deliver)
        assert received.user_data.text == "hello"
        assert r.sink.pdus[0].memory == "SM"
        assert not r.sink.pdus[0].direct
        assert r.sink.sims[0].iccid == r.virtual.sim.iccid


async def test_a_message_that_cannot_be_kept_stays_in_the_modem_and_is_offered_again(
    rig: RigMaker,
) -> None:
    async with rig(sink=Sink(refuse=2)) as r:
        await r.ready()
        r.bank.smsc.inject(SENDER, r.virtual.number, "hello")
        await r.until(lambda: r.sink.offered >= 1)
        assert not r.sink.pdus
        assert len(r.virtual.body.storage.named("SM")) == 1
        await r.until(lambda: len(r.sink.pdus) == 1)
        await r.until(lambda: len(r.virtual.body.storage.named("SM")) == 0)


async def test_a_direct_report_that_cannot_be_kept_is_offered_again(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.sink.refuse = 2
        await r.submit()
        await r.until(lambda: r.sink.offered >= 1)
        assert not r.sink.pdus
        await r.until(lambda: len(r.sink.of_kind(2)) == 1)
        assert r.sink.pdus[0].direct


async def test_messages_that_came_while_nobody_listened_are_swept_up_at_the_start(
    rig: RigMaker,
) -> None:
    def fill(bank: object) -> None:
        for number in range(5):
            bank.smsc.inject(SENDER, bank.modems[0].number, f"old {number}")  # type: ignore[attr-defined]

    async with rig(before=fill) as r:
        await r.until(lambda: len(r.sink.of_kind(0)) == 5)
        await r.until(lambda: len(r.virtual.body.storage.named("SM")) == 0)


async def test_a_message_whose_hint_was_lost_is_found_by_the_next_sweep(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        await asyncio.sleep(0.1)
        r.virtual.line.parameters["+CNMI"] = (2, 0, 0, 1, 0)
        r.bank.smsc.inject(SENDER, r.virtual.number, "silent")
        await r.until(lambda: r.sink.of_kind(0))


@pytest.mark.parametrize(("index", "memory"), [(-1, None), (7, None), (None, "ME"), (None, "SR")])
async def test_a_hint_with_a_wrong_place_loses_nothing(
    rig: RigMaker, index: int | None, memory: str | None
) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.index_shown, r.faults.memory_shown = index, memory
        r.bank.smsc.inject(SENDER, r.virtual.number, "misplaced")
        await r.until(lambda: r.sink.of_kind(0))
        await r.until(lambda: len(r.virtual.body.storage.named("SM")) == 0)


async def test_a_full_store_is_emptied_and_what_waited_comes_in(rig: RigMaker) -> None:
    def fill(bank: object) -> None:
        bank.modems[0].faults.fill_store("SM")  # type: ignore[attr-defined]
        bank.smsc.inject(SENDER, bank.modems[0].number, "waiting")  # type: ignore[attr-defined]

    async with rig(before=fill) as r:
        await r.ready()
        await r.until(
            lambda: any(
                isinstance(m := decode_mt(p.tpdu), Deliver) and m.user_data.text == "waiting"
                for p in r.sink.of_kind(0)
            )
        )


async def test_a_burst_is_received_whole_while_parts_are_sent(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        for number in range(40):
            r.bank.smsc.inject(SENDER, r.virtual.number, f"in {number}")
        for number in range(40):
            await r.submit(text=f"out {number}")
        await r.until(lambda: len(r.sink.of_kind(0)) == 40 and len(r.sink.of_kind(2)) == 40, 10)
        texts = {decode_mt(p.tpdu).user_data.text for p in r.sink.of_kind(0)}  # type: ignore[union-attr]
        assert texts == {f"in {number}" for number in range(40)}


async def test_a_flash_message_that_comes_directly_is_kept(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.bank.smsc.inject(SENDER, r.virtual.number, "flash", message_class=0)
        await r.until(lambda: r.sink.of_kind(0))
        assert r.sink.pdus[0].direct


async def test_octets_that_are_no_message_are_handed_on_raw(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.bank.smsc.inject_tpdu(r.virtual.number, bytes.fromhex("04FF"))
        await r.until(lambda: r.sink.pdus)
        assert r.sink.pdus[0].raw
        await r.until(lambda: len(r.virtual.body.storage.named("SM")) == 0)


async def test_a_message_is_deleted_only_after_a_slow_commit(rig: RigMaker) -> None:
    gate = asyncio.Event()
    sink = Sink(before_keep=gate.wait)  # type: ignore[arg-type]
    async with rig(sink=sink) as r:
        await r.ready()
        r.bank.smsc.inject(SENDER, r.virtual.number, "slow")
        await r.until(lambda: sink.offered == 1)
        await asyncio.sleep(0.1)
        assert len(r.virtual.body.storage.named("SM")) == 1
        gate.set()
        await r.until(lambda: len(r.virtual.body.storage.named("SM")) == 0)


async def test_drafts_are_neither_delivered_nor_deleted(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        await asyncio.sleep(0.1)
        channel = r.modem._supervisor.session.channel  # type: ignore[union-attr]
        await channel.submit(
            f"AT+CMGW={len(tpdu())}",
            "00" + tpdu().hex().upper(),
            authorise=granted(),
            prompt_s=1,
            timeout_s=1,
        )
        await asyncio.sleep(0.8)
        assert not r.sink.pdus
        assert len(r.virtual.body.storage.named("SM")) == 1


async def test_direct_messages_are_acknowledged_only_when_they_are_kept(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # For a profile that has nothing better than CSMS=1 with +CMT. A daemon that dies between the
    # commit and the acknowledgement gets the message again from the service centre.
    direct = replace(GENERIC, service=1, cnmi=("2,2,0,1,0",))
    gate = asyncio.Event()
    sink = Sink(before_keep=gate.wait)  # type: ignore[arg-type]
    monkeypatch.setattr(session, "by_name", lambda name: direct)
    async with rig(sink=sink, profile="generic") as r:
        await r.ready()
        r.bank.smsc.inject(SENDER, r.virtual.number, "precious")
        await r.until(lambda: sink.offered == 1)
        await asyncio.sleep(0.05)
        assert "AT+CNMA" not in r.commands()
        gate.set()
        await r.until(lambda: "AT+CNMA" in r.commands())
        assert r.sink.pdus[0].direct


def _reports(count: int) -> list[Urc]:
    return [
        Urc(UrcKind.DIRECT, "+CDS", f"+CDS: {len(r.encode())}", pack_pdu(r.encode()))
        for r in (
            StatusReport(
                reference=n & 0xFF,
                recipient=Address.parse(f"+44791{n:07d}"),
                scts=_AT,
                discharge=_AT,
                status=0,
            )
            for n in range(count)
        )
    ]


_AT = Timestamp.from_datetime(datetime(2026, 9, 21, tzinfo=UTC))


async def test_no_direct_report_is_thrown_away_while_a_commit_takes_long(rig: RigMaker) -> None:
    gate = asyncio.Event()
    sink = Sink(before_keep=gate.wait)  # type: ignore[arg-type]
    async with rig(sink=sink) as r:
        await r.ready()
        hear = r.modem._supervisor.session._hear  # type: ignore[union-attr]
        reports = _reports(2500)
        r.modem._arrivals.reports_due = len(reports)  # as if so many parts had been accepted
        for urc in reports:
            hear(urc)
            if sink.offered == 0:
                await asyncio.sleep(0.01)  # the first is being committed
        gate.set()
        await r.until(lambda: len(r.sink.pdus) == len(reports), 20)
        assert {p.raw for p in r.sink.pdus} == {urc.pdu for urc in reports}


async def test_a_modem_is_not_listened_to_while_more_waits_than_memory_should_hold(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_DIRECT_MOST", 50)
    gate = asyncio.Event()
    sink = Sink(before_keep=gate.wait)  # type: ignore[arg-type]
    async with rig(sink=sink) as r:
        await r.ready()
        session = r.modem._supervisor.session
        waiting, reports = r.modem._arrivals, _reports(400)
        waiting.reports_due = len(reports)  # as if so many parts had been accepted
        for urc in reports:
            assert urc.pdu is not None
            r.virtual.line.results.unsolicited(f"\r\n{urc.line}\r\n{urc.pdu}\r\n".encode())
        await r.until(lambda: waiting.full)
        await asyncio.sleep(0.1)
        assert len(waiting.direct) < 300, "the rest waits in the driver"
        assert session is not None
        gate.set()
        await r.until(lambda: len(r.sink.pdus) >= len(reports), 20)
        assert {p.raw for p in r.sink.pdus} == {urc.pdu for urc in reports}


async def test_what_a_modem_puts_in_the_place_of_a_message_is_not_deleted_with_it(
    rig: RigMaker,
) -> None:
    """The next score of the match comes between the reading of the last one and its deletion."""
    async with rig() as r:
        await r.ready()

        async def another() -> None:
            if not r.sink.pdus:
                r.bank.smsc.inject(SENDER, r.virtual.number, "1 : 1", pid=0x41)

        r.sink.before_keep = another
        r.bank.smsc.inject(SENDER, r.virtual.number, "1 : 0", pid=0x41)
        await r.until(lambda: len(r.sink.pdus) >= 2)
        await r.until(lambda: len(r.virtual.body.storage.named("SM")) == 0)
        kept = [decode_mt(pdu.tpdu) for pdu in r.sink.pdus]
        assert [d.user_data.text for d in kept if isinstance(d, Deliver)] == ["1 : 0", "1 : 1"]
