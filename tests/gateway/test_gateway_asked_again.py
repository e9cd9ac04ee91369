"""What waited is looked at again when it is taken for sending, if a rule wants that."""

from __future__ import annotations

from pathlib import Path

import pytest
from labs.outbox import refusal, running

from modemgw.gateway.errors import FieldProblem, Rejected, TooMany
from modemgw.gateway.outgoing.job import Job
from modemgw.modem import SubmitAmbiguous
from modemgw.store.records import ErrorInfo, MessageStatus

TO = "+447700900123"
LONG = "Twelve drummers drumming. " * 12
NO = Rejected([FieldProblem("to", "does not want it", "left-alone")])


async def test_what_is_refused_then_ends_with_the_rules_error_and_frees_the_lane(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:

        def ask(job: Job) -> None:
            if job.to == TO:
                raise NO

        lab.ask_again = ask
        refused = await lab.accept(TO, reference="mine")
        other = await lab.accept("+447700900124", text="other")
        found = await lab.message(refused)
        assert found.status is MessageStatus.FAILED
        assert found.error == ErrorInfo("left-alone", "to: does not want it", permanent=True)
        assert found.parts[0].attempts == ()
        assert (await lab.message(other)).status is MessageStatus.SENT
        assert lab.sent() == ["other"]
        assert [
            (e.type, e.data["reference"]) for e in lab.events if e.data["id"] == refused.id
        ] == [
            ("message.queued", "mine"),
            ("message.failed", "mine"),
        ]
        assert len(lab.outbox.queue.matchmaking) == 0


@pytest.mark.parametrize("wait_s", [300.0, 0.0])
async def test_what_may_not_go_yet_waits_and_is_asked_again(tmp_path: Path, wait_s: float) -> None:
    async with running(tmp_path) as lab:
        asked: list[float] = []

        def ask(job: Job) -> None:
            asked.append(lab.clock.time())
            if len(asked) == 1:
                raise TooMany("not at night", wait_s)

        lab.ask_again = ask
        message = await lab.accept(TO)
        assert (await lab.message(message)).status is MessageStatus.QUEUED
        assert len(asked) == 1, "a rule that names no time does not keep the lane busy"
        await lab.pass_time(max(wait_s, 1.0) - 0.5)
        assert lab.sent() == []
        await lab.pass_time(1)
        assert (await lab.message(message)).status is MessageStatus.SENT
        assert len(asked) == 2


async def test_each_time_that_it_is_taken_while_nothing_of_it_is_with_the_network(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        allowed = [True, False]

        def ask(job: Job) -> None:
            if not allowed.pop(0):
                raise NO

        lab.ask_again = ask
        lab.modems["m1"].script.append(refusal(42))
        message = await lab.accept(TO)
        await lab.pass_time(600)
        found = await lab.message(message)
        assert (found.status, allowed) == (MessageStatus.FAILED, [])
        assert len(found.parts[0].attempts) == 1


async def test_a_message_half_of_which_is_with_the_network_is_finished(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        asked: list[str] = []

        def ask(job: Job) -> None:
            asked.append(job.id)
            if len(asked) > 1:
                raise NO

        lab.ask_again = ask
        lab.modems["m1"].script += [lambda submit: _nothing(), refusal(42)]
        message = await lab.accept(TO, text=LONG)
        await lab.pass_time(600)
        assert (await lab.message(message)).status is MessageStatus.SENT
        assert asked == [message.id]


async def _nothing() -> None:
    return None


async def test_what_may_have_gone_out_before_ends_as_unknown(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        asked: list[str] = []

        def ask(job: Job) -> None:
            asked.append(job.id)
            if len(asked) > 1:
                raise NO

        lab.ask_again = ask
        lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
        message = await lab.accept(TO, type="otp")  # its policy is to try once more
        await lab.pass_time(500)
        found = await lab.message(message)
        assert (len(asked), found.status) == (2, MessageStatus.UNKNOWN)
        assert found.error is not None
        assert found.error.code == "left-alone"
        assert len(lab.sent()) == 1


async def test_a_rule_that_fails_loses_no_message(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        faults = [ValueError("a fault of the rule")]

        def ask(job: Job) -> None:
            if faults:
                raise faults.pop()

        lab.ask_again = ask
        message = await lab.accept(TO)
        await lab.settle()
        assert isinstance(lab.tasks["m1"].exception(), ValueError), "its keeper begins it anew"
        assert (await lab.message(message)).status is MessageStatus.QUEUED
        assert len(lab.outbox.queue.matchmaking) == 1
