"""Modems that do anything, restarts at any moment: what the network got, and what is said of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.clock import FakeClock
from labs.outbox import Lab, refusal, running

from modemgw.modem import NotSubmitted, SubmitAmbiguous, Submitted
from modemgw.sms import Submit
from modemgw.store.records import Message, MessageStatus, PartStatus

S = MessageStatus
LONG = "Nine ladies dancing, ten lords a-leaping. " * 10


class Network:
    """Takes parts, or not, and owes a report for each that it took and was asked for one."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.took: Counter[tuple[str, int]] = Counter()
        self.owed: list[tuple[str, str, int, float]] = []
        self.references: Counter[str] = Counter()

    def modem(self, lab: Lab, id: str) -> Any:
        async def behave(submit: Submit) -> Any:
            modem = lab.modems[id]
            modem.script.append(behave)
            lab.clock.now += 3
            kind = self.random.random()
            if kind < 0.08:
                return NotSubmitted("no prompt")
            if kind < 0.16:
                return refusal(self.random.choice([10, 38, 41, 42, 27]))
            if kind < 0.22:
                return SubmitAmbiguous("silent, and the network has nothing")
            to = str(submit.destination)
            concat = submit.user_data.concatenation
            self.took[to, 1 if concat is None else concat.sequence] += 1
            self.references[id] += 1
            reference = self.references[id] & 0xFF
            self.owed.append((id, to, reference, lab.clock.now))
            if kind < 0.32:
                return SubmitAmbiguous("silent, but the network has it")
            if kind < 0.36:
                await self.report(lab, self.owed.pop())
            return Submitted(reference)

        return behave

    async def report(self, lab: Lab, owed: tuple[str, str, int, float]) -> None:
        id, to, reference, at = owed
        await lab.report(id, to, reference, 0, sc_time=at)

    async def some_reports(self, lab: Lab, share: float) -> None:
        self.random.shuffle(self.owed)
        keep = []
        for owed in self.owed:
            if self.random.random() < share:
                await self.report(lab, owed)
            else:
                keep.append(owed)
        self.owed = keep


async def follow(lab: Lab, network: Network, rounds: int) -> None:
    for id, modem in lab.modems.items():
        modem.script = [network.modem(lab, id)]
        await lab.up(id)
    for _ in range(rounds):
        await lab.pass_time(network.random.choice([1, 5, 30]))
        if network.random.random() < 0.3:
            id = network.random.choice(sorted(lab.modems))
            if lab.modems[id].up.is_set():
                lab.down(id)
            else:
                await lab.up(id)
        await network.some_reports(lab, 0.2)


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_modems_do_what_is_held_is_never_doubled_and_nothing_is_misreported(
    tmp_path: Path, seed: int
) -> None:
    random, clock = Random(seed), FakeClock()
    network, sent = Network(random), list[Message]()
    policy = {"type": {"transactional": {"max_attempts": 50}}, "gateway": {"receipt_timeout": 2000}}
    for run in range(3):
        async with running(tmp_path, 3, clock=clock, ready=False, **policy) as lab:
            for n in range(6):
                to = f"+4477009{run:02d}{n:03d}"
                sent.append(await lab.accept(to, LONG if n % 2 else "short", type="transactional"))
            await follow(lab, network, 8)
            if run == 1:
                lab.store._writer.close()  # a crash: what is not committed by now is lost
    async with running(tmp_path, 3, clock=clock, ready=False, **policy) as lab:
        for id, modem in lab.modems.items():
            modem.script = [network.modem(lab, id)]
            await lab.up(id)
        for _ in range(120):
            await lab.pass_time(20)
        await network.some_reports(lab, 1.0)
        await lab.pass_time(2500)
        found = [await lab.message(m) for m in sent]
        assert len(lab.outbox.queue.matchmaking) == 0, "nothing is stuck"
    for message in found:
        taken = [network.took[message.to, part.index] for part in message.parts]
        assert message.status in (S.DELIVERED, S.SENT, S.UNKNOWN), message
        for part, count in zip(message.parts, taken, strict=True):
            assert count <= 1, f"part {part.index} was doubled: {message}"
            if part.status in (PartStatus.SENT, PartStatus.DELIVERED):
                assert count == 1, message
            else:
                assert part.status is PartStatus.AMBIGUOUS
        if message.status is S.DELIVERED:
            assert all(taken)
    assert any(m.status is S.DELIVERED for m in found)


@pytest.mark.parametrize("seed", range(5))
async def test_an_otp_is_doubled_at_most_once_and_says_so(tmp_path: Path, seed: int) -> None:
    random = Random(100 + seed)
    network, sent = Network(random), list[Message]()
    async with running(tmp_path, 2, ready=False) as lab:
        sent = [await lab.accept(f"+447700900{n:03d}", "1234", type="otp") for n in range(20)]
        await follow(lab, network, 10)
        for id in lab.modems:
            await lab.up(id)
        for _ in range(30):
            await lab.pass_time(20)
        found = [await lab.message(m) for m in sent]
        assert len(lab.outbox.queue.matchmaking) == 0
    for message in found:
        count = network.took[message.to, 1]
        assert count <= 2
        if count == 2:
            assert any(a.duplicate_risk for a in message.parts[0].attempts)
        doubts = [a for a in message.parts[0].attempts if a.state == "ambiguous"]
        assert len(doubts) <= 2


async def test_an_outbox_that_stops_leaves_no_task_behind(tmp_path: Path) -> None:
    before = len(asyncio.all_tasks())
    async with running(tmp_path, 2) as lab:
        for n in range(50):
            await lab.accept(f"+447700900{n:03d}")
        await lab.settle()
    assert len(asyncio.all_tasks()) == before
