"""Acceptance: how many messages a second the gateway can promise, each promise durable.

    python benchmarks/acceptance.py [--quick] [--rounds 5]

Stands for a campaign or a burst of alerts: applications hand over far quicker than modems send. No
modem is there; a 202 means that the message is committed (synchronous=FULL). Single POSTs on 8
kept-alive connections, one batch of 10,000 recipients, and one of 10,000 rows, each with values of
its own for a template.
"""

import argparse
import asyncio
import json
import time
from typing import Any

from bench.figures import say, spread, tell
from bench.http import connect, flood
from bench.rig import Rig

CONNECTIONS = 8
BATCH = 10_000
TEMPLATE = {
    "name": "ready",
    "variants": [
        {
            "language": "en",
            "text": "Hello {{ name }}, order {{ order }} is ready"
            "{% if day %} on {{ day | format('%d.%m.') }}{% endif %}",
        }
    ],
    "parameters": {
        "name": {"max_length": 30},
        "order": {"type": "code"},
        "day": {"type": "date", "default": ""},
    },
}


async def singles(rig: Rig, count: int) -> dict[str, float]:
    """202s a second by single POSTs, and the daemon's CPU for 1,000 of them."""
    requests = [
        rig.daemon.post("/v1/messages", {"to": f"+4477009{i:05d}", "text": f"Hello, this is {i}"})
        for i in range(count)
    ]
    used, began = rig.daemon.cpu_seconds(), time.monotonic()
    await flood(rig.daemon.url, requests, CONNECTIONS, lambda body: None)
    took = time.monotonic() - began
    return {
        "per_second": count / took,
        "cpu_seconds_per_1000": (rig.daemon.cpu_seconds() - used) * 1000 / count,
    }


async def batch(rig: Rig, count: int) -> dict[str, float]:
    """Recipients a second by one POST with all of them."""
    body = {"to": [f"+4477009{i:05d}" for i in range(count)], "text": "Hello, this is for all"}
    return await posted(rig, count, body)


async def rows(rig: Rig, count: int) -> dict[str, float]:
    """Recipients a second by one POST with a template, and values for each of them."""
    connection = await connect(rig.daemon.url)
    await connection.ask(rig.daemon.post("/v1/templates", TEMPLATE))
    connection.close()
    messages = [
        {
            "to": f"+4477009{i:05d}",
            "template": "ready",
            "params": {"name": f"Name {i}", "order": f"A-{i}", "day": "2026-11-25"},
        }
        for i in range(count)
    ]
    return await posted(rig, count, {"messages": messages})


async def posted(rig: Rig, count: int, body: dict[str, Any]) -> dict[str, float]:
    """Recipients a second by one POST of this batch."""
    request = rig.daemon.post("/v1/batches", body)
    connection = await connect(rig.daemon.url)
    used, began = rig.daemon.cpu_seconds(), time.monotonic()
    status, answer = await connection.ask(request)
    took = time.monotonic() - began
    connection.close()
    if status != 202 or json.loads(answer)["accepted"] != count:
        raise RuntimeError(f"HTTP {status}: {answer[:300].decode(errors='replace')}")
    return {
        "per_second": count / took,
        "cpu_seconds_per_1000": (rig.daemon.cpu_seconds() - used) * 1000 / count,
    }


def spreads(found: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    return {name: spread([one[name] for one in found], 3) for name in found[0]}


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run of some seconds")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    rounds, count = (1, 2000) if options.quick else (options.rounds, 10_000)
    by_single, by_batch, by_rows = [], [], []
    for _ in range(rounds):
        async with Rig(None) as rig:
            await singles(rig, 200)  # warms up
            by_single.append(await singles(rig, count))
            say(f"singles: {by_single[-1]}")
        async with Rig(None) as rig:
            await singles(rig, 200)
            by_batch.append(await batch(rig, BATCH))
            say(f"batch: {by_batch[-1]}")
        async with Rig(None) as rig:
            await singles(rig, 200)
            by_rows.append(await rows(rig, BATCH))
            say(f"rows of a template: {by_rows[-1]}")
    result: dict[str, Any] = {
        "singles": spreads(by_single),
        "batch": spreads(by_batch),
        "rows": spreads(by_rows),
    }
    tell("acceptance", result | {"aims": {"singles": 3000, "batch": 25_000, "rows": 10_000}})


if __name__ == "__main__":
    asyncio.run(main())
