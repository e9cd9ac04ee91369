"""Each default alert is raised once and cleared once, by a fault of the bank or of the machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from labs.bank import bank_of
from labs.gateway import TIMINGS, config_of, send, status
from labs.waiting import until

from modemgw.clock import SystemClock
from modemgw.config.alerts import DEFAULTS
from modemgw.gateway import Gateway
from modemgw.gateway.upkeep import sampling
from modemgw.gateway.upkeep.sampling import Room
from modemgw.store.records import Event, MessageStatus
from modemgw.virtual import Bank


class SetClock(SystemClock):
    """The machine's clock, as somebody sets it."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def time(self) -> float:
        return SystemClock.time() + self.ahead_s


@dataclass
class Lab:
    bank: Bank
    gateway: Gateway
    clock: SetClock
    told: list[Event] = field(default_factory=list)

    async def look(self) -> None:
        await self.gateway._sampler.look()
        await self.gateway.alerts.look()
        await self.gateway._store.write(lambda tx: None)

    async def until(self, *wanted: str, timeout_s: float = 20.0) -> None:
        """Until so much was told; looking more often changes nothing."""

        async def told() -> bool:
            await self.look()
            return len(self.told) >= len(wanted)

        await until(told, timeout_s, lambda: f"{wanted} is told: {self.told}")
        for _ in range(5):
            await self.look()
        assert [f"{e.data['alert']} {e.type[6:]}" for e in self.told] == list(wanted)


@asynccontextmanager
async def lab(tmp_path: Path, id: str, *, modems: int = 2, **more: Any) -> AsyncIterator[Lab]:
    """A gateway that has this default alert alone, and waits for nothing before it tells it."""
    alert = {"id": id, "for": 0, **more.pop("alert", {})}
    async with bank_of(tmp_path, modems) as bank:
        quiet = config_of(tmp_path, bank, alerts={"defaults": False}, **more)
        loud = config_of(tmp_path, bank, alerts={"defaults": False}, alert=[alert], **more)
        clock = SetClock()
        async with Gateway.open(quiet, timings=TIMINGS, clock=clock) as gateway:
            await until(lambda: all(v.status.state == "ready" for v in gateway.modems.views()), 30)
            await gateway.reconfigure(loud)
            made = Lab(bank, gateway, clock)
            gateway._store.on_events(
                lambda group: made.told.extend(e for e in group if e.type.startswith("alert."))
            )
            for _ in range(3):
                await made.look()
            assert made.told == []
            yield made


async def modem_down(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    async with lab(tmp_path, "modem-down") as made:
        made.bank.modems[0].faults.unplug()
        await made.until("modem-down raised")
        assert made.told[0].data["modem"] == "m0"
        made.bank.modems[0].faults.replug()
        await made.until("modem-down raised", "modem-down cleared")


async def modem_recoveries(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    often = {"threshold": 2, "clear_below": 1, "window": 6}
    async with lab(tmp_path, "modem-recoveries", modems=1, alert=often) as made:
        for _ in range(2):
            before = made.gateway.modems.view("m0").status.recoveries
            made.bank.modems[0].faults.hang(1.5)

            def recovered(before: int = before) -> bool:
                status = made.gateway.modems.view("m0").status
                return status.recoveries > before and status.state == "ready"

            await until(recovered, 30)
        await made.until("modem-recoveries raised")
        await made.until("modem-recoveries raised", "modem-recoveries cleared")


async def modem_alarm(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    async with lab(tmp_path, "modem-alarm", modems=1) as made:
        storage = made.bank.modems[0].body.storage
        for name in ("SM", "ME"):
            storage.named(name).size = 0  # type: ignore[misc]
        await made.until("modem-alarm raised")
        assert "nothing can be received" in made.told[0].data["reason"]
        storage.named("ME").size = 10  # type: ignore[misc]
        await made.until("modem-alarm raised", "modem-alarm cleared")


async def sim_blocked(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    async with lab(tmp_path, "sim-blocked") as made:
        made.bank.modems[0].faults.block(10)
        for n in range(6):
            await send(made.gateway, f"+4477009001{n:02}", modem="m0")
        await made.until("sim-blocked raised")
        made.bank.modems[0].faults.clear()
        made.gateway.modems.resume("m0")
        await made.until("sim-blocked raised", "sim-blocked cleared", timeout_s=60)


async def delivery_rate(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    alert = {"minimum": 5}
    async with lab(tmp_path, "delivery-rate", modems=1, alert=alert) as made:
        for n in range(6):
            await send(made.gateway, f"+99902065{n:04}")
        await made.until("delivery-rate raised")
        assert made.told[0].data["value"] == 0
        for n in range(50):
            await send(made.gateway, f"+99900000{n:04}")
        await made.until("delivery-rate raised", "delivery-rate cleared")


async def error_rate(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    alert = {"minimum": 3}
    async with lab(tmp_path, "error-rate", modems=1, alert=alert) as made:
        for n in range(4):
            await send(made.gateway, f"+999010380{n:03}")  # network out of order
        await made.until("error-rate raised")
        for n in range(60):
            await send(made.gateway, f"+99900000{n:04}")
        await made.until("error-rate raised", "error-rate cleared")


async def late_messages(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("modemgw.gateway.outgoing.punctuality.LOOK_EVERY_S", 0.1)
    types = {"otp": {"target_seconds": 1.5}}
    alert = {"minimum": 2, "threshold": 0.6, "clear_below": 0.3}
    async with lab(tmp_path, "late-messages", modems=1, alert=alert, type=types) as made:
        made.gateway.modems.pause("m0")
        for n in range(2):
            await send(made.gateway, f"+44770090013{n}", type="otp")
        await made.until("late-messages raised")
        assert made.told[0].data["subject"] == "otp"
        made.gateway.modems.resume("m0")
        await until(lambda: made.gateway.modems.view("m0").status.state == "ready", 10)
        for n in range(20):
            sent = await send(made.gateway, f"+4477009002{n:02}", type="otp")
            await status(made.gateway, sent, MessageStatus.DELIVERED)
        await made.until("late-messages raised", "late-messages cleared")


async def queue_age(tmp_path: Path, patch: pytest.MonkeyPatch, id: str = "queue-age") -> None:
    alert = {"threshold": 0.3, "clear_below": 0.3}
    type = "otp" if id == "otp-queue-age" else "promotional"
    async with lab(tmp_path, id, modems=1, alert=alert) as made:
        made.gateway.modems.pause("m0")
        await send(made.gateway, "+447700900123", type=type)
        await made.until(f"{id} raised")
        assert made.told[0].data["subject"] == type
        made.gateway.modems.resume("m0")
        await made.until(f"{id} raised", f"{id} cleared")


async def otp_queue_age(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    await queue_age(tmp_path, patch, "otp-queue-age")


async def low_balance(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    little = {"code": "*100#", "low": "1000000"}
    async with lab(tmp_path, "low-balance", modems=1, balance=little) as made:
        await made.until("low-balance raised")
        data = made.told[0].data
        assert data["value"] < data["threshold"] == 1000000
        assert "top it up" in data["reason"]
        config = made.gateway.config
        enough = config.model_copy(
            update={"balance": config.balance.model_copy(update={"low": None})}
        )
        await made.gateway.reconfigure(enough)
        await made.gateway.sims.ask_balance(data["subject"])
        await made.until("low-balance raised", "low-balance cleared")


async def dead_letters(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    async def gone(request: web.Request) -> web.Response:
        return web.Response(status=410)

    app = web.Application()
    app.router.add_post("/hook", gone)
    async with (
        TestServer(app) as server,
        lab(tmp_path, "dead-letters", alert={"window": 3}) as made,
    ):
        url = str(server.make_url("/hook"))
        message = await send(made.gateway, "+447700900123", callback_url=url)
        await status(made.gateway, message, MessageStatus.DELIVERED)
        await made.until("dead-letters raised")
        assert made.told[0].data["subject"] == "callback"
        await made.until("dead-letters raised", "dead-letters cleared")


async def disk(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    free = [2e9]
    patch.setattr(sampling, "_room", lambda database: Room(1, 1, int(free[0]), int(4e9)))
    async with lab(tmp_path, "disk") as made:
        free[0] = 4e8
        await made.until("disk raised")
        assert made.told[0].data["severity"] == "critical"
        free[0] = 6e8
        await made.until("disk raised")
        free[0] = 2e9
        await made.until("disk raised", "disk cleared")


async def clock(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    async with lab(tmp_path, "clock", alert={"window": 2}) as made:
        made.clock.ahead_s -= 3600
        await made.until("clock raised")
        assert made.told[0].data["value"] == pytest.approx(3600, abs=1)
        await made.until("clock raised", "clock cleared")


async def store(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    async with lab(tmp_path, "store") as made:
        made.gateway._store._writer._trouble.begin("the disk is full", 0.2)  # type: ignore[attr-defined]
        await made.gateway.alerts.look()
        assert [one.reason for one in made.gateway.alerts.standing] == ["the disk is full"]
        await made.until("store raised", "store cleared")


async def task_failing(tmp_path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("modemgw.gateway.supervision.STEADY_S", 0.3)
    fails = [True]

    async def work() -> None:
        if fails[0]:
            raise RuntimeError("on purpose")
        await asyncio.sleep(3600)

    async with lab(tmp_path, "task-failing") as made, asyncio.TaskGroup() as tasks:
        task = made.gateway.keeper.supervised(tasks, "example", work)
        await made.until("task-failing raised")
        assert made.told[0].data["subject"] == "example"
        fails[0] = False
        await made.until("task-failing raised", "task-failing cleared")
        task.cancel()


SCENES: dict[str, Callable[[Path, pytest.MonkeyPatch], Awaitable[None]]] = {
    scene.__name__.replace("_", "-"): scene
    for scene in (
        delivery_rate,
        error_rate,
        late_messages,
        queue_age,
        otp_queue_age,
        modem_down,
        modem_recoveries,
        modem_alarm,
        sim_blocked,
        low_balance,
        dead_letters,
        disk,
        clock,
        store,
        task_failing,
    )
}


@pytest.mark.parametrize("id", DEFAULTS)
async def test_a_fault_raises_it_and_its_end_clears_it(
    id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await SCENES[id](tmp_path, monkeypatch)


async def test_a_person_is_told_by_sms_through_another_sim(tmp_path: Path) -> None:
    notify = "+447700900777"
    alert = {"notify": [notify]}
    async with lab(tmp_path, "modem-down", alert=alert) as made:
        made.bank.modems[0].faults.unplug()
        await made.until("modem-down raised")

        def texts() -> list[str]:
            found = made.bank.smsc.messages
            return [one.text or "" for one in found if one.destination == notify]

        await until(lambda: len(texts()) == 1, 20)
        assert texts()[0].startswith("modemgw: modem-down raised (warning): the modem m0 is ")
        other = made.bank.modems[1].body.slot.sim
        assert other is not None
        assert {part.iccid for part in made.bank.smsc.accepted} == {other.iccid}
        made.bank.modems[0].faults.replug()
        await made.until("modem-down raised", "modem-down cleared")
        await until(lambda: len(texts()) == 2, 20)
        assert "modem-down cleared" in texts()[1]
