"""Idle pick-up: from a POST to AT+CMGS on the modem's wire while nothing else is to be done.

    python benchmarks/pickup.py [--quick] [--count 500] [--rounds 3]

Stands for a one-time password: a person waits for it, and the modem is free. The clock starts
before the client writes its request, and stops when the virtual modem has read AT+CMGS, so that
both ways through the kernel count; the commit that the 202 promises lies in between. The posts are
20 to 60 ms apart, on one kept-alive connection, and every message is receipted before the next.
"""

import argparse
import asyncio
import time
from random import Random
from typing import Any

from bench.bank_process import COMMANDED
from bench.figures import latency, say, tell
from bench.http import connect
from bench.rig import Rig


async def measure(rig: Rig, count: int) -> dict[str, Any]:
    """Post `count` messages one by one to a bank of one modem."""
    await rig.bank.control.call("reset_parts")
    before = (await rig.bank.control.status())["accepted"]
    random = Random(count)  # spacing, not secrets
    connection = await connect(rig.daemon.url)
    posted, answered = [], []
    for i in range(count + 1):  # the first one warms up
        body = {"to": f"+447700901{i:03d}", "text": f"{i} is your code", "type": "otp"}
        request = rig.daemon.post("/v1/messages", body)
        posted.append(time.monotonic())
        status, answer = await connection.ask(request)
        answered.append(time.monotonic())
        if status != 202:
            raise RuntimeError(answer.decode())
        await asyncio.sleep(random.uniform(0.02, 0.06))
    connection.close()
    await rig.bank.control.wait_accepted(before + count + 1, 10)
    notes = (await rig.bank.parts())[0]
    commanded = [note[COMMANDED] for note in notes]
    pairs = list(zip(posted, commanded, strict=True))[1:]
    return {
        "pickup": latency([c - p for p, c in pairs]),
        "answered": latency([a - p for p, a in zip(posted, answered, strict=True)][1:]),
    }


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run of some seconds")
    arguments.add_argument("--count", type=int, default=500)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    rounds, count = (1, 100) if options.quick else (options.rounds, options.count)
    found = []
    async with Rig({"modems": 1, "part_seconds": 0.0, "receipt_seconds": 0.005}) as rig:
        for _ in range(rounds):
            found.append(await measure(rig, count))
            say(str(found[-1]["pickup"]))
    tell("pickup", {"rounds": found, "aims": {"median_ms": 5, "p99_ms": 25}})


if __name__ == "__main__":
    asyncio.run(main())
