"""A modem of ours against a virtual one."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from labs.clock import LoopClock
from labs.timings import QUICK
from labs.waiting import until
from modemgw.config import ModemSection
from modemgw.modem import Call, Modem, ModemState, ReceivedPdu, SimIdentity, Timings
from modemgw.modem.pin_guard import PinGuard, PinTry
from modemgw.sms import Address, Submit, segment_text
from modemgw.virtual import Bank, BankSettings


class Remembered:
    """A memory of PINs that outlives modems and guards; `fail` makes it forget to."""

    def __init__(self) -> None:
        self.tries: dict[bytes, PinTry] = {}
        self.fail = False
        self.after_keep: Callable[[], Awaitable[None]] | None = None

    async def read(self) -> list[PinTry]:
        return list(self.tries.values())

    async def keep(self, tried: PinTry) -> None:
        if self.fail:
            raise OSError("disk full")
        self.tries[tried.salt] = tried
        if self.after_keep is not None:
            await self.after_keep()


@dataclass
class Sink:
    """Keeps what the modem hands on; `refuse` makes that fail."""

    pdus: list[ReceivedPdu] = field(default_factory=list)
    sims: list[SimIdentity] = field(default_factory=list)
    states: list[ModemState] = field(default_factory=list)
    reasons: list[str | None] = field(default_factory=list)
    alarms: list[str | None] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    broadcasts: list[bytes] = field(default_factory=list)
    refuse: int = 0
    offered: int = 0
    before_keep: Callable[[], Awaitable[None]] | None = None

    async def received(self, modem_id: str, sim: SimIdentity, pdu: ReceivedPdu) -> None:
        self.offered += 1
        if self.before_keep is not None:
            await self.before_keep()
        if self.refuse:
            self.refuse -= 1
            raise OSError("disk full")
        self.pdus.append(pdu)
        self.sims.append(sim)

    def state_changed(
        self, modem_id: str, old: ModemState, new: ModemState, reason: str | None
    ) -> None:
        self.states.append(new)
        self.reasons.append(reason)

    def called(self, modem_id: str, sim: SimIdentity, call: Call) -> None:
        self.calls.append(call)

    def broadcast(self, modem_id: str, sim: SimIdentity, octets: bytes) -> None:
        self.broadcasts.append(octets)

    def alarmed(self, modem_id: str, problem: str | None) -> None:
        self.alarms.append(problem)

    def of_kind(self, mti: int) -> list[ReceivedPdu]:
        """Kept PDUs by TP-MTI: 0 DELIVER, 2 STATUS-REPORT."""
        return [p for p in self.pdus if p.tpdu and p.tpdu[0] & 3 == mti]


@dataclass
class Rig:
    """A bank, and one of our modems for one of its."""

    bank: Bank
    sink: Sink
    modem: Modem
    task: asyncio.Task[None]

    @property
    def virtual(self) -> Any:
        return self.bank.modems[0]

    @property
    def faults(self) -> Any:
        return self.virtual.faults

    async def ready(self, within: float = 5.0) -> None:
        async with asyncio.timeout(within):
            await self.modem.wait_ready()

    async def until(self, condition: Callable[[], object], within: float = 5.0) -> None:
        """Wait for `condition`; fail, and say what the state is, when it does not come about."""
        await until(condition, within, self._told)

    def _told(self) -> str:
        trace = "\n".join(f"{t.direction} {t.text}" for t in self.modem.trace.lines()[-25:])
        return f"{self.modem.status}\n{trace}"

    async def state(self, state: ModemState, within: float = 5.0) -> None:
        await self.until(lambda: self.modem.status.state is state, within)

    async def submit(self, to: str = "+447911123456", text: str = "Hello", **more: Any) -> int:
        submitted = await self.modem.submit(tpdu(to, text), authorise=granted(), **more)
        return submitted.reference

    def commands(self) -> list[str]:
        return [line.text for line in self.modem.trace.lines() if line.direction == ">"]


async def granted() -> None:
    """The attempt is committed."""


def tpdu(to: str = "+447911123456", text: str = "Hello") -> bytes:
    parts = segment_text(text)
    return Submit(
        destination=Address.parse(to),
        user_data=parts.parts[0],
        dcs=parts.dcs,
        status_report_request=True,
    ).encode()


RigMaker = Callable[..., contextlib.AbstractAsyncContextManager[Rig]]


@pytest.fixture
def rig(tmp_path: Path) -> RigMaker:
    """`async with rig(pin="1234", bank={"personality": "huawei"}) as r:`"""

    @contextlib.asynccontextmanager
    async def make(
        *,
        bank: dict[str, Any] | None = None,
        timings: Timings = QUICK,
        before: Callable[[Bank], object] | None = None,
        pins: PinGuard | None = None,
        sink: Sink | None = None,
        modem_more: dict[str, Any] | None = None,
        **section: Any,
    ) -> AsyncIterator[Rig]:
        settings: dict[str, Any] = {
            "part_seconds": 0.0,
            "receipt_seconds": 0.05,
            "ussd_seconds": 0.05,
        }
        settings |= {"boot_seconds": 0.5} | (bank or {})
        async with Bank(BankSettings(**settings), tmp_path / "bank") as virtual:
            if before is not None:
                before(virtual)
            if "match" not in section:
                section["device"] = section.get("device", str(virtual.paths[0]))
            keeper = sink or Sink()
            modem = Modem(
                ModemSection(id="m1", **section),
                keeper,
                clock=LoopClock(),
                random=random.Random(1),
                timings=timings,
                pins=pins or PinGuard(Remembered()),
                **(modem_more or {}),
            )
            task = asyncio.create_task(modem.run())
            try:
                yield Rig(virtual, keeper, modem, task)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    return make
