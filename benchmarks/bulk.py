"""Bulk: a file of 100,000 rows, and what is asked of a batch of that size.

    python benchmarks/bulk.py [--quick]

Stands for a campaign. `modemgw send --csv` hands a file over to a daemon without modems, so all of
it waits: how long looking at all rows and handing them over takes, and how much memory the command
needs. Then, with all of it waiting: how long GET, pause, resume and cancel take to answer, how long
taking it all back lasts, and how long single POSTs beside that wait for their 202.
"""

import argparse
import asyncio
import csv
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from bench.figures import latency, say, tell
from bench.rig import Rig

from modemgw.client import Client


def write_file(path: Path, rows: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["to", "name", "code"])
        writer.writerows([f"+4477{i:08d}", f"Guest {i}", f"{i:06d}"] for i in range(rows))


async def command(rig: Rig, *arguments: str) -> dict[str, float]:
    """Run `modemgw …`; its seconds, CPU and greatest RSS."""
    environment = {**os.environ, "MODEMGW_URL": rig.daemon.url, "MODEMGW_KEY": rig.daemon.key}
    began, cpu = time.monotonic(), rig.daemon.cpu_seconds()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "modemgw", *arguments,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    usage, peak = psutil.Process(process.pid), 0
    errors = asyncio.create_task(process.communicate())
    while not errors.done():
        try:
            peak = max(peak, usage.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        await asyncio.sleep(0.02)
    _, said = await errors
    if process.returncode:
        raise RuntimeError(said.decode())
    return {
        "seconds": round(time.monotonic() - began, 2),
        "daemon_cpu_seconds": round(rig.daemon.cpu_seconds() - cpu, 2),
        "peak_rss_mb": round(peak / 1e6, 1),
    }


async def timed(ask: Callable[[], Awaitable[Any]]) -> float:
    began = time.monotonic()
    await ask()
    return time.monotonic() - began


@asynccontextmanager
async def singles_beside(client: Client) -> AsyncIterator[list[float]]:
    """Single POSTs, one after the other; how long each took, in seconds."""
    took: list[float] = []

    async def post() -> None:
        while True:
            took.append(await timed(lambda: client.send("+447700900999", "beside", type="otp")))
            await asyncio.sleep(0.02)

    task = asyncio.create_task(post())
    try:
        yield took
    finally:
        task.cancel()
        await asyncio.wait([task])


async def controls(rig: Rig, batch: str) -> dict[str, Any]:
    """What is asked of a batch while all of it waits."""
    client = rig.client
    result: dict[str, Any] = {
        "get": latency([await timed(lambda: client.batch(batch)) for _ in range(50)]),
        "list": latency([await timed(lambda: first_page(client, batch)) for _ in range(20)]),
        "pause": latency([await timed(lambda: client.pause_batch(batch))]),
        "resume": latency([await timed(lambda: client.resume_batch(batch))]),
    }
    async with singles_beside(client) as quiet:
        await asyncio.sleep(3)
    result["single_posts_alone"] = latency(quiet)
    async with singles_beside(client) as beside:
        began = time.monotonic()
        result["cancel"] = latency([await timed(lambda: client.cancel_batch(batch))])
        ended = await client.wait_for_batch(batch)
        result["all_canceled_seconds"] = round(time.monotonic() - began, 2)
    result["single_posts_beside_the_cancellation"] = latency(beside)
    result["canceled"] = ended.counts["canceled"]
    return result


async def first_page(client: Client, batch: str) -> None:
    async for _ in client.batch_messages(batch, status="queued", limit=50):
        break


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run with 5,000 rows")
    rows = 5_000 if arguments.parse_args().quick else 100_000
    async with Rig(None) as rig:
        path = rig.directory / "guests.csv"
        write_file(path, rows)
        how = ("send", "--csv", str(path), "--text", "Dear {name}, your code is {code}")
        looked = await command(rig, *how, "--dry-run")
        say(f"looked at {rows} rows: {looked}")
        sent = await command(rig, *how)
        say(f"sent: {sent}")
        (batch,) = [one async for one in rig.client.batches()]
        if batch.accepted != rows:
            raise RuntimeError(f"{batch.accepted} of {rows} were accepted")
        asked = await controls(rig, batch.id)
        memory = rig.daemon.memory()
    result = {
        "rows": rows,
        "dry_run": looked,
        "send": {**sent, "rows_per_second": round(rows / sent["seconds"])},
        **asked,
        "daemon": memory,
    }
    tell("bulk", result)


if __name__ == "__main__":
    asyncio.run(main())
