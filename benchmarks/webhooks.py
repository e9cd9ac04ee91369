"""Webhooks: how soon, how many a second, at what cost, and what a sick one costs a healthy one.

    python benchmarks/webhooks.py [--quick] [--count 5000] [--rounds 3]

Stands for applications that are told of each message by HTTP. No modem is there: what is told is
`message.queued`, of single POSTs (how soon) and of a batch (how many a second). Receivers run in
the process of this program. The time to the first octet is counted from the beginning of the
commit, as `timestamp` has it, so the commit itself is in it; and from before the client writes its
request.
"""

import argparse
import asyncio
import time
from datetime import datetime
from random import Random
from typing import Any

from bench.figures import latency, say, spread, tell
from bench.hooks import OK, SICK, Hook, hook
from bench.http import connect
from bench.rig import Rig

PENDING = 10_000
WAIT_S = 120.0


async def create(rig: Rig, one: Hook | str) -> str:
    url = one if isinstance(one, str) else one.url
    return str((await rig.client.create_webhook(url, ["message.*"]))["id"])


async def batch(rig: Rig, count: int) -> None:
    body = {"to": [f"+4477009{i:05d}" for i in range(count)], "text": "Hello, this is for all"}
    connection = await connect(rig.daemon.url)
    status, answer = await connection.ask(rig.daemon.post("/v1/batches", body))
    connection.close()
    if status != 202:
        raise RuntimeError(f"HTTP {status}: {answer[:300].decode(errors='replace')}")


async def soon(count: int) -> dict[str, Any]:
    """From the commit, and from the POST, to the first octet of the request; idle otherwise."""
    random = Random(count)  # spacing, not secrets
    async with Rig(None) as rig, hook() as there:
        there.keep_bodies = True
        await create(rig, there)
        connection = await connect(rig.daemon.url)
        posted = []
        for i in range(count + 1):  # the first one warms up
            request = rig.daemon.post("/v1/messages", {"to": f"+4477009{i:05d}", "text": "hello"})
            posted.append(time.monotonic())
            status, answer = await connection.ask(request)
            if status != 202:
                raise RuntimeError(answer.decode())
            await there.until(i + 1, 10)
            await asyncio.sleep(random.uniform(0.02, 0.06))
        connection.close()
        began = [
            datetime.fromisoformat(document["timestamp"]).timestamp()
            for document in there.documents()
        ]
        pairs = list(zip(posted, began, there.came, strict=True))[1:]
        return {
            "from_commit": latency([came[1] - at for _, at, came in pairs]),
            "from_post": latency([came[0] - at for at, _, came in pairs]),
        }


async def rate(count: int, beside: bytes | str | None) -> dict[str, float]:
    """Deliveries a second to a quick receiver, and CPU for 1,000; another webhook beside.

    `beside`: what its receiver says; an address where there is none; None: there is no other.
    """
    said = beside if isinstance(beside, bytes) else b""
    async with Rig(None) as rig, hook() as there, hook(said) as other:
        await create(rig, there)
        if beside is not None:
            await create(rig, beside if isinstance(beside, str) else other)
        used = rig.daemon.cpu_seconds()
        await batch(rig, count)
        last = await there.until(count, WAIT_S)
        took = last - there.came[0][0]
        return {
            "per_second": count / took,
            "cpu_seconds_per_1000": (rig.daemon.cpu_seconds() - used) * 1000 / count,
        }


async def pending() -> dict[str, float]:
    """RSS in MB: without webhooks, with a batch, and with as many messages and pending events."""
    async with Rig(None) as rig, hook(b"") as there:
        idle = rig.daemon.memory()["rss_mb"]
        await batch(rig, PENDING)
        await asyncio.sleep(2)
        alone = rig.daemon.memory()["rss_mb"]
        id = await create(rig, there)
        await batch(rig, PENDING)
        end = time.monotonic() + WAIT_S
        while (await rig.client.webhook(id))["pending"] < PENDING and time.monotonic() < end:
            await asyncio.sleep(0.1)
        await asyncio.sleep(2)
        told = rig.daemon.memory()["rss_mb"]
        return {
            "idle_mb": idle,
            "with_10000_messages_mb": alone,
            "with_10000_more_and_10000_pending_mb": told,
            "cost_of_pending_mb": round(told - alone - (alone - idle), 1),
        }


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run of some seconds")
    arguments.add_argument("--count", type=int, default=5000)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    rounds, count = (1, 1000) if options.quick else (options.rounds, options.count)

    how_soon = await soon(min(count // 10, 300))
    say(f"to the first octet: {how_soon['from_commit']}")
    alone = [await rate(count, None) for _ in range(rounds)]
    say(f"to one receiver: {alone}")
    with_ok = [await rate(count, OK) for _ in range(rounds)]
    say(f"beside a healthy one: {with_ok}")
    sick: dict[str, Any] = {}
    healthy = spread([one["per_second"] for one in with_ok], 1)
    for name, answer in {**SICK, "refuses": "http://127.0.0.1:9/"}.items():
        found = [(await rate(count, answer))["per_second"] for _ in range(rounds)]
        sick[name] = spread(found, 1)
        sick[name]["of_beside_a_healthy_one"] = round(sick[name]["median"] / healthy["median"], 2)
        say(f"beside one that {name}: {sick[name]}")
    memory = await pending()
    say(str(memory))
    tell(
        "webhooks",
        {
            "first_octet": how_soon,
            "deliveries": {
                name: spread([one[name] for one in alone], 3)
                for name in ("per_second", "cpu_seconds_per_1000")
            },
            "beside_a_healthy_one_per_second": healthy,
            "beside_a_sick_one_per_second": sick,
            "memory": memory,
            "aims": {
                "from_commit_median_ms": 10,
                "per_second": 500,
                "of_beside_a_healthy_one": 1,
                "cost_of_pending_mb": 50,
            },
        },
    )


if __name__ == "__main__":
    asyncio.run(main())
