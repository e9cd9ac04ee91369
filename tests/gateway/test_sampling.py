"""What is looked at now and then: how long messages wait, the disk, what the store holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from labs.clock import FakeClock

from modemgw.clock import SteadyClock
from modemgw.gateway.upkeep import sampling
from modemgw.gateway.upkeep.sampling import Backlog, Sample, Sampler
from modemgw.store import Balance, StoreUnavailable
from modemgw.store.sqlite import FILE_NAME, open_store


@dataclass
class Job:
    type: str
    due_at: float
    lies_in: str | None = "route:default"
    parts: int = 1

    def pending(self) -> list[int]:
        return list(range(self.parts))


@dataclass
class Lab:
    sampler: Sampler
    clock: FakeClock
    jobs: list[Job]


@asynccontextmanager
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    clock, jobs = FakeClock(), list[Job]()
    async with open_store(tmp_path, clock=clock) as store:
        balance = Balance(Decimal("3.50"), "EUR", "3.50", clock.time(), True)
        await store.write(lambda tx: tx.sim_state.keep_balance("s1", balance))
        sampler = Sampler(
            store,
            tmp_path / FILE_NAME,
            jobs=lambda: jobs,
            sims=lambda: ("s1", "s2"),
            subscribers=lambda: (),
            types=("otp", "promotional"),
            clock=SteadyClock(clock),
        )
        yield Lab(sampler, clock, jobs)


async def test_only_what_could_be_sent_has_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "TURN", 2)
    async with lab(tmp_path) as made:
        now = made.clock.time()
        made.jobs += [
            Job("otp", now - 7),
            Job("otp", now - 9),
            Job("otp", now - 99, lies_in="batch:bat_1"),
            Job("otp", now - 99, lies_in=None, parts=0),
            Job("otp", now + 60, lies_in=None),
        ]
        found = await made.sampler.look()
        assert found.backlog == {
            "otp": Backlog(due=2, oldest_s=9, later=1, gated=1, held=1),
            "promotional": Backlog(),
        }


async def test_what_cannot_be_looked_at_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lab(tmp_path) as made:
        assert made.sampler.last == Sample()
        first = await made.sampler.look()
        assert {iccid: one.low for iccid, one in first.balances.items()} == {"s1": True}
        assert first.room is not None
        assert first.room.database >= 4096

        async def unreadable(query: object) -> None:
            raise StoreUnavailable("the disk is gone")

        monkeypatch.setattr(made.sampler._store, "read", unreadable)
        (tmp_path / FILE_NAME).rename(tmp_path / "elsewhere")
        second = await made.sampler.look()
        (tmp_path / "elsewhere").rename(tmp_path / FILE_NAME)
        assert (second.balances, second.room) == (first.balances, first.room)
