"""One process at a time carries the messages of a store, and the other is told which it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from labs.clock import FakeClock
from labs.outbox import running

from modemgw.gateway import Gateway
from modemgw.gateway.outgoing.claim import LEASE_S, MESSAGES, RENEW_S, Claim
from modemgw.store import LeaseHeld, StoreError, StoreUnavailable, Transaction
from modemgw.store.contract.leases import this_process


async def test_a_start_waits_while_another_process_holds_the_messages(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        other = Claim(lab.store, lab.clock, "process 7 on elsewhere")
        await other.give_back()  # nothing of ours is given back by it
        with pytest.raises(LeaseHeld, match=this_process()):
            await lab.store.write(other.take)
        await lab.outbox.claim.give_back()
        await lab.store.write(other.take)
        with pytest.raises(StoreUnavailable, match="process 7 on elsewhere holds the lease"):
            await lab.outbox.recover()
        lab.outbox.recovered = False
        assert "process 7 on elsewhere" in (lab.outbox.not_yet or "")
        lab.clock.now += LEASE_S + 1
        await lab.outbox.recover()
        assert lab.outbox.not_yet is None


async def test_a_lease_is_renewed_and_its_loss_ends_the_work(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        clock = FakeClock(lab.clock.now)
        begun = clock.now
        mine = Claim(lab.store, clock)
        renewing = asyncio.create_task(mine.run())
        while clock.now < begun + 3 * RENEW_S:
            await asyncio.sleep(0.001)
        assert not renewing.done()
        other = Claim(lab.store, clock, "process 7 on elsewhere")

        def taken_over(tx: Transaction) -> None:
            tx.leases.give_back(MESSAGES, this_process())
            other.take(tx)

        await lab.store.write(taken_over)
        with pytest.raises(StoreError, match="process 7 on elsewhere"):
            await asyncio.wait_for(renewing, 5)


async def test_a_gateway_that_ends_gives_its_lease_back(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        config = lab.config
        assert await lab.store.read(lambda view: view.leases.get(MESSAGES)) is not None
    async with Gateway.open(config) as gateway:
        lease = await gateway._store.read(lambda view: view.leases.get(MESSAGES))
        assert lease is not None
        assert lease.holder == this_process()
    async with Gateway.open(config) as gateway:
        assert gateway.found.waiting == 0


async def test_who_was_killed_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's lock has shown that it has ended: nobody waits for its lease to run out."""
    async with running(tmp_path, ready=False) as lab:
        await lab.outbox.claim.give_back()
        await lab.store.write(Claim(lab.store, lab.clock, "process 7 on elsewhere").take)
    monkeypatch.setattr("modemgw.store.sqlite.leases.RUN", "another run")
    async with running(tmp_path, ready=False) as lab:
        assert lab.outbox.recovered
