"""Soak: a large bank with faults at random for a long time; nothing lost, nothing doubled unseen.

    python benchmarks/soak.py [--minutes 10] [--modems 64] [--seed 1]

Stands for a bank of cheap sticks in a cupboard. Messages come in at a constant rate by HTTP, half
with the policy `retry`, half with `hold`, every tenth with two parts; people write to the SIMs
beside. Each modem has a fault every minute and a half on average (every ten seconds in a run of
less than five minutes), of the kinds below, all from one seed. Then the faults end, everything
settles, and it is counted at the service centre and in the API:

- lost: promised, not at the service centre, and not shown as `unknown` (held for a person).
- doubled: there more than once. Only a retried ambiguous attempt may do that, and it must be shown.
- inbound: each message from outside is in the API once.

The daemon's resident memory and open files are sampled all the while: they must stay flat.

The daemon waits for answers as long as real modems need: minutes after a PDU, and quarantines last
from five minutes to an hour. A run of less than five minutes leaves out the faults that call for
such waiting (`PATIENT`).
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import psutil
from bench.figures import say, spread, tell
from bench.http import connect
from bench.rig import Rig
from crash import LONG, SHORT, judge, settled

from modemgw.virtual.control import ControlClient

PART_S = 1.0
BUSY = 0.3
"""Share of what the bank could send that is asked of it."""
TYPES = {
    "type.otp": {"ambiguous": "retry", "ambiguous_wait": 5, "max_attempts": 100},
    "type.transactional": {"ambiguous": "hold", "max_attempts": 100},
}
CODES = (17, 38, 41, 42, 302, 331, 332, 500)

Step = tuple[float, str, dict[str, Any]]
"""Seconds to wait, and then a fault with its arguments."""
Kind = Callable[[Random], list[Step]]


def at_once(name: str, **how: Any) -> Kind:
    """A fault that ends by itself."""
    return lambda chance: [(0, name, how)]


def for_a_while(name: str, begin: dict[str, Any], end: dict[str, Any]) -> Kind:
    """A fault that lasts until it is taken back."""
    return lambda chance: [(0, name, begin), (chance.uniform(3, 15), name, end)]


KINDS: dict[str, Kind] = {
    "unplug": lambda chance: [
        (0, "unplug", {}),
        (chance.uniform(1, 10), "replug", {"boot": chance.random() < 0.7}),
    ],
    "reboot": at_once("reboot"),
    "garbage": lambda chance: [(0, "garbage", {"octets": chance.randrange(1, 500)})],
    "split": for_a_while("split", {"seconds": 0.002}, {"seconds": None}),
    "storm": at_once("storm", count=300),
    "calls": at_once("ring", times=2),
    "prompt lost": at_once("lose_prompt"),
    "final lost": at_once("lose_final"),
    "CNMI lost": at_once("lose_cnmi"),
    "refused": lambda chance: [(0, "refuse", {"code": chance.choice(CODES)})],
    "blocked": for_a_while("block", {"code": 41}, {"code": None}),
    "SIM busy": at_once("sim_busy", seconds=3.0),
    "store full": at_once("fill_store"),
    "slow": at_once("delay_answer", seconds=5.0),
    "no network": for_a_while("cover", {"coverage": "none"}, {"coverage": "home"}),
    "denied": for_a_while("cover", {"coverage": "denied"}, {"coverage": "home"}),
    "roaming": for_a_while("cover", {"coverage": "roaming"}, {"coverage": "home"}),
    "no reports": for_a_while("report", {"copies": 0}, {"usual": True}),
    "early reports": for_a_while("report", {"early": True}, {"usual": True}),
    "repeated reports": for_a_while("report", {"copies": 3}, {"usual": True}),
}
PATIENT: dict[str, Kind] = {
    "settings lost": lambda chance: [(0, "forget_settings", {"text_mode": chance.random() < 0.5})],
    "hang": lambda chance: [(0, "hang", {"seconds": chance.uniform(1, 40)})],
    "deaf": lambda chance: [(0, "deafen", {"seconds": chance.uniform(1, 40)})],
    "hang after prompt": lambda chance: [
        (0, "hang_after_prompt", {"passed": chance.random() < 0.5, "seconds": 20.0})
    ],
    "answer lost": lambda chance: [(0, "lose_next_answer", {"passed": chance.random() < 0.5})],
    "stalled": for_a_while("stall", {"stalled": True}, {"stalled": False}),
    "stuck prompt": at_once("stick_prompt"),
}


class Load:
    """Posts at a constant rate, and lets people write to the SIMs."""

    def __init__(self, rig: Rig, per_second: float) -> None:
        self._rig = rig
        self._pause_s = 1 / per_second
        self.promised: dict[str, str] = {}
        """Recipient, which is another for each message, by the message's id."""
        self.repeated = 0
        self.written: list[str] = []
        """Texts that were sent to the SIMs."""

    async def post(self, until: float) -> None:
        connection = await connect(self._rig.daemon.url)
        due = time.monotonic()
        while (due := due + self._pause_s) < until:
            await asyncio.sleep(due - time.monotonic())
            number = len(self.promised)
            to = f"+44{7_700_000_000 + number}"
            body = {
                "to": to,
                "text": LONG if number % 10 == 0 else SHORT,
                "type": "otp" if number % 2 else "transactional",
                "validity": 24 * 3600,  # nothing may expire, or it could not be counted
            }
            request = self._rig.daemon.post("/v1/messages", body)
            status, answer = await connection.ask(request)
            if status != 202:
                raise RuntimeError(f"HTTP {status}: {answer.decode()}")
            self.promised[json.loads(answer)["id"]] = to
        connection.close()

    async def write(self, until: float, chance: Random) -> None:
        async with ControlClient(self._rig.bank.directory) as control:
            numbers = [m["number"] for m in (await control.status())["modems"]]
            while time.monotonic() < until:
                text = f"From outside {len(self.written)}"
                to = chance.choice(numbers)
                await control.call("inject", sender="+15550001234", to=to, text=text)
                self.written.append(text)
                await asyncio.sleep(0.5)


class Trouble:
    """Strikes modems at random, one fault at a time each, until it is told to end."""

    def __init__(self, rig: Rig, kinds: dict[str, Kind], every_s: float, seed: int) -> None:
        self._rig = rig
        self._kinds = kinds
        self._every_s = every_s
        self._seed = seed
        self._turn = asyncio.Lock()
        self.counts: Counter[str] = Counter()

    async def run(self, until: float) -> None:
        async with (
            ControlClient(self._rig.bank.directory) as self._control,
            asyncio.TaskGroup() as modems,
        ):
            for modem in range(self._rig.bank.modems):
                modems.create_task(self._strike(modem, until))

    async def _strike(self, modem: int, until: float) -> None:
        chance = Random(f"{self._seed} {modem}")
        while True:
            pause_s = chance.expovariate(1 / self._every_s)
            if time.monotonic() + pause_s > until:
                return
            await asyncio.sleep(pause_s)
            name = chance.choice(list(self._kinds))
            self.counts[name] += 1
            for wait_s, fault, how in self._kinds[name](chance):
                await asyncio.sleep(wait_s)
                async with self._turn:
                    await self._control.fault(modem, fault, **how)


async def sample(rig: Rig, every_s: float, until: float) -> list[tuple[float, int]]:
    """RSS in MB and open files of the daemon, again and again."""
    daemon = psutil.Process(rig.daemon.pid)
    found = []
    while time.monotonic() < until:
        found.append((daemon.memory_info().rss / 1e6, daemon.num_fds()))
        await asyncio.sleep(every_s)
    return found


def course(values: Sequence[float]) -> dict[str, float]:
    """The medians of the second and of the last quarter: the first one warms up."""
    quarter = max(1, len(values) // 4)
    early = statistics.median(values[quarter : 2 * quarter])
    late = statistics.median(values[-quarter:])
    return spread(values, 1) | {"early": round(early, 1), "late": round(late, 1)}


async def inbound(rig: Rig, written: list[str], seconds: float) -> dict[str, int]:
    """Each text from outside, once all are there, or not in time."""
    end = time.monotonic() + seconds
    while True:
        counts = Counter([m["text"] async for m in rig.client.inbounds(limit=200)])
        missing = sum(not counts[text] for text in written)
        if not missing or time.monotonic() > end:
            doubled = sum(counts[text] > 1 for text in written)
            return {"written": len(written), "missing": missing, "doubled": doubled}
        await asyncio.sleep(2)


async def soak(minutes: float, modems: int, seed: int) -> dict[str, Any]:
    """The whole run; what was found."""
    long = minutes >= 5
    kinds = KINDS | (PATIENT if long else {})
    bank = {"modems": modems, "part_seconds": PART_S, "receipt_seconds": 2.0, "seed": seed}
    tables = TYPES | {"gateway": {"receipt_timeout": 60 if long else 10}}
    async with Rig(bank, tables) as rig:
        load = Load(rig, BUSY * modems / PART_S)
        trouble = Trouble(rig, kinds, 90 if long else 10, seed)
        until = time.monotonic() + 60 * minutes
        tasks = [
            load.post(until),
            load.write(until, Random(seed)),
            trouble.run(until),
            _progress(load, trouble, until),
        ]
        sampling = asyncio.create_task(sample(rig, 5 if long else 1, until))
        await asyncio.gather(*tasks)
        samples = await sampling
        say("the faults are over; everything settles")
        for modem in range(modems):
            await rig.bank.control.fault(modem, "clear")
        began = time.monotonic()
        with suppress(TimeoutError):
            await settled(rig, 1800 if long else 240)
        settled_s = time.monotonic() - began
        received = await inbound(rig, load.written, 900 if long else 60)
        states = Counter(m["state"] for m in await rig.client.modems())
        result = await judge(rig, load)
        memory, files = ([s[i] for s in samples] for i in (0, 1))
        return {
            "minutes": minutes,
            "modems": modems,
            "seed": seed,
            "posted_a_second": round(BUSY * modems / PART_S, 1),
            "faults": dict(sorted(trouble.counts.items())),
            "faults_in_all": trouble.counts.total(),
            "settled_after_seconds": round(settled_s, 1),
            **result,
            "inbound": received,
            "modems_at_the_end": dict(states),
            "rss_mb": course(memory),
            "open_files": course(files),
            "cpu_seconds": round(rig.daemon.cpu_seconds(), 1),
            "errors_logged": [x for x in rig.daemon.log().splitlines() if "Traceback" in x][:5],
        }


async def _progress(load: Load, trouble: Trouble, until: float) -> None:
    while (rest := until - time.monotonic()) > 0:
        say(f"{len(load.promised)} promised, {trouble.counts.total()} faults, {rest:.0f} s to go")
        await asyncio.sleep(min(30.0, rest))


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--modems", type=int, default=64)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    result = await soak(options.minutes, options.modems, options.seed)
    tell("soak", result)
    good = not (
        result["lost"]
        or result["doubled_not_shown"]
        or result["inbound"]["missing"]
        or result["inbound"]["doubled"]
    )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    asyncio.run(main())
