"""Recovery: from a modem's return to its first AT+CMGS, after a reboot and after an unplugging.

    python benchmarks/recovery.py [--quick] [--rounds 3]

Stands for a brown-out that restarts a module in mid-session, and for a stick that is pulled and put
back. A bank with one modem of each make has messages to send all the time. In each round every
modem is struck at once, so that they also recover beside each other. The clock is that of the
virtual modem; it starts

- `reboot`: when a module on a serial line restarts; its make's boot time is taken off. Sticks and
  modules on USB leave the bus when they restart: for them see `unplug_cold`.
- `unplug`: when the device is back on the bus after 3 s, the modem having kept its power.
- `unplug_cold`: the same when the modem boots then; its make's boot time is taken off.

and stops with the first AT+CMGS that the modem reads. The aim is 2 s. SIM800 wants a rest of 0.1 s
before each of the forty commands that set it up, and needs longer.
"""

import argparse
import asyncio
import time
from typing import Any

from bench.bank_process import COMMANDED
from bench.figures import say, spread, tell
from bench.rig import Failed, Rig

from modemgw.virtual.personalities import PERSONALITIES

ON_USB = "zte-mf190"
"""A stick, though no command restarts it."""
STEADY_S = 31.0
"""Up for so long, a modem does not say any more that it has started."""
AIM_S = 2.0
PART_S = 0.5
PULLED_S = 3.0
BOOTS = {name: make.boot_seconds for name, make in PERSONALITIES.items()}
PATIENCE_S = max(BOOTS.values()) + 30.0


def struck(kind: str) -> list[int]:
    """The modems to which this is done."""
    return [
        index
        for index, (name, make) in enumerate(PERSONALITIES.items())
        if kind != "reboot" or not (make.reset_unplugs or name == ON_USB)
    ]


async def strike(rig: Rig, kind: str) -> float:
    """Do this to the modems; the moment from which their return counts."""
    modems = struck(kind)
    if kind == "reboot":
        began = time.monotonic()
        for modem in modems:
            await rig.bank.control.fault(modem, "reboot")
        return began
    for modem in modems:
        await rig.bank.control.fault(modem, "unplug")
    await asyncio.sleep(PULLED_S)
    began = time.monotonic()
    for modem in modems:
        await rig.bank.control.fault(modem, "replug", boot=kind == "unplug_cold")
    return began


async def back_at_work(rig: Rig, modems: list[int], since: float) -> list[float]:
    """For each of these modems the moment of its first AT+CMGS after `since`."""
    end = time.monotonic() + PATIENCE_S
    while True:
        notes = await rig.bank.parts()
        firsts = [next((n[COMMANDED] for n in notes[i] if n[COMMANDED] > since), 0) for i in modems]
        if all(firsts):
            return firsts
        if time.monotonic() > end:
            away = [f"m{i}" for i, at in zip(modems, firsts, strict=True) if not at]
            found = [m for m in await rig.client.modems() if m["id"] in away]
            raise Failed(f"not back in {PATIENCE_S} s: {found}")
        await asyncio.sleep(0.2)


async def one_round(rig: Rig, kind: str, number: int) -> dict[str, float]:
    """How long each make took beyond what itself needed."""
    await rig.daemon.wait_ready(PATIENCE_S)
    enough = int(2 * len(BOOTS) * (max(BOOTS.values()) + STEADY_S + 10) / PART_S)
    waiting = max(m["queue"] for m in await rig.client.modems())
    if waiting < enough:
        bodies = [{"to": f"+44{7_700_000_000 + i}", "text": "Back"} for i in range(enough)]
        await rig.client.send_batch(bodies)
    # At another moment of the parts each time.
    await asyncio.sleep(STEADY_S + number * 0.13)
    since = await strike(rig, kind)
    names = list(BOOTS)
    took = {}
    modems = struck(kind)
    for index, at in zip(modems, await back_at_work(rig, modems, since), strict=True):
        own = 0.0 if kind == "unplug" else BOOTS[names[index]]
        took[names[index]] = at - since - own
    return took


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="one round of each kind")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    rounds = 1 if options.quick else options.rounds
    found: dict[str, Any] = {}
    bank = {"modems": len(BOOTS), "personality": list(BOOTS), "part_seconds": PART_S}
    async with Rig(bank) as rig:
        for kind in ("reboot", "unplug", "unplug_cold"):
            took = []
            for number in range(rounds):
                took.append(await one_round(rig, kind, number))
                say(f"{kind}, round {number + 1}: {spread(list(took[-1].values()), 3)}")
            found[kind] = {
                "seconds": spread([s for one in took for s in one.values()], 3),
                "by_make": {name: spread([one[name] for one in took], 3) for name in took[0]},
            }
    slow = sorted(
        {n for kind in found.values() for n, took in kind["by_make"].items() if took["max"] > AIM_S}
    )
    about = {"rounds": rounds, "boot_seconds": BOOTS, "aim_seconds": AIM_S, "beyond_it": slow}
    tell("recovery", about | found)


if __name__ == "__main__":
    asyncio.run(main())
