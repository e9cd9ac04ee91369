"""An hour far above the usual stops promotional messages first, then transactional ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modemgw.clock import SystemClock
from modemgw.config import Config, parse
from modemgw.gateway import BudgetExhausted, Gateway
from modemgw.store.records import NewMessage

TO = "+447700900123"
MIDDAY = 1_795_348_800.0


class StandingClock(SystemClock):
    """Its wall time stands still."""

    def __init__(self, at: float) -> None:
        self.at = at

    def time(self) -> float:
        return self.at


def configured(directory: Path, **more: Any) -> Config:
    shock = {"factor": 3, "minimum_parts": 4} | more
    return parse({"gateway": {"data_dir": str(directory)}, "bill_shock": shock})


async def accept(gateway: Gateway, type: str, count: int = 1) -> None:
    for _ in range(count):
        await gateway.sending.send(NewMessage(to=TO, text="x", type=type), key="shop")


async def shocks(gateway: Gateway) -> list[dict[str, Any]]:
    await gateway._store.write(lambda tx: None)
    events = await gateway._store.read(lambda view: view.events.after(0, 1000))
    return [event.data for event in events if event.type == "budget.shock"]


async def test_promotional_stops_first_then_transactional_and_codes_never(tmp_path: Path) -> None:
    clock = StandingClock(MIDDAY)
    async with Gateway.open(configured(tmp_path), clock=clock) as gateway:
        await accept(gateway, "promotional", 4)
        with pytest.raises(BudgetExhausted, match="no promotional messages for the next 3600 s"):
            await accept(gateway, "promotional")
        await accept(gateway, "transactional", 4)
        with pytest.raises(BudgetExhausted, match="no transactional messages"):
            await accept(gateway, "transactional")
        await accept(gateway, "otp", 20)
        told = await shocks(gateway)
        assert [one["stopped"] for one in told] == [
            ["promotional"],
            ["promotional", "transactional"],
        ]
        assert told[0]["until"] == MIDDAY + 3600


async def test_the_next_hour_begins_anew_and_what_is_usual_counts(tmp_path: Path) -> None:
    config = configured(tmp_path)
    async with Gateway.open(config, clock=StandingClock(MIDDAY)) as gateway:
        await accept(gateway, "transactional", 4)
    async with Gateway.open(config, clock=StandingClock(MIDDAY + 3600)) as gateway:
        await accept(gateway, "promotional", 12)  # three times the usual four
        with pytest.raises(BudgetExhausted, match=r"usually 4\.0"):
            await accept(gateway, "promotional")
    async with Gateway.open(config, clock=StandingClock(MIDDAY + 3700)) as gateway:
        with pytest.raises(BudgetExhausted):
            await accept(gateway, "promotional")  # a restart forgets nothing
        assert len(await shocks(gateway)) == 1


async def test_a_warning_stops_nothing_and_is_told_once(tmp_path: Path) -> None:
    config = configured(tmp_path, action="warn")
    async with Gateway.open(config, clock=StandingClock(MIDDAY)) as gateway:
        await accept(gateway, "promotional", 8)
        assert [one["stopped"] for one in await shocks(gateway)] == [[]]


async def test_without_a_factor_nothing_is_counted(tmp_path: Path) -> None:
    config = configured(tmp_path, factor=0)
    async with Gateway.open(config, clock=StandingClock(MIDDAY)) as gateway:
        await accept(gateway, "promotional", 10)
        assert await gateway._store.read(lambda view: view.budgets.uses()) == []
