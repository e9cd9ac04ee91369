"""Faults at random times, from a seed: what was said of every part is true in the end."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from labs.modem import Rig, RigMaker
from labs.timings import QUICK

from modemgw.modem import NotSubmitted, SubmitAmbiguous, SubmitRefused
from modemgw.sms import Deliver, decode_mt

SENDER = "+447911000001"
ROUNDS = 40
TIMINGS = replace(QUICK, submit=0.4)


def strike(r: Rig, chance: random.Random) -> None:
    """One fault of the kinds a modem meets in the field."""
    faults = r.faults
    chance.choice(
        [
            lambda: faults.hang(chance.uniform(0.1, 0.6)),
            lambda: faults.hang_after_prompt(passed=chance.random() < 0.5, seconds=0.3),
            lambda: faults.lose_next_answer(passed=chance.random() < 0.5),
            lambda: faults.lose_prompt(),
            lambda: faults.garbage(chance.randrange(1, 100)),
            lambda: faults.storm(50),
            lambda: faults.reboot(),
            lambda: faults.forget_settings(text_mode=chance.random() < 0.5),
            lambda: faults.lose_cnmi(),
            lambda: faults.refuse(chance.choice([21, 38, 41, 304, 331, 500])),
            lambda: faults.interleave(["^RSSI: 3", "RING", '+CMTI: "SM",9', "+CREG: 1"]),
            lambda: faults.stick_prompt(),
            lambda: faults.lose_final(),
            lambda: faults.sim_busy(0.2),
        ]
    )()


@pytest.mark.parametrize("seed", range(2))
async def test_the_outcome_told_of_every_part_is_what_became_of_it(
    rig: RigMaker, seed: int
) -> None:
    chance = random.Random(seed)
    told: dict[str, type[Exception] | None] = {}
    sent_in: set[str] = set()
    async with rig(timings=TIMINGS, bank={"boot_seconds": 0.05, "seed": seed}) as r:
        await r.ready()
        for number in range(ROUNDS):
            if chance.random() < 0.35:
                strike(r, chance)
            if chance.random() < 0.3:
                text = f"in {number}"
                sent_in.add(text)
                r.bank.smsc.inject(SENDER, r.virtual.number, text)
            text = f"out {number}"
            try:
                await r.submit(text=text)
                told[text] = None
            except (NotSubmitted, SubmitRefused, SubmitAmbiguous) as error:
                told[text] = type(error)
                await asyncio.sleep(chance.uniform(0, 0.2))
        r.faults.clear()
        await r.ready(15)
        await r.submit(text="last")
        accepted = [p.text for p in r.bank.smsc.accepted]
        for text, problem in told.items():
            times = accepted.count(text)
            if problem is None:
                assert times == 1, text
            elif problem is SubmitAmbiguous:
                assert times <= 1, text
            else:
                assert times == 0, (text, problem)
        assert sum(problem is None for problem in told.values()) > 0

        def texts() -> set[str | None]:
            messages = (decode_mt(p.tpdu) for p in r.sink.of_kind(0))
            return {m.user_data.text for m in messages if isinstance(m, Deliver)}

        await r.until(lambda: sent_in <= texts(), 10)
