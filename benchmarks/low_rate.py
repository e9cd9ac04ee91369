"""Low rate: what a message costs where nothing can be grouped.

    python benchmarks/low_rate.py [--quick] [--rounds 3]

Stands for the usual day: 8 modems that need 0.25 s for a part and are kept busy, 32 POSTs a second,
evenly. Every commit, every wake-up and every look at the clock is for one message alone.

- `cpu_seconds_per_1000`: CPU of the daemon, with HTTP, commits and receipts.
- `idle_cpu_percent`: what it takes while nothing is to be done; it is in the figure above.
"""

import argparse
import asyncio
import time
from typing import Any

from bench.figures import say, spread, tell
from bench.http import connect
from bench.rig import Rig

MODEMS, PART_S = 8, 0.25
SETTINGS = {"modems": MODEMS, "part_seconds": PART_S, "receipt_seconds": 0.5}
RATE = MODEMS / PART_S


async def paced(rig: Rig, count: int) -> float:
    """CPU seconds of the daemon for 1,000 messages that come one by one."""
    before = (await rig.bank.control.status())["accepted"]
    connection = await connect(rig.daemon.url)
    used, began = rig.daemon.cpu_seconds(), time.monotonic()
    for i in range(count):
        body = {"to": f"+4477009{i:05d}", "text": f"Hello, this is {i}"}
        status, answer = await connection.ask(rig.daemon.post("/v1/messages", body))
        if status != 202:
            raise RuntimeError(f"HTTP {status}: {answer[:300].decode(errors='replace')}")
        await asyncio.sleep(max(0.0, began + (i + 1) / RATE - time.monotonic()))
    connection.close()
    await rig.bank.control.wait_accepted(before + count, 60)
    await asyncio.sleep(1.0)  # the last receipts
    return (rig.daemon.cpu_seconds() - used) * 1000 / count


async def idle(rig: Rig, seconds: float) -> float:
    """Percent of a processor that the daemon takes with nothing to do."""
    used = rig.daemon.cpu_seconds()
    await asyncio.sleep(seconds)
    return (rig.daemon.cpu_seconds() - used) * 100 / seconds


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run of some seconds")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    rounds, count = (1, 96) if options.quick else (options.rounds, 640)
    used: list[float] = []
    async with Rig(SETTINGS) as rig:
        await paced(rig, 64)  # warms up
        for _ in range(rounds):
            used.append(await paced(rig, count))
            say(f"CPU for 1,000 messages: {used[-1]:.2f} s")
        resting = await idle(rig, 5 if options.quick else 20)
    result: dict[str, Any] = {
        "per_second": RATE,
        "cpu_seconds_per_1000": spread(used, 3),
        "idle_cpu_percent": round(resting, 2),
        "aims": {"cpu_seconds_per_1000": 1.5},
    }
    tell("low_rate", result)


if __name__ == "__main__":
    asyncio.run(main())
