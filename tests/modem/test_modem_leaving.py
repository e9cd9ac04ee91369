"""A stop loses no report that the modem can keep."""

from __future__ import annotations

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

import pytest
from labs.clock import LoopClock
from labs.modem import Remembered, Sink, granted, tpdu
from labs.timings import QUICK

from modemgw.config import ModemSection
from modemgw.modem import Modem
from modemgw.modem.leaving import settings_to_leave
from modemgw.modem.pin_guard import PinGuard
from modemgw.sms import decode_mt
from modemgw.virtual import Bank, BankSettings
from modemgw.virtual.personalities import PERSONALITIES

ANY = "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)"


@pytest.mark.parametrize(
    ("cnmi", "claims", "stored", "settings"),
    [
        ("2,1,0,1,0", ANY, True, ("2,1,0,2,0", "0,1,0,1,0")),
        ("2,1,0,1,0", ANY, False, ("0,1,0,1,0",)),
        ("2,1,0,1,0", "+CNMI: (0-3),(0-3),(0,2),(0,1),(0,1)", True, ("0,1,0,1,0",)),
        ("1,1,0,1,1", "+CNMI: (1,2),(0,1),(0),(0-2),(1)", True, ("1,1,0,2,1",)),
        ("2,1,0,1,1", "+CNMI: (0-2),(0,1),(0),(0,1),(1)", True, ()),
        ("2,2,0,1,0", ANY, True, ("2,1,0,2,0", "0,1,0,1,0")),
        ("2,1,0,2,1", ANY, True, ()),
        ("2,1,0,0,0", ANY, True, ()),
        ("2,1,0,1,0", None, True, ("0,1,0,1,0",)),
    ],
)
def test_the_way_to_leave_follows_from_what_the_modem_can_do(
    cnmi: str, claims: str | None, stored: bool, settings: tuple[str, ...]
) -> None:
    lines = None if claims is None else (claims,)
    assert settings_to_leave(cnmi, lines, stored=stored) == settings


@contextlib.asynccontextmanager
async def at_work(bank: Bank, sink: Sink) -> Any:
    """A daemon's life with one modem, from its start to a clean stop."""
    modem = Modem(
        ModemSection(id="m1", device=str(bank.paths[0])),
        sink,
        clock=LoopClock(),
        random=random.Random(1),
        timings=QUICK,
        pins=PinGuard(Remembered()),
    )
    task = asyncio.create_task(modem.run())
    try:
        async with asyncio.timeout(10):
            await modem.wait_ready()
        yield modem
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def reports(sink: Sink, count: int) -> set[int]:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while len(sink.of_kind(2)) < count:
                await asyncio.sleep(0.01)
    return {decode_mt(p.tpdu).reference for p in sink.of_kind(2)}  # type: ignore[union-attr]


@pytest.mark.parametrize("make", sorted(PERSONALITIES))
async def test_reports_that_come_while_nobody_listens_are_read_at_the_next_start(
    tmp_path: Path, make: str
) -> None:
    settings = BankSettings(
        personality=make,
        loses_when_closed=True,
        part_seconds=0.0,
        receipt_seconds=0.6,
        boot_seconds=0.3,
    )
    async with Bank(settings, tmp_path / "bank") as bank:
        sink, sent = Sink(), set()
        async with at_work(bank, sink) as modem:
            for _ in range(5):
                submitted = await modem.submit(tpdu(), authorise=granted())
                sent.add(submitted.reference)
        assert not sink.of_kind(2), "the reports come later"
        await asyncio.sleep(1.0)
        async with at_work(bank, sink) as modem:
            assert await reports(sink, 5) == sent
            # And it is as it was.
            submitted = await modem.submit(tpdu(), authorise=granted())
            assert submitted.reference in await reports(sink, 6)


async def test_a_report_that_is_handed_over_in_the_last_moment_is_kept(tmp_path: Path) -> None:
    gate = asyncio.Event()
    settings = BankSettings(part_seconds=0.0, receipt_seconds=0.05, loses_when_closed=True)
    async with Bank(settings, tmp_path / "bank") as bank:
        sink = Sink(before_keep=gate.wait)  # type: ignore[arg-type]
        async with at_work(bank, sink) as modem:
            await modem.submit(tpdu(), authorise=granted())
            while not sink.offered:
                await asyncio.sleep(0.01)
            asyncio.get_running_loop().call_later(0.1, gate.set)
        assert len(sink.of_kind(2)) == 1


@pytest.mark.parametrize("trouble", ["hang", "commit"])
async def test_a_modem_or_store_that_does_not_answer_holds_no_stop_up(
    tmp_path: Path, trouble: str
) -> None:
    gate = asyncio.Event()
    settings = BankSettings(part_seconds=0.0, receipt_seconds=0.05)
    async with Bank(settings, tmp_path / "bank") as bank:
        sink = Sink(before_keep=gate.wait)  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()
        async with at_work(bank, sink) as modem:
            if trouble == "hang":
                bank.modems[0].faults.hang()
            else:
                await modem.submit(tpdu(), authorise=granted())
                while not sink.offered:
                    await asyncio.sleep(0.01)
            stopped = loop.time()
        assert loop.time() - stopped < QUICK.leave + 1
