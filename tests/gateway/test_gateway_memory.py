"""What the queue keeps in memory: a message that is over leaves at once, with its text."""

from __future__ import annotations

import gc
from collections.abc import Sized
from pathlib import Path

from labs.outbox import Lab, running
from test_gateway_matchmaking import job

from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.matchmaking import AGED_TURN
from modemgw.modem import SubmitAmbiguous

TO = "+447700900123"


def _known_texts(lab: Lab) -> set[str]:
    """The texts of every job that anything still holds."""
    gc.collect()
    return {str(o.content.text) for o in gc.get_objects() if isinstance(o, Job)}


async def test_what_is_canceled_leaves_memory_at_once_with_its_text(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        year = lab.clock.now + 360 * 86400
        canceled = [
            await lab.accept(text="scheduled", send_at=year),
            await lab.accept(text="queued"),
            await lab.accept(text="pinned", modem="m1"),
        ]
        await lab.accept(text="stays", send_at=year)
        await lab.settle()
        assert {"scheduled", "queued", "pinned", "stays"} <= _known_texts(lab)
        for message in canceled:
            n = await lab.store.read(lambda view, id=message.id: view.messages.number_of(id))  # type: ignore[misc]
            assert n is not None
            await lab.outbox.cancel(n)
        await lab.settle()
        assert _known_texts(lab) & {"scheduled", "queued", "pinned", "stays"} == {"stays"}


async def test_what_a_report_has_settled_leaves_memory_at_once(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(SubmitAmbiguous("no answer"))
        await lab.accept(text="in doubt")
        await lab.settle()
        assert "in doubt" in _known_texts(lab)
        await lab.report("m1", TO, 7)
        await lab.settle()
        assert "in doubt" not in _known_texts(lab)


async def test_entries_of_what_was_canceled_do_not_pile_up(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        core = lab.outbox.queue.matchmaking
        for n in range(3000):
            for at in (lab.clock.now + 86400, lab.clock.now):
                one = job(10_000 + n, due_at=at)
                core.add(one, lab.clock.now)
                core.remove(one)
        waiting = core._waiting
        heaps: list[Sized] = [waiting._delayed, waiting._held, waiting._expiring]
        heaps += [h for by in waiting.buckets.values() for b in by.values() for h in b.heaps]
        assert sum(map(len, heaps)) < 5000


async def test_a_scheduled_message_is_aged_a_minute_after_it_was_due(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        await lab.accept(text="promotion", type="promotional", send_at=lab.clock.now + 600)
        await lab.pass_time(601)
        core = lab.outbox.queue.matchmaking
        lane = core.lane("m1")
        lane.ready, lane.turn = True, AGED_TURN - 1
        await lab.accept(text="code", type="otp")
        await lab.settle()
        best = core._best(lane, lab.clock.now)
        assert best is not None
        assert best.type == "otp", "it has waited for a second only"
        best = core._best(lane, lab.clock.now + 60)
        assert best is not None
        assert best.type == "promotional"
