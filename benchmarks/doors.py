"""Doors: what the honest notice of 600 slow clients and 500 who only listen.

    python benchmarks/doors.py [--quick] [--rounds 5] [--slow 600] [--streams 500] [--clients 50]

Stands for a day on which somebody holds connections open, by malice or by a bad line, while many
programs follow the events. Fewer connections are allowed than want to be: 500 streams, 50 clients
and half of the slow ones, which send an octet a second of headers or of a body and begin anew when
they are closed. 50 clients post now and then, each on its own kept-alive connection; how long they
wait for their 202 is measured with the crowd and without it, taking turns. No modem is there, and
those who listen have nothing to hear. An answer other than 202, a connection of the honest that is
closed and a stream that ends are errors; there is to be none.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from bench.figures import latency, say, spread, tell
from bench.http import Broken, connect
from bench.rig import Rig

CROWD = Path(__file__).parent / "bench" / "crowd.py"
PAUSE_S = (0.1, 0.3)
"""Between an answer and the client's next POST."""


async def post(rig: Rig, clients: int, seconds: float, errors: Counter[str]) -> list[float]:
    """What each POST took, in seconds."""
    took: list[float] = []
    end = time.monotonic() + seconds

    async def one(number: int) -> None:
        random = Random(number)
        await asyncio.sleep(random.uniform(0, PAUSE_S[1]))
        connection = await connect(rig.daemon.url)
        request = rig.daemon.post("/v1/messages", {"to": f"+4477009{number:05d}", "text": "Hello"})
        while time.monotonic() < end:
            began = time.monotonic()
            status, _ = await connection.ask(request)
            took.append(time.monotonic() - began)
            if status != 202:
                errors[f"HTTP {status}"] += 1
            await asyncio.sleep(random.uniform(*PAUSE_S))
        connection.close()

    for outcome in await asyncio.gather(*map(one, range(clients)), return_exceptions=True):
        if isinstance(outcome, Broken):
            errors["closed"] += 1
        elif isinstance(outcome, BaseException):
            raise outcome
    return took


class Crowd:
    """`async with Crowd(…) as crowd:` is there; `crowd.seen` says afterwards what became of it."""

    def __init__(self, url: str, keys: tuple[str, str], slow: int, streams: int) -> None:
        self._command = [sys.executable, str(CROWD), url, *keys, str(slow), str(streams)]
        self.seen: dict[str, int] = {}

    async def __aenter__(self) -> "Crowd":
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe)
        assert self._process.stdout is not None
        if not await asyncio.to_thread(self._process.stdout.readline):
            raise RuntimeError("the crowd did not come")
        return self

    async def __aexit__(self, *_: object) -> None:
        told, _err = await asyncio.to_thread(self._process.communicate)
        self.seen = json.loads(told)


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run of some seconds")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=10.0)
    for name, count in (("--slow", 600), ("--streams", 500), ("--clients", 50)):
        arguments.add_argument(name, type=int, default=count)
    options = arguments.parse_args()
    rounds, seconds = (1, 3.0) if options.quick else (options.rounds, options.seconds)
    places = options.streams + options.clients + options.slow // 2
    http = {
        "max_connections": max(places, 2 * options.streams),
        "max_streams": options.streams,
        "max_streams_per_key": options.streams,
    }
    errors: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    alone, beside = [], []
    async with Rig(None, {"http": http}) as rig:
        keys = (rig.daemon.key, rig.daemon.create_key("listener", "inbound"))
        await post(rig, options.clients, 2.0, errors)  # warms up
        for _ in range(rounds):
            alone.append(latency(await post(rig, options.clients, seconds, errors)))
            say(f"alone: {alone[-1]}")
            async with Crowd(rig.daemon.url, keys, options.slow, options.streams) as crowd:
                beside.append(latency(await post(rig, options.clients, seconds, errors)))
            seen.update(crowd.seen)
            say(f"with the crowd: {beside[-1]}; {crowd.seen}")
        memory = rig.daemon.memory()
    errors["streams ended"] = seen["streams ended"] + rounds * options.streams - seen["streams"]
    result: dict[str, Any] = {
        "slow": options.slow,
        "streams": options.streams,
        "clients": options.clients,
        "max_connections": http["max_connections"],
        "slow_connections": seen["slow connections"],
        "posts": sum(one["count"] for one in (*alone, *beside)),
        "errors_of_the_honest": +errors,
        "daemon": memory,
    }
    for name in ("median_ms", "p99_ms"):
        without, having = [[one[name] for one in found] for found in (alone, beside)]
        result[name] = {
            "alone": spread(without, 2),
            "with_the_crowd": spread(having, 2),
            "ratio_of_medians": round(
                spread(having, 4)["median"] / spread(without, 4)["median"], 2
            ),
        }
    tell("doors", result | {"aims": {"errors_of_the_honest": 0}})


if __name__ == "__main__":
    asyncio.run(main())
