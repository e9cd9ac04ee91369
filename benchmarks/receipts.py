"""Receipts: what they settle when answers are lost, and whether each finds its own part.

    python benchmarks/receipts.py [--quick] [--messages 1000]

- `lost_answer`: the network has the message, the modem never says so. With the policy `hold` there
  must be exactly one copy on the air, and the message ends `delivered` by its status report alone.
  Once the modem stays alive and only its answer is lost, once it is dead for 20 s from then on; and
  the report comes before the gateway gives the answer up (after 120 s), or later.
- `wrapped`: many messages to one recipient through one SIM. TP-MR is one octet, so that with 1,000
  of them it wraps almost four times, and a report names its part only by TP-MR, recipient and the
  service centre's time stamp of one second. Every report comes at the end, shuffled, with a TP-ST
  of its own; each must be found at the very message that it is about. Once more with a service
  centre whose clock is an hour ahead, of which the gateway has seen one report before.
"""

import argparse
import asyncio
import time
from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any

from bench.figures import say, tell
from bench.rig import Rig

from modemgw.client import Client
from modemgw.virtual.control import ControlClient

STATUSES = (0, 64, 65, 66, 67, 68, 69, 70, 71, 72, 96, 97, 98, 99, 100)
"""Values of TP-ST that are final and tell the fate of a message (TS 23.040 9.2.3.15)."""
TO = "+447700900123"
PROFILE = {"personality": "simcom-sim800"}
"""Its profile gives an answer up after 120 s, the shortest of all."""
ANSWER_S = 120.0


async def lost_answer(messages: int, fault: str, report_after: float) -> dict[str, Any]:
    """Lose the answers to the first part that each of `messages` modems sends."""
    bank = {"modems": messages, "part_seconds": 0.2, "receipt_seconds": report_after}
    async with (
        Rig(bank | PROFILE, {"gateway": {"receipt_timeout": 120}}) as rig,
        ControlClient(rig.bank.directory) as control,
    ):
        how = {"seconds": 20.0} if fault == "hang_after_prompt" else {}
        for modem in range(messages):
            await control.fault(modem, fault, passed=True, **how)
        began = time.monotonic()
        sent = [
            await rig.client.send(f"+44770090{i:04d}", "Exactly once", type="transactional")
            for i in range(messages)
        ]
        ended = await asyncio.gather(
            *(_end_of(rig.client, m["id"], ANSWER_S + report_after + 150) for m in sent)
        )
        took = time.monotonic() - began
        copies = Counter(part["destination"] for part in await rig.bank.accepted())
        found = {
            "fault": fault,
            "report_after_seconds": report_after,
            "messages": messages,
            "statuses": dict(Counter(m["status"] for m in ended)),
            "copies": dict(Counter(copies[m["to"]] for m in ended)),
            "attempts": dict(Counter(len(m["parts"][0]["attempts"]) for m in ended)),
            "settled_after_seconds": round(took, 1),
        }
    say(f"lost answer: {found}")
    return found


async def _end_of(client: Client, id: str, seconds: float) -> Any:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await client.wait(id)
    return await client.message(id)


async def wrapped(count: int, part_seconds: float, skew_seconds: float) -> dict[str, Any]:
    """Send `count` messages to one recipient, then report them in any order."""
    bank = {"modems": 1, "part_seconds": part_seconds, "receipt_seconds": 1e6}
    random = Random(count)
    statuses = {f"message {i}": random.choice(STATUSES) for i in range(count)}
    async with Rig(bank) as rig:
        first = await rig.client.send(TO, "before")
        await rig.bank.control.wait_accepted(1, 30)
        await _report(rig, {"before": 0}, 0, skew_seconds)
        await _end_of(rig.client, first["id"], 30)
        bodies = [{"to": TO, "text": text} for text in statuses]
        batch = await rig.client.send_batch(bodies)
        await rig.bank.control.wait_accepted(count + 1, 2 * count * (part_seconds + 0.02) + 30)
        await asyncio.sleep(1)
        await _report(rig, statuses, 1, skew_seconds)
        counts = await rig.wait_settled(batch["id"], count, 60)
        right = wrong = missing = 0
        async for message in rig.client.messages(limit=200, to=TO):
            if message["text"] not in statuses:
                continue
            receipt = message["parts"][0]["receipt"]
            if receipt is None:
                missing += 1
            elif receipt["status"] == statuses[message["text"]]:
                right += 1
            else:
                wrong += 1
    found = {
        "messages": count,
        "seconds_per_wrap": round(256 * part_seconds, 1),
        "service_centre_ahead_seconds": skew_seconds,
        "on_their_own_part": right,
        "on_another": wrong,
        "missing": missing,
        "statuses": counts,
    }
    say(f"wrapped: {found}")
    return found


async def _report(rig: Rig, statuses: dict[str, int], since: int, skew_seconds: float) -> None:
    await rig.bank.control.call(
        "report", seed=1, skew_seconds=skew_seconds, statuses=statuses, since=since
    )


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run: no lost answers")
    arguments.add_argument("--messages", type=int, default=1000)
    options = arguments.parse_args()
    if options.quick:
        tell("receipts", {"wrapped": [await wrapped(300, 0.015, 0.0)]})
        return
    lost = await asyncio.gather(
        lost_answer(8, "lose_next_answer", 2.0),
        lost_answer(8, "lose_next_answer", ANSWER_S + 20),
        lost_answer(8, "hang_after_prompt", 30.0),
        lost_answer(8, "hang_after_prompt", ANSWER_S + 20),
    )
    around = [await wrapped(options.messages, 0.03, skew) for skew in (0.0, 3600.0)]
    tell("receipts", {"lost_answer": lost, "wrapped": around})


if __name__ == "__main__":
    asyncio.run(main())
