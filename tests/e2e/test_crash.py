"""`kill -9` in the middle of the work: what was accepted arrives, once."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of

from modemgw.client import Client
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank

pytestmark = pytest.mark.e2e

MODEMS = 4
WAITING = ("queued", "submitting")
"""Statuses of parts that are still to be sent."""


def configuration(tmp_path: Path, bank: Bank) -> Path:
    modems = "".join(
        f'[[modem]]\nid = "m{i}"\ndevice = "{path}"\n' for i, path in enumerate(bank.paths)
    )
    file = tmp_path / "modemgw.toml"
    file.write_text(
        f'[gateway]\ndata_dir = "{tmp_path / "data"}"\ndrain_timeout = 5\n'
        f'[http]\nlisten = "127.0.0.1:0"\n{modems}'
    )
    return file


@asynccontextmanager
async def daemon(config: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A running daemon and its URL; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "modemgw", "serve", "--config", str(config),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"https?://\S+", line)
        assert found, f"the daemon said {line!r}"
        yield process, found[0]
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()


@pytest.mark.timeout(240)
async def test_after_kill_nine_every_accepted_message_arrives_and_none_twice(
    tmp_path: Path,
) -> None:
    count = 200
    numbers = [f"+99900000{i:05d}" for i in range(count)]
    async with bank_of(tmp_path, MODEMS, part_seconds=0.05) as bank:
        config = configuration(tmp_path, bank)
        token = create_key(tmp_path / "data" / FILE_NAME, "test", ["send", "read"])
        accepted: dict[str, str] = {}

        async def send(client: Client, to: str) -> None:
            accepted[to] = (await client.send(to, text=f"to {to}"))["id"]

        async with daemon(config) as (process, url), Client(url, token) as client:
            await asyncio.gather(*(send(client, to) for to in numbers))
            await bank.smsc.wait_accepted(count // 3, 60)
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        assert len(accepted) == count
        before = bank.smsc.accepted_count
        assert before < count, "the daemon was to be killed in the middle"

        async with daemon(config) as (process, url), Client(url, token) as client:
            async with asyncio.timeout(60):
                while True:
                    found = {m["to"]: m async for m in client.messages(limit=200)}
                    if all(m["status"] in ("sent", "delivered", "sending") for m in found.values()):
                        break
                    await asyncio.sleep(0.2)
            await asyncio.sleep(0.3)
            found = {m["to"]: m async for m in client.messages(limit=200)}
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                assert await process.wait() == 0

        taken = Counter(p.destination for p in bank.smsc.accepted)
        assert max(taken.values()) == 1, "nothing is doubled"
        assert {m["id"] for m in found.values()} == set(accepted.values()), "nothing is forgotten"
        ambiguous = {
            to for to, m in found.items() if any(p["status"] == "ambiguous" for p in m["parts"])
        }
        assert len(ambiguous) <= MODEMS, "at most what was in the air, one part a modem"
        missing = set(numbers) - set(taken)
        assert missing <= ambiguous, "what did not arrive is shown as ambiguous"
        assert all(m["status"] == "sending" for to, m in found.items() if to in ambiguous)


@pytest.mark.timeout(240)
async def test_long_messages_survive_three_kills_whole_and_once(tmp_path: Path) -> None:
    count, text = 24, "Twelve drummers drumming, eleven pipers piping. " * 8
    async with bank_of(tmp_path, MODEMS, part_seconds=0.04) as bank:
        config = configuration(tmp_path, bank)
        token = create_key(tmp_path / "data" / FILE_NAME, "test", ["send", "read"])
        async with daemon(config) as (_, url), Client(url, token) as client:
            batch = await client.send_batch(
                [{"to": f"+99900000{i:05d}", "text": text} for i in range(count)]
            )
            assert batch["accepted"] == count
            await bank.smsc.wait_accepted(count // 3, 60)
        for goal in (count, 2 * count):
            async with daemon(config):
                await bank.smsc.wait_accepted(min(goal, bank.smsc.accepted_count + 15), 60)
        async with daemon(config) as (_, url), Client(url, token) as client:
            found: list[Any] = []
            async with asyncio.timeout(60):
                while True:
                    found = [m async for m in client.messages(limit=200)]
                    waiting = [p for m in found for p in m["parts"] if p["status"] in WAITING]
                    if not waiting:
                        break
                    await asyncio.sleep(0.2)
        taken = Counter(
            (p.destination, p.concatenation.sequence)
            for p in bank.smsc.accepted
            if p.concatenation is not None
        )
        assert max(taken.values()) == 1, "no part is doubled"
        for message in found:
            for part in message["parts"]:
                if part["status"] != "ambiguous":
                    assert taken[message["to"], part["index"]] == 1
        doubtful = [p for m in found for p in m["parts"] if p["status"] == "ambiguous"]
        assert len(doubtful) <= 3 * MODEMS, "at most what was in the air at each kill"
        whole = {m.destination for m in bank.smsc.messages if m.text == text}
        assert {m["to"] for m in found if m["status"] in ("sent", "delivered")} <= whole
