"""Crash: kill -9 at random moments under load; what was promised is kept, what is doubled is shown.

    python benchmarks/crash.py [--quick] [--kills 50] [--seed 1]

Stands for power cuts, the OOM killer and faults of ours. Applications post without a pause, each
request with an Idempotency-Key until it has its 202, while the daemon is killed and started again
and again. Half of the messages are one-time passwords (policy `retry`), half are held (`hold`), and
every fifth has two parts. In the end each promised part is counted at the service centre:

- lost: promised, not at the service centre, and not shown as `unknown` (held for a person).
- doubled: there more than once. Only a retried ambiguous attempt may do that, and it must be shown
  (`duplicate_risk` at the attempt).
"""

import argparse
import asyncio
import json
from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any

from bench.figures import say, tell
from bench.http import Broken, connect
from bench.rig import Rig

MODEMS = 4
POSTERS = 4
PAUSE_S = 0.08
TABLES = {
    "gateway": {"receipt_timeout": 20},
    "type.otp": {"ambiguous": "retry", "ambiguous_wait": 2},
    "type.transactional": {"ambiguous": "hold"},
}
SHORT = "This one must come through, whatever happens."
LONG = "This one is too long for one part; both of its parts must come through, once. " * 3


class Load:
    """Posts messages until it is told to end, each until it is promised."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._next = 0
        self._ending = False
        self.promised: dict[str, str] = {}
        """Recipient, which is another for each message, by the message's id."""
        self.repeated = 0
        """Requests that had to be sent again, because no answer came."""

    def end(self) -> None:
        """Post no new message; what was begun is still to be promised."""
        self._ending = True

    async def run(self) -> None:
        async with asyncio.TaskGroup() as posters:
            for _ in range(POSTERS):
                posters.create_task(self._post())

    async def _post(self) -> None:
        connection = None
        while not self._ending:
            number, self._next = self._next, self._next + 1
            to = f"+44{7_700_000_000 + number}"
            body = {
                "to": to,
                "text": LONG if number % 5 == 0 else SHORT,
                "type": "otp" if number % 2 else "transactional",
                # One-time passwords expire soon; here none may, or it could not be counted.
                "validity": 3600,
            }
            request = self._rig.daemon.post("/v1/messages", body, f"crash-{number}")
            while True:
                try:
                    if connection is None:
                        connection = await connect(self._rig.daemon.url)
                    status, answer = await connection.ask(request)
                    break
                except Broken:
                    connection = None
                    self.repeated += 1
                    await asyncio.sleep(0.05)
            if status != 202:
                raise RuntimeError(f"HTTP {status}: {answer.decode()}")
            self.promised[json.loads(answer)["id"]] = to
            await asyncio.sleep(PAUSE_S)


async def settled(rig: Rig, seconds: float) -> None:
    """Wait until no message wants a modem any more."""
    async with asyncio.timeout(seconds):
        for status in ("queued", "sending"):
            while [m async for m in rig.client.messages(status=status, limit=1)]:
                await asyncio.sleep(0.5)


async def judge(rig: Rig, load: Load) -> dict[str, Any]:
    """Compare what was promised, what the API shows, and what the service centre has."""
    copies = Counter((p["destination"], p["part"]) for p in await rig.bank.accepted())
    shown = {m["id"]: m async for m in rig.client.messages(limit=200)}
    found: Counter[str] = Counter()
    wrong: list[str] = []
    for id, to in load.promised.items():
        message = shown.get(id)
        if message is None:
            found["lost"] += 1
            wrong.append(f"{id} was promised and is not in the database")
            continue
        found[f"status {message['status']}"] += 1
        for part in message["parts"]:
            at_centre = copies[to, part["index"]]
            risky = any(a["duplicate_risk"] for a in part["attempts"])
            found["parts"] += 1
            found["retried after an ambiguous attempt"] += risky
            found["ambiguous attempts"] += sum(a["state"] == "ambiguous" for a in part["attempts"])
            if at_centre == 0 and message["status"] == "unknown":
                found["held, never on the air"] += 1
            elif at_centre == 0:
                found["lost"] += 1
                wrong.append(f"{id} part {part['index']} is {message['status']}, never on the air")
            elif at_centre > 1:
                found["doubled"] += 1
                if not risky:
                    found["doubled without being shown"] += 1
                    wrong.append(f"{id} part {part['index']} went out {at_centre} times: {part}")
            elif message["status"] == "unknown":
                found["held, on the air once"] += 1
    unpromised = set(copies) - {(to, part) for to in load.promised.values() for part in (1, 2)}
    found["at the service centre, never promised"] = len(unpromised)
    return {
        "promised": len(load.promised),
        "requests_repeated": load.repeated,
        "lost": found.pop("lost", 0),
        "doubled": found.pop("doubled", 0),
        "doubled_not_shown": found.pop("doubled without being shown", 0),
        "counts": dict(sorted(found.items())),
        "wrong": wrong[:20],
    }


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run with 3 kills")
    arguments.add_argument("--kills", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    kills = 3 if options.quick else options.kills
    random = Random(options.seed)
    bank = {"modems": MODEMS, "part_seconds": 0.05, "receipt_seconds": 0.3}
    async with Rig(bank, TABLES) as rig:
        load = Load(rig)
        running = asyncio.create_task(load.run())
        starts = []
        for kill in range(kills):
            await asyncio.sleep(random.uniform(0.2, 2.5))
            await rig.daemon.kill()
            starts.append(await rig.daemon.start())
            say(f"kill {kill + 1} of {kills}, {len(load.promised)} promised")
        await rig.daemon.wait_ready(60)
        await asyncio.sleep(1)
        load.end()
        await running
        with suppress(TimeoutError):
            await settled(rig, 60 if options.quick else 180)
        result = await judge(rig, load)
    tell("crash", {"kills": kills, "slowest_start_seconds": round(max(starts), 2)} | result)


if __name__ == "__main__":
    asyncio.run(main())
