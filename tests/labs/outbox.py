"""A gateway's outbox over a real store, with modems that do as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, cast

from labs.clock import START, FakeClock
from modemgw.clock import SteadyClock
from modemgw.config import Config, parse
from modemgw.gateway.admission.rule import Request, Surroundings
from modemgw.gateway.admission.rules import RULES, Rules
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.identifiers import new_id
from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.accounts import Accounts
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.lane import Lane
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.outbox import Outbox, RecoveryReport
from modemgw.gateway.outgoing.receipts import Early, Matched, Receipts
from modemgw.modem import ErrorCode, SimIdentity, SubmitRefused, Submitted, classify
from modemgw.sms import Address, StatusReport, Submit, Timestamp, decode_mo
from modemgw.store import Store
from modemgw.store.records import Event, Mailing, Message, NewMessage
from modemgw.store.sqlite import FILE_NAME, SqliteStore

Answer = Submitted | Exception | Callable[[Submit], Any]


@dataclass
class FakeModem:
    """Sends nothing; answers each part with what `script` says, then with the next TP-MR."""

    id: str
    sim: SimIdentity | None
    script: list[Answer] = field(default_factory=list)
    sent: list[Submit] = field(default_factory=list)
    """What was typed into it, whatever its answer was."""
    hastened: int = 0
    """How often it was told that the part in the air seems to have arrived."""
    reference: int = -1
    up: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_ready(self) -> None:
        await self.up.wait()

    def hasten(self) -> None:
        self.hastened += 1

    async def submit(
        self, tpdu: bytes, *, authorise: asyncio.Future[None], more: bool = False
    ) -> Submitted:
        await authorise
        submit = decode_mo(tpdu)
        assert isinstance(submit, Submit)
        self.sent.append(submit)
        answer = self.script.pop(0) if self.script else None
        if callable(answer):
            answer = await answer(submit)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Submitted):
            return answer
        self.reference = (self.reference + 1) & 0xFF
        return Submitted(self.reference)


def refusal(number: int) -> SubmitRefused:
    code = ErrorCode("CMS", number)
    return SubmitRefused(code, classify(code, profile=None, elapsed_s=1.0))


def report_of(
    to: str, reference: int, status: int = 0, *, sc_time: float = START, ton: int | None = None
) -> StatusReport:
    recipient = Address.parse(to)
    stamp = Timestamp.from_datetime(datetime.fromtimestamp(sc_time, UTC))
    return StatusReport(
        reference=reference, recipient=recipient, scts=stamp, discharge=stamp, status=status
    )


def checked(
    config: Config,
    new: NewMessage,
    *,
    key: str = "test",
    now: float = START,
    random: Random | None = None,
) -> Message:
    """The message that every rule lets through, though nothing is accepted. Raises Rejected."""
    surroundings = Surroundings(cast(Store, None), SteadyClock(FakeClock(now)))
    draft = Rules(RULES, config, surroundings).draft(Request(key, now), new)
    one = draft.check(new.to)
    id = new_id("msg", now, random or Random(1))
    return draft.message((id, one.to, one.route), one.deferral)


def sim_in(lane: LaneState) -> Sim:
    """The SIM of a lane that has had one."""
    assert lane.sim is not None
    return lane.sim


class Lab:
    """An outbox with its lanes running."""

    def __init__(self, config: Config, store: SqliteStore, clock: FakeClock) -> None:
        self.config, self.store, self.clock = config, store, clock
        self.random = Random(7)
        self.tariffs = Tariffs(config)
        self.receipts = Receipts(Accounts(self.tariffs))
        self.events: list[Event] = []
        store.on_events(self.events.extend)
        self.modems: dict[str, FakeModem] = {}
        self.lanes: dict[str, Lane] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.found: RecoveryReport | None = None
        self.ask_again: Callable[[Job], None] = lambda job: None
        """What is asked of each message that a lane has taken."""

    async def start(self, *, ready: bool = True) -> None:
        steady = SteadyClock(self.clock)
        self.outbox = Outbox(
            self.config,
            store=self.store,
            receipts=self.receipts,
            sims=Sims(store=self.store, clock=steady, random=self.random),
            clock=steady,
            random=self.random,
            ask_again=lambda job: self.ask_again(job),
        )
        self.found = await self.outbox.recover()
        for index, section in enumerate(self.config.modem):
            sim = SimIdentity(f"899990100000000000{index}", None, None)
            modem = self.modems[section.id] = FakeModem(section.id, sim)
            lane = self.lanes[section.id] = self.outbox.lanes.add(modem, section)
            self.tasks[section.id] = asyncio.create_task(lane.run())
            if ready:
                await self.up(section.id)

    async def up(self, id: str) -> None:
        modem = self.modems[id]
        modem.up.set()
        assert modem.sim is not None
        self.tariffs.seated(modem.sim.iccid, modem.sim.imsi, id)
        await self.outbox.lanes.set_ready(id, modem.sim)

    def down(self, id: str) -> None:
        self.modems[id].up.clear()
        self.outbox.lanes.set_unready(id)

    async def stop(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        with self.outbox.queue:
            pass

    def check(self, new: NewMessage) -> Message:
        """The message as it will be accepted. Raises Rejected."""
        return checked(self.config, new, now=self.clock.time(), random=self.random)

    async def accept(self, to: str = "+447700900123", text: str = "hello", **more: Any) -> Message:
        new = NewMessage(to=to, text=text, **more)
        message = self.check(new)
        await self.outbox.accept([Mailing.of(message)])
        return message

    async def report(
        self, modem: str, to: str, reference: int, status: int = 0, **more: Any
    ) -> Matched | Early | None:
        """A status report comes in at a modem, as the intake takes it."""
        sim = self.modems[modem].sim
        assert sim is not None
        report = report_of(to, reference, status, **{"sc_time": self.clock.time(), **more})
        matched = await self.store.write(
            lambda tx: self.receipts.take(
                tx, modem=modem, sim=sim.iccid, report=report, tpdu=report.encode()
            )
        )
        if isinstance(matched, Early):
            self.receipts.on_early.get(matched.key, lambda: None)()
        elif matched is not None and matched.was_ambiguous:
            self.outbox.settle(matched)
        return matched

    async def message(self, message: Message) -> Message:
        """How a message stands once everything that is queued was committed."""
        await self.settle()
        found = await self.store.read(lambda view: view.messages.get(message.id, life.part_status))
        assert found is not None
        return found

    async def settle(self) -> None:
        """Let lanes and writer go as far as they can without time passing."""
        for _ in range(8):
            await self.store.write(lambda tx: None)
            for _ in range(5):
                await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        """Move the clock, and let the queue's timer see it."""
        await self.settle()
        self.clock.now += seconds
        self.outbox.queue._on_timer()
        await self.settle()

    def sent(self) -> list[str]:
        """The texts that were typed into modems, in no order between them."""
        return [str(s.user_data.text) for m in self.modems.values() for s in m.sent]


def config_of(tmp_path: Path, modems: int = 1, **more: Any) -> Config:
    modem = [
        {"id": f"m{i + 1}", "device": f"/dev/none{i}", **more.pop(f"m{i + 1}", {})}
        for i in range(modems)
    ]
    return parse({"gateway": {"data_dir": str(tmp_path)}, "modem": modem, **more})


@asynccontextmanager
async def running(
    tmp_path: Path,
    modems: int = 1,
    *,
    clock: FakeClock | None = None,
    ready: bool = True,
    **more: Any,
) -> AsyncIterator[Lab]:
    config = config_of(tmp_path, modems, **more)
    clock = clock or FakeClock()
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:
        lab = Lab(config, store, clock)
        await lab.start(ready=ready)
        try:
            yield lab
        finally:
            await lab.stop()
