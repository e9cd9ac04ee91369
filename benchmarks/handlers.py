"""Handlers: how soon they begin, replies a second, and what one that is not well costs sending.

    python benchmarks/handlers.py [--quick] [--count 300] [--rounds 3]

Stands for texts that are answered by a program, and for programs that misbehave.

- `begins`: from +CMTI on the wire to the first thing that a program (a shell that runs `date`) or
  a warm Python function does, and to the AT+CMGS of a reply; one message at a time, idle otherwise.
- `replies`: messages come in through 8 modems that take no time, as fast as the gateway reads them,
  and each is answered: parts a second, from the first to the last at the service centre.
- `beside`: parts a second that 8 modems with 0.25 s for a part send from a queue, while 4 messages
  a second come in for a Python handler that is well, and for one that is not: as a ratio.
"""

import argparse
import asyncio
import os
import time
from pathlib import Path
from random import Random
from typing import Any

from bench.bank_process import ANSWERED, COMMANDED
from bench.figures import latency, say, spread, tell
from bench.rig import Rig

INSTANT = {"part_seconds": 0.0, "receipt_seconds": 0.005}
MODEMS, PART_S = 8, 0.25
SICK = ("raises", "hangs", "loops", "exits", "forks", "floods", "eats")
REPLIES = {"replies": {"per_hour": 60}}


def noting(kind: str, notes: Path) -> dict[str, Any]:
    """A handler of a kind that notes when it begins."""
    if kind == "exec":
        return {"exec": ["/bin/sh", "-c", f"date +%s.%N >>{notes}"]}
    if kind == "python":
        return {"python": "bench.functions:on_message"}
    return {"reply": "thank you"}


async def begins(kind: str, count: int, notes: Path) -> dict[str, float]:
    """Milliseconds from +CMTI to its beginning."""
    notes.unlink(missing_ok=True)
    random = Random(count)  # spacing, not secrets
    tables = {"handler": [{"id": "noting", **noting(kind, notes)}]}
    async with Rig({"modems": 1, **INSTANT}, tables) as rig:
        await asyncio.sleep(0.5)  # a worker is warm
        for n in range(count + 1):  # the first one warms up
            await rig.bank.control.call("inject_all", count=1, first=n, text=f"note {notes}")
            await asyncio.sleep(random.uniform(0.06, 0.1))
        await asyncio.sleep(1)
        hints: list[float] = await rig.bank.control.call("hints")
        if kind == "reply":
            begun = [note[COMMANDED] for note in (await rig.bank.parts())[0]]
        else:
            ahead = time.time() - time.monotonic() if kind == "exec" else 0.0
            begun = [float(line) - ahead for line in notes.read_text().splitlines()]
    if len(hints) != count + 1 or len(begun) != count + 1:
        raise RuntimeError(f"{len(hints)} hints and {len(begun)} beginnings of {count + 1}")
    return latency([b - h for b, h in zip(begun, hints, strict=True)][1:])


async def replies(count: int) -> float:
    """Replies a second."""
    tables = {"handler": [{"reply": "thank you", "at_once": 64}], **REPLIES}
    async with Rig({"modems": MODEMS, **INSTANT}, tables) as rig:
        await rig.bank.control.call("inject_all", count=count, first=0, text="hello")
        await rig.bank.control.wait_accepted(count, 120)
        notes = [note[ANSWERED] for modem in await rig.bank.parts() for note in modem]
    return (count - 1) / (max(notes) - min(notes))


async def beside(name: str, seconds: float, notes: Path) -> float:
    """Parts a second beside a handler."""
    target = f"bench.functions:{name}"
    handler = {"id": name, "python": target, "timeout": 2, "memory_mb": 512}
    bank = {"modems": MODEMS, "part_seconds": PART_S, "receipt_seconds": 0.5}
    async with Rig(bank, {"handler": [handler]}) as rig:
        count = int(2 * (seconds + 4) * MODEMS / PART_S)
        to = [f"+4477009{i:05d}" for i in range(count)]
        await rig.client.send_batch(to=to, text="Hello, this is for all")
        end, came = time.monotonic() + seconds + 2, 0
        while time.monotonic() < end:
            await rig.bank.control.call("inject_all", count=1, first=came, text=f"x {notes}")
            came += 1
            await asyncio.sleep(0.25)
        moments = [note[ANSWERED] for modem in await rig.bank.parts() for note in modem]
    until = end - 0.5
    return sum(1 for at in moments if at and until - seconds <= at < until) / seconds


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run of some seconds")
    arguments.add_argument("--count", type=int, default=300)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    # The daemon, and with it its workers, find bench.functions there.
    paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    rounds, count = (1, 30) if options.quick else (options.rounds, options.count)
    seconds = 3.0 if options.quick else 10.0
    sick = SICK[:3] if options.quick else SICK

    how_soon: dict[str, Any] = {}
    for kind in ("exec", "python", "reply"):
        how_soon[kind] = await begins(kind, count, notes_file())
        say(f"{kind} begins after {how_soon[kind]}")
    answered = [await replies(200 if options.quick else 2000) for _ in range(rounds)]
    say(f"replies a second: {answered}")
    healthy = [await beside("on_message", seconds, notes_file()) for _ in range(rounds)]
    say(f"parts a second beside one that is well: {healthy}")
    ratios: dict[str, Any] = {}
    for name in sick:
        found = [await beside(name, seconds, notes_file()) for _ in range(rounds)]
        ratios[name] = round(spread(found)["median"] / spread(healthy)["median"], 3)
        say(f"beside one that {name}: {found}, {ratios[name]} of it")
    tell(
        "handlers",
        {
            "begins": how_soon,
            "replies_per_second": spread(answered, 1),
            "beside_a_healthy_one_parts_per_second": spread(healthy, 2),
            "of_that_beside_one_that": ratios,
            "aims": {
                "exec_median_ms": 25,
                "python_and_reply_median_ms": 15,
                "replies_per_second": 200,
                "of_that": 1,
            },
        },
    )


def notes_file() -> Path:
    """Where handlers note when they begin."""
    return Path("/dev/shm") / f"modemgw-bench-handlers-{time.monotonic_ns()}"


if __name__ == "__main__":
    asyncio.run(main())
