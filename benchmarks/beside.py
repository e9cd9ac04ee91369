"""Beside: what a message costs this state of the code and another one, in one run.

    git worktree add ../before COMMIT
    python benchmarks/beside.py ../before [--turns 40]

Stands for the question whether a change has made the gateway slower, on a machine that does other
things as well. A daemon of each state runs all the while; they take turns, each right after the
other's, the order changing; the bank is this state's for both:

- `singles`, `batch`: messages are accepted, no modem is there. CPU of the daemon for 1,000.
- `whole`: POSTs, parts and receipts through 8 modems that take no time. The same.
- `pickup`: from a POST to AT+CMGS while nothing else is to be done, milliseconds in the median.

The system counts CPU in steps of 10 ms, so the ratio of the sums over all turns is the figure.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from acceptance import batch, singles
from bench.figures import say, spread, tell
from bench.rig import Rig
from pickup import measure as pick_up
from zero_latency import settings, whole

Work = Callable[[Rig], Awaitable[float]]
PICKUP_BANK = {"modems": 1, "part_seconds": 0.0, "receipt_seconds": 0.005}


async def accepted_singly(rig: Rig) -> float:
    return (await singles(rig, 400))["cpu_seconds_per_1000"]


async def accepted_as_batch(rig: Rig) -> float:
    return (await batch(rig, 2000))["cpu_seconds_per_1000"]


async def sent(rig: Rig) -> float:
    return (await whole(rig, 400))["daemon_cpu_seconds_per_1000"]


async def picked_up(rig: Rig) -> float:
    median: float = (await pick_up(rig, 40))["pickup"]["median_ms"]
    return median


async def compare(
    checkouts: tuple[Path, Path], bank: dict[str, Any] | None, works: dict[str, Work], turns: int
) -> dict[str, Any]:
    """What each work costs in both checkouts, and the ratio second / first."""
    async with AsyncExitStack() as stack:
        rigs = [await stack.enter_async_context(Rig(bank, code=code)) for code in checkouts]
        found: dict[str, Any] = {}
        for name, work in works.items():
            used: tuple[list[float], list[float]] = ([], [])
            for rig in rigs:
                await work(rig)  # warms up
            for turn in range(turns):
                for which in (0, 1) if turn % 2 else (1, 0):
                    used[which].append(await work(rigs[which]))
            ratio = round(sum(used[1]) / sum(used[0]), 3)
            found[name] = {
                "before": spread(used[0], 4),
                "now": spread(used[1], 4),
                "ratio_of_sums": ratio,
            }
            say(f"{name}: {ratio}")
        return found


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("before", type=Path, help="a checkout of the other state")
    arguments.add_argument("--turns", type=int, default=40)
    options = arguments.parse_args()
    both = (options.before, Path(__file__).parent.parent)
    few = max(1, options.turns // 4)
    accepting: dict[str, Work] = {"singles": accepted_singly, "batch": accepted_as_batch}
    found = await compare(both, None, accepting, options.turns)
    found |= await compare(both, settings(8), {"whole": sent}, few)
    found |= await compare(both, PICKUP_BANK, {"pickup": picked_up}, few)
    tell("beside", found)


if __name__ == "__main__":
    asyncio.run(main())
