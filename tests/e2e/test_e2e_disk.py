"""The daemon on a disk of its own that is really full, or whose directory is taken away."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from labs.bank import bank_of
from labs.waiting import until

from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run(  # a container may forbid it
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"],
        capture_output=True,
        check=False,
    ).returncode
    == 0
)
on_a_small_disk = pytest.mark.skipif(not CAN_MOUNT, reason="no disk can be mounted here")

DISK = "16m"
"""More than a database of some messages and its log (which grows to 4 MB) want."""
FILLER = "filler"
FILL = f"dd if=/dev/zero of={{data}}/{FILLER} bs=4096 2>/dev/null || true"
START = """
set -e
mount -t tmpfs -o size={size},mode=700 tmpfs {data}
cp -a {kept}/. {data}/
{fill}
exec {python} -m modemgw serve --config {config}
"""


@dataclass
class Daemon:
    process: asyncio.subprocess.Process
    http: aiohttp.ClientSession
    data: Path
    """The data directory as it is reached from outside."""
    log: Path

    def fill(self) -> None:
        with (self.data / FILLER).open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * 4096)
            except OSError:
                pass

    def make_room(self) -> None:
        (self.data / FILLER).unlink()

    async def status(self, path: str) -> int:
        async with asyncio.timeout(8), self.http.get(path) as answer:
            return answer.status

    async def post(self, to: str = "+447700900123") -> tuple[int, Any]:
        async with (
            asyncio.timeout(8),
            self.http.post("/v1/messages", json={"to": to, "text": "hello"}) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()


@asynccontextmanager
async def daemon(
    tmp_path: Path, bank: Bank | None = None, *, small: bool = True, full: bool = False
) -> AsyncIterator[Daemon]:
    data, kept, config, log = (tmp_path / n for n in ("data", "kept", "modemgw.toml", "log"))
    modems = "".join(
        f'[[modem]]\nid = "m{i}"\ndevice = "{path}"\n'
        for i, path in enumerate(bank.paths if bank else [tmp_path / "none"])
    )
    config.write_text(
        f'[gateway]\ndata_dir = "{data}"\ndrain_timeout = 2\n'
        f'[http]\nlisten = "127.0.0.1:0"\n[sim_limits]\nper_minute = 0\n{modems}'
    )
    first = kept if small else data
    if not (first / FILE_NAME).exists():
        (tmp_path / "key").write_text(create_key(first / FILE_NAME, "test", ["admin"]))
    data.mkdir(exist_ok=True)
    if small:
        script = START.format(
            size=DISK,
            data=data,
            kept=kept,
            fill=FILL.format(data=data) if full else "",
            python=sys.executable,
            config=config,
        )
        command = ["unshare", "-rm", "sh", "-c", script]
    else:
        command = [sys.executable, "-m", "modemgw", "serve", "--config", str(config)]
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=stderr
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"https?://\S+", line)
        assert found, log.read_text()
        headers = {"Authorization": f"Bearer {(tmp_path / 'key').read_text()}"}
        seen = Path(f"/proc/{process.pid}/root{data}") if small else data
        async with aiohttp.ClientSession(found[0], headers=headers) as http:
            yield Daemon(process, http, seen, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def becomes(probe: Callable[[], Awaitable[int]], wanted: int, why: str) -> None:
    async def there() -> bool:
        return await probe() == wanted

    await until(there, 60, why)


async def posted(daemon: Daemon) -> int:
    return (await daemon.post())[0]


@on_a_small_disk
async def test_a_disk_that_fills_up_keeps_what_was_promised_and_the_log_short(
    tmp_path: Path,
) -> None:
    count = 60
    async with bank_of(tmp_path, 2, part_seconds=0.1) as bank, daemon(tmp_path, bank) as here:
        await becomes(lambda: here.status("/readyz"), 200, "a modem is ready")
        numbers = [f"+99900000{i:05d}" for i in range(count)]
        answers = await asyncio.gather(*(here.post(to) for to in numbers))
        assert {status for status, _ in answers} == {202}
        await bank.smsc.wait_accepted(5, 60)
        here.fill()
        await becomes(lambda: here.status("/readyz"), 503, "it is noticed")
        before = len(here.lines())
        for _ in range(30):
            status, problem = await here.post()
            assert (status, problem["type"]) == (503, "urn:modemgw:problem:unavailable")
            await asyncio.sleep(0.1)
        assert len(here.lines()) - before < 40, here.lines()[before : before + 60]
        assert await here.status("/healthz") == 200
        assert await here.status("/v1/messages") == 200
        here.make_room()
        await becomes(lambda: posted(here), 202, "it takes messages again")
        await becomes(lambda: here.status("/readyz"), 200, "it says so")
        await bank.smsc.wait_accepted(count + 1, 60)
        sent = Counter(str(s.destination) for s in bank.smsc.accepted)
        assert all(sent[to] >= 1 for to in numbers)


@on_a_small_disk
@pytest.mark.parametrize("crashed", [False, True])
async def test_a_start_on_a_full_disk_serves_reads_and_goes_on_when_there_is_room(
    tmp_path: Path, crashed: bool
) -> None:
    async with daemon(tmp_path, small=False) as here:
        _, message = await here.post()
        here.process.send_signal(signal.SIGKILL if crashed else signal.SIGTERM)
        await here.process.wait()
    (tmp_path / "data").rename(tmp_path / "kept")
    async with daemon(tmp_path, full=True) as here:
        path = f"/v1/messages/{message['id']}"
        assert await here.status(path) == 200
        assert await here.status("/v1/messages") == 200
        assert await here.status("/healthz") == 200
        assert await here.status("/readyz") == 503
        assert (await here.post())[0] == 503
        assert "Traceback" not in here.log.read_text()
        assert len(here.lines()) < 40
        here.make_room()
        await becomes(lambda: posted(here), 202, "it takes messages")
        assert await here.status(path) == 200
        here.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(here.process.wait(), 60) == 0


async def test_a_data_directory_that_is_removed_is_noticed(tmp_path: Path) -> None:
    async with daemon(tmp_path, small=False) as here:
        assert (await here.post())[0] == 202
        shutil.rmtree(here.data)
        answers = await asyncio.gather(*(here.post() for _ in range(50)))
        assert {status for status, _ in answers} == {503}
        assert "is gone" in answers[0][1]["detail"]
        assert await here.status("/readyz") == 503
        assert await here.status("/healthz") == 200
        here.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(here.process.wait(), 60)


async def test_a_lock_of_another_program_is_answered_within_a_bound(tmp_path: Path) -> None:
    async with daemon(tmp_path, small=False) as here:
        assert (await here.post())[0] == 202
        with closing(sqlite3.connect(here.data / FILE_NAME, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            answers = await asyncio.gather(*(here.post() for _ in range(20)))
            assert {status for status, _ in answers} == {503}
            assert await here.status("/v1/messages") == 200
            other.execute("ROLLBACK")
        await becomes(lambda: posted(here), 202, "it takes messages again")
