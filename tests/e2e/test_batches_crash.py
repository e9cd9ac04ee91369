"""`kill -9` while a batch is paused: the pause holds, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from labs.bank import bank_of
from labs.daemon import daemon, until_ready, write_config

from modemgw.client import Client

pytestmark = pytest.mark.e2e

WAIT_S = 60.0


@pytest.mark.timeout(240)
async def test_a_pause_holds_over_kill_nine_and_nothing_is_doubled(tmp_path: Path) -> None:
    count = 120
    numbers = [f"+99900000{i:05d}" for i in range(count)]
    async with bank_of(tmp_path, 2, part_seconds=0.05) as bank:
        config = write_config(tmp_path, bank.paths)
        async with daemon(config) as running, Client(running.url, running.key) as client:
            await until_ready(running.url)
            batch = await client.send_batch(to=numbers, text="hello")
            await bank.smsc.wait_accepted(20, WAIT_S)
            await client.pause_batch(batch.id)
            os.kill(running.process.pid, signal.SIGKILL)
            await running.process.wait()
        await asyncio.sleep(0.5)  # what was in the air arrives
        held = bank.smsc.accepted_count
        assert 20 <= held <= 26
        async with daemon(config) as running, Client(running.url, running.key) as client:
            await until_ready(running.url)
            await client.send("+999000099999", "another", wait=30)
            await asyncio.sleep(1)
            assert bank.smsc.accepted_count == held + 1
            seen = await client.batch(batch.id)
            assert (seen.state, seen.paused_at is not None) == ("paused", True)
            await client.resume_batch(batch.id)
            await bank.smsc.wait_accepted(count - 2, WAIT_S)
            await asyncio.sleep(1)
            doubtful = (await client.batch(batch.id)).counts.get("sending", 0)
        taken = Counter(p.destination for p in bank.smsc.accepted)
        assert max(taken.values()) == 1, "nothing is doubled"
        assert count + 1 - len(taken) <= doubtful <= 2, "but for what was in the air"
