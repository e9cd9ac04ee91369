"""Radio use: how much of their time the modems really spend on the air while messages wait.

    python benchmarks/radio.py [--quick] [--rounds 3]

The radio of a GSM modem takes seconds for each part, and nothing makes it faster: a gateway is as
good as the gaps that it leaves between two parts. 8 modems at 0.25 s a part stand for a bank on
fast LTE, 64 at 2 s for a big bank on GSM; each with messages of one part and of two. Beside the
sending run what always runs: commits, a status report for every part, one inbound SMS a second.
No two radios take the same time, so parts take up to a tenth more or less; 8 modems in lockstep,
all done at the same moment and waiting for the same processor, are the hard case beside that.

The figure is busy time / (window x modems). A radio is busy from Ctrl-Z until the network has the
part. The window goes from the first AT+CMGS to the last one, so that a message waited at every
moment of it. `nominal` counts only the radio seconds that were asked for: there the lateness of the
bank's own timers (about 1 ms a part) is held against the gateway, too.
"""

import argparse
import asyncio
from contextlib import suppress
from typing import Any

from bench.bank_process import ANSWERED, BUSY, COMMANDED, TYPED
from bench.figures import say, spread, tell
from bench.rig import Rig

from modemgw.virtual.control import ControlClient

SHORT = "Your parcel is on its way."
LONG = "This text is too long for one part, so that it has to travel in two. " * 3
JITTER = 0.1
CASES = ((8, 0.25, JITTER, 0.99), (8, 0.25, 0.0, 0.99), (64, 2.0, JITTER, 0.98))


def radio_use(notes: list[list[list[Any]]], *, nominal: bool = False) -> float:
    """Share of the window in which the radios were busy."""
    begin = min(note[COMMANDED] for modem in notes for note in modem)
    end = max(note[COMMANDED] for modem in notes for note in modem)
    busy = 0.0
    for note in (note for modem in notes for note in modem):
        until = note[TYPED] + note[BUSY] if nominal else note[ANSWERED]
        busy += max(0.0, min(until, end) - note[TYPED])
    return float(busy / ((end - begin) * len(notes)))


async def inbound(rig: Rig) -> None:
    """One SMS a second from outside, to each modem in turn."""
    async with ControlClient(rig.bank.directory) as control:
        numbers = [m["number"] for m in (await control.status())["modems"]]
        count = 0
        while True:
            count += 1
            await control.inject("+15550001234", numbers[count % len(numbers)], f"in {count}")
            await asyncio.sleep(1)


async def measure(
    modems: int, part_seconds: float, jitter: float, parts: int, seconds: float, rounds: int
) -> dict[str, Any]:
    settings = {
        "modems": modems,
        "part_seconds": part_seconds,
        "part_jitter": jitter,
        "receipt_seconds": 1.0,
        # AT+CMMS saves no radio time here: every part takes `part_seconds`, the second one too.
        "more_to_send_factor": 1.0,
    }
    per_message = part_seconds * parts
    count = max(3, int(seconds / per_message)) * modems
    figures, nominal = [], []
    async with Rig(settings) as rig:
        accepted = 0
        for _ in range(rounds):
            await rig.bank.control.call("reset_parts")
            noise = asyncio.create_task(inbound(rig))
            batch = await rig.client.send_batch(
                [
                    {
                        "to": f"+4477008{i:05d}",
                        "text": f"{i} {LONG if parts == 2 else 'hello'}"[:250],
                    }
                    for i in range(count)
                ]
            )
            accepted += count * parts
            await rig.bank.control.wait_accepted(accepted, 5 * seconds + 30)
            noise.cancel()
            with suppress(asyncio.CancelledError):
                await noise
            counts = await rig.wait_settled(batch["id"], count, 30)
            if counts != {"delivered": count}:
                raise RuntimeError(f"not everything was delivered: {counts}")
            notes = await rig.bank.parts()
            figures.append(radio_use(notes))
            nominal.append(radio_use(notes, nominal=True))
            case = f"{modems} modems, {part_seconds} s ± {jitter:.0%}, {parts} parts"
            say(f"{case}: {figures[-1]:.4f}")
    return {
        "modems": modems,
        "part_seconds": part_seconds,
        "part_jitter": jitter,
        "parts_per_message": parts,
        "messages_per_round": count,
        "radio_use": spread(figures),
        "nominal": spread(nominal),
    }


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run of some seconds")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    cases = []
    for modems, part_seconds, jitter, aim in CASES[: 1 if options.quick else None]:
        for parts in (1, 2):
            seconds = 3.0 if options.quick else max(20.0, 15 * part_seconds)
            rounds = 1 if options.quick else options.rounds
            case = await measure(modems, part_seconds, jitter, parts, seconds, rounds)
            cases.append(case | {"aim": aim})
    tell("radio", {"cases": cases})


if __name__ == "__main__":
    asyncio.run(main())
