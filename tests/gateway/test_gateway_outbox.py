"""What becomes of a part that was not simply accepted, and what a restart makes of it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from labs.clock import START, FakeClock
from labs.outbox import refusal, running, sim_in
from labs.raw_sql import raw

from modemgw.config import Limits
from modemgw.gateway.errors import Conflict
from modemgw.gateway.outgoing import life
from modemgw.modem import NotSubmitted, SimIdentity, SubmitAmbiguous
from modemgw.store import StoreUnavailable, View
from modemgw.store.records import AttemptState, MessageStatus, PartStatus

TO = "+447700900123"
LONG = "Twelve drummers drumming. " * 12


async def test_a_message_is_sent_and_its_report_delivers_it(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        message = await lab.accept(TO, "hello")
        assert (await lab.message(message)).status is MessageStatus.SENT
        await lab.report("m1", TO, 0)
        assert (await lab.message(message)).status is MessageStatus.DELIVERED
        assert [e.type for e in lab.events] == [
            "message.queued",
            "message.sent",
            "message.delivered",
        ]


async def test_nothing_is_typed_into_a_modem_before_the_attempt_is_committed(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:

        async def look(submit: object) -> None:
            other = sqlite3.connect(lab.store.path)
            states = other.execute("SELECT state FROM attempts").fetchall()
            other.close()
            seen.append(states)

        seen: list[list[tuple[str]]] = []
        lab.modems["m1"].script.append(look)
        await lab.message(await lab.accept())
        assert seen == [[("submitting",)]]


async def test_a_full_disk_sends_nothing_and_makes_nothing_ambiguous(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, ready=False) as lab:
        message = await lab.accept()
        write = lab.store.write

        def full(work, *, keep=False, then=None):
            if keep:
                return write(work, keep=True, then=then)
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreUnavailable("the disk is full"))
            return failed

        monkeypatch.setattr(lab.store, "write", full)
        await lab.up("m1")
        for _ in range(20):
            await asyncio.sleep(0)
        monkeypatch.undo()
        assert lab.sent() == []
        assert (await lab.message(message)).status is MessageStatus.QUEUED
        await lab.pass_time(5)
        assert lab.sent() == ["hello"]
        assert (await lab.message(message)).status is MessageStatus.SENT


async def test_a_report_that_came_before_the_doubt_settles_it(tmp_path: Path) -> None:
    """The network had the part, the modem never says so, and the report is quicker than our
    patience: it must be found when the attempt becomes ambiguous, and nothing is sent again."""
    async with running(tmp_path) as lab:

        async def report_then_silence(submit: object) -> Exception:
            await lab.report("m1", TO, 77)
            return SubmitAmbiguous("no answer")

        lab.modems["m1"].script.append(report_then_silence)
        message = await lab.accept(TO, "hello", type="otp")
        assert (await lab.message(message)).status is MessageStatus.DELIVERED
        await lab.pass_time(300)
        assert lab.sent() == ["hello"]
        assert len(lab.outbox.queue.matchmaking) == 0


async def test_a_report_that_came_before_a_crash_settles_the_doubt_at_the_next_start(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:

        async def report_then_crash(submit: object) -> None:
            await lab.report("m1", TO, 77)
            crashed.set()
            await asyncio.Event().wait()

        crashed = asyncio.Event()
        lab.modems["m1"].script.append(report_then_crash)
        message = await lab.accept(TO, "hello")
        await crashed.wait()
        lab.store._writer.close()  # what is written from here on is lost, as in a crash
    clock.now += 3600
    async with running(tmp_path, clock=clock) as lab:
        assert (await lab.message(message)).status is MessageStatus.DELIVERED
        await lab.pass_time(7 * 86400)
        assert lab.sent() == []


@pytest.mark.parametrize("text", ["hello", LONG])
async def test_a_report_on_its_way_into_the_store_is_not_overruled_by_the_end_of_patience(
    tmp_path: Path, text: str
) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
        message = await lab.accept(TO, text)
        await lab.settle()
        gate = threading.Event()
        lab.store.write(lambda tx: gate.wait(10) and None)
        report = asyncio.create_task(lab.report("m1", TO, 200))
        await asyncio.sleep(0)
        lab.clock.now += 4 * 86400
        lab.outbox.queue._on_timer()
        gate.set()
        assert await report is not None
        found = await lab.message(message)
        assert found.status in (MessageStatus.DELIVERED, MessageStatus.SENT)
        assert found.error is None
        assert "message.unknown" not in [e.type for e in lab.events]


async def test_hold_waits_for_word_and_then_says_unknown(tmp_path: Path) -> None:
    async with running(tmp_path, gateway={"receipt_timeout": 1000}) as lab:
        lab.modems["m1"].script.append(SubmitAmbiguous("no answer"))
        message = await lab.accept(TO, "hello", type="transactional")
        found = await lab.message(message)
        assert found.status is MessageStatus.SENDING
        assert found.parts[0].status is PartStatus.AMBIGUOUS
        await lab.pass_time(999)
        assert (await lab.message(message)).status is MessageStatus.SENDING
        await lab.pass_time(2)
        found = await lab.message(message)
        assert found.status is MessageStatus.UNKNOWN
        assert found.error is not None
        assert found.error.code == "no-word"
        assert lab.sent() == ["hello"]


async def test_retry_sends_once_more_and_shows_that_it_may_be_doubled(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script += [SubmitAmbiguous("silent"), SubmitAmbiguous("silent")]
        message = await lab.accept(TO, "123456", type="otp")
        await lab.pass_time(59)
        assert lab.sent() == ["123456"]
        await lab.pass_time(2)
        assert lab.sent() == ["123456"] * 2
        risks = [a.duplicate_risk for a in (await lab.message(message)).parts[0].attempts]
        assert risks == [False, True]
        await lab.pass_time(120)
        assert lab.sent() == ["123456"] * 2
        assert (await lab.message(message)).status is MessageStatus.UNKNOWN


async def test_what_fails_after_a_doubt_is_unknown_not_failed(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script += [SubmitAmbiguous("silent"), refusal(1)]
        message = await lab.accept(TO, "123456", type="otp")
        await lab.pass_time(61)
        found = await lab.message(message)
        assert found.status is MessageStatus.UNKNOWN
        assert found.error is not None
        assert found.error.code == "cms-1"


async def crashed_in_the_air(tmp_path: Path, clock: FakeClock, type: str):
    async with running(tmp_path, clock=clock) as lab:

        async def crash(submit: object) -> None:
            crashed.set()
            await asyncio.Event().wait()

        crashed = asyncio.Event()
        lab.modems["m1"].script.append(crash)
        message = await lab.accept(TO, "hello", type=type)
        await crashed.wait()
        lab.store._writer.close()
    return message


async def test_after_a_crash_in_the_air_retry_still_sends_once_more(tmp_path: Path) -> None:
    clock = FakeClock()
    message = await crashed_in_the_air(tmp_path, clock, "otp")
    async with running(tmp_path, clock=clock) as lab:
        assert lab.found is not None
        assert lab.found.interrupted == 1
        assert (await lab.message(message)).parts[0].status is PartStatus.AMBIGUOUS
        await lab.pass_time(61)
        found = await lab.message(message)
        assert lab.sent() == ["hello"]
        assert found.status is MessageStatus.SENT
        assert [a.duplicate_risk for a in found.parts[0].attempts] == [False, True]


async def test_a_retry_that_was_made_before_the_crash_is_not_made_again(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:
        lab.modems["m1"].script += [SubmitAmbiguous("silent"), SubmitAmbiguous("silent")]
        message = await lab.accept(TO, "hello", type="otp")
        await lab.pass_time(61)
        assert len(lab.sent()) == 2
    async with running(tmp_path, clock=clock) as lab:
        await lab.pass_time(61)
        assert lab.sent() == []
        assert (await lab.message(message)).status is MessageStatus.UNKNOWN


async def test_after_a_crash_in_the_air_hold_sends_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    message = await crashed_in_the_air(tmp_path, clock, "transactional")
    async with running(tmp_path, clock=clock, gateway={"receipt_timeout": 1000}) as lab:
        await lab.pass_time(1001)
        assert lab.sent() == []
        assert (await lab.message(message)).status is MessageStatus.UNKNOWN


async def test_restarts_do_not_prolong_the_wait_for_word(tmp_path: Path) -> None:
    clock = FakeClock()
    message = await crashed_in_the_air(tmp_path, clock, "transactional")
    for _ in range(3):
        async with running(tmp_path, clock=clock, gateway={"receipt_timeout": 1000}) as lab:
            await lab.pass_time(400)
            status = (await lab.message(message)).status
    assert status is MessageStatus.UNKNOWN


async def test_a_late_report_of_the_first_try_stops_the_second_that_still_waits(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
        message = await lab.accept(TO, "hello", type="otp")
        await lab.settle()
        lab.down("m1")
        await lab.pass_time(61)  # now it waits to be sent once more, and nobody can
        await lab.report("m1", TO, 9, sc_time=START)
        await lab.up("m1")
        await lab.pass_time(10)
        assert lab.sent() == ["hello"]
        assert (await lab.message(message)).status is MessageStatus.DELIVERED
        assert len(lab.outbox.queue.matchmaking) == 0


async def test_delivery_of_the_first_try_counts_though_a_second_was_made(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script += [SubmitAmbiguous("silent"), refusal(21)]
        message = await lab.accept(TO, "hello", type="otp")
        await lab.pass_time(61)
        assert len(lab.sent()) == 2
        await lab.report("m1", TO, 9, sc_time=START)
        found = await lab.message(message)
        assert found.status is MessageStatus.DELIVERED
        assert found.parts[0].status is PartStatus.DELIVERED


async def test_a_permanent_refusal_fails_the_message_at_once(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(refusal(1))
        message = await lab.accept()
        found = await lab.message(message)
        assert found.status is MessageStatus.FAILED
        assert found.error is not None
        assert found.error.code == "cms-1"
        assert found.error.permanent
        assert len(lab.outbox.queue.matchmaking) == 0


async def test_a_refusal_of_the_sim_goes_to_another_sim_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, 2) as lab:
        for modem in lab.modems.values():
            modem.script.append(refusal(10))
            break
        message = await lab.accept()
        await lab.pass_time(0)
        found = await lab.message(message)
        assert found.status is MessageStatus.SENT
        assert [a.modem for a in found.parts[0].attempts] == ["m1", "m2"]


async def test_a_port_lost_before_the_pdu_costs_no_try_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, type={"transactional": {"max_attempts": 1}}) as lab:
        lab.modems["m1"].script += [NotSubmitted("no prompt")] * 3
        message = await lab.accept()
        for _ in range(3):
            await lab.pass_time(2)
        found = await lab.message(message)
        assert found.status is MessageStatus.SENT
        assert [a.state for a in found.parts[0].attempts] == [
            *[AttemptState.NOT_SENT] * 3,
            AttemptState.ACCEPTED,
        ]


async def test_what_was_not_sent_does_not_use_up_the_limits(tmp_path: Path) -> None:
    async with running(tmp_path, sim_limits={"per_day": 3}) as lab:
        lab.modems["m1"].script += [NotSubmitted("no prompt")] * 5
        message = await lab.accept()
        for _ in range(6):
            await lab.pass_time(2)
        assert (await lab.message(message)).status is MessageStatus.SENT


async def test_a_long_message_goes_out_once_part_by_part(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        message = await lab.accept(TO, LONG)
        found = await lab.message(message)
        assert found.status is MessageStatus.SENT
        assert "".join(lab.sent()) == LONG
        for reference in range(len(found.parts)):
            assert (await lab.message(message)).status is MessageStatus.SENT
            await lab.report("m1", TO, reference)
        assert (await lab.message(message)).status is MessageStatus.DELIVERED


async def test_the_rest_of_a_long_message_follows_its_sim_then_starts_over(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, 2) as lab:
        first = lab.modems["m1"]

        async def leave(submit: object) -> None:
            lab.down("m1")

        first.script += [leave, NotSubmitted("gone")]
        message = await lab.accept(TO, LONG, modem=None)
        await lab.settle()
        carrier = [m for m in lab.modems.values() if m.sent]
        assert len(carrier) == 1
        other = next(m for m in lab.modems.values() if m is not carrier[0])
        await lab.pass_time(200)
        assert other.sent == []
        await lab.pass_time(700)
        await lab.pass_time(700)
        assert "".join(str(s.user_data.text) for s in other.sent) == LONG
        found = await lab.message(message)
        assert found.status is MessageStatus.SENT
        assert found.parts[0].attempts[-1].duplicate_risk


async def test_expiry_while_waiting_is_told(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        message = await lab.accept(TO, "hello", validity_s=60)
        await lab.pass_time(61)
        found = await lab.message(message)
        assert found.status is MessageStatus.EXPIRED
        assert found.parts[0].status is PartStatus.EXPIRED
        await lab.up("m1")
        await lab.pass_time(1)
        assert lab.sent() == []


async def test_a_scheduled_message_waits_and_is_told_when_it_is_due(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        message = await lab.accept(TO, "hello", send_at=START + 100)
        assert (await lab.message(message)).status is MessageStatus.SCHEDULED
        await lab.pass_time(101)
        assert (await lab.message(message)).status is MessageStatus.QUEUED
        assert [e.type for e in lab.events] == ["message.queued"]


async def test_a_scheduled_message_that_fell_due_while_down_is_queued_at_the_start(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock, ready=False) as lab:
        message = await lab.accept(TO, "hello", send_at=START + 100)
    clock.now += 200
    async with running(tmp_path, clock=clock, ready=False) as lab:
        assert (await lab.message(message)).status is MessageStatus.QUEUED


async def test_cancel_before_sending_and_not_after(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        message = await lab.accept()
        other = await lab.accept(text="other")
        await lab.outbox.cancel(1)
        assert (await lab.message(message)).status is MessageStatus.CANCELED
        with pytest.raises(Conflict):
            await lab.outbox.cancel(1)
        await lab.up("m1")
        assert (await lab.message(other)).status is MessageStatus.SENT
        with pytest.raises(Conflict):
            await lab.outbox.cancel(2)
        assert lab.sent() == ["other"]
        assert [e.type for e in lab.events].count("message.canceled") == 1


async def test_what_was_only_refused_so_far_can_be_canceled(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script = [refusal(42)]
        message = await lab.accept()
        assert (await lab.message(message)).status is MessageStatus.SENDING
        await lab.outbox.cancel(1)
        canceled = await lab.message(message)
        assert canceled.status is MessageStatus.CANCELED
        assert canceled.parts[0].status == "canceled"
        await lab.pass_time(3600)
        assert lab.sent() == ["hello"], "the refused try is the only one"


async def test_what_may_have_gone_out_cannot_be_canceled(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script += [SubmitAmbiguous("silent"), refusal(42)]
        await lab.accept(type="otp")
        with pytest.raises(Conflict):
            await lab.outbox.cancel(1)
        await lab.pass_time(61)  # refused since, but the first try may have gone out
        assert len(lab.sent()) == 2
        with pytest.raises(Conflict):
            await lab.outbox.cancel(1)
        await lab.pass_time(120)
        assert len(lab.sent()) == 3, "it goes on as if nobody had asked"


async def test_what_is_over_cannot_be_canceled_whatever_the_queue_believes(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(refusal(1))
        message = await lab.accept()
        assert (await lab.message(message)).status is MessageStatus.FAILED
        subject = life.Subject(1, message.id, None)
        refused = await lab.store.write(lambda tx: life.move(tx, subject, life.Happening.CANCELED))
        assert refused is None
        assert (await lab.message(message)).status is MessageStatus.FAILED


async def test_a_cancel_whose_caller_left_is_still_a_cancel(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        message = await lab.accept()
        task = asyncio.create_task(lab.outbox.cancel(1))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await lab.up("m1")
        status = (await lab.message(message)).status
        assert (status, lab.sent()) in (
            (MessageStatus.CANCELED, []),
            (MessageStatus.SENT, ["hello"]),
        )


async def test_an_accepted_message_is_sent_though_its_caller_left(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        task = asyncio.create_task(lab.accept())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await lab.settle()
        rows = await lab.store.read(
            lambda view: raw(view).execute("SELECT status FROM messages").fetchall()
        )
        assert rows == [("sent",)]


async def test_draining_ends_lanes_whose_modem_is_absent(tmp_path: Path) -> None:
    async with running(tmp_path, 2, ready=False) as lab:
        await lab.up("m2")
        await lab.settle()
        lab.outbox.lanes.drain()
        done, running_ = await asyncio.wait(lab.tasks.values(), timeout=1)
        assert not running_
        assert all(task.exception() is None for task in done)


async def test_draining_finishes_the_part_in_the_air_and_a_restart_sends_the_rest(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:

        async def drain(submit: object) -> None:
            lab.outbox.lanes.drain()

        lab.modems["m1"].script.append(drain)
        message = await lab.accept(TO, LONG)
        await asyncio.wait(lab.tasks.values(), timeout=1)
        first = lab.sent()
        assert len(first) == 1
        found = await lab.message(message)
        assert [p.status for p in found.parts][:2] == [PartStatus.SENT, PartStatus.QUEUED]
    async with running(tmp_path, clock=clock) as lab:
        await lab.settle()
        assert "".join(first + lab.sent()) == LONG
        assert (await lab.message(message)).status is MessageStatus.SENT


async def test_a_network_that_refuses_validity_and_receipts_gets_the_part_without(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(refusal(198))
        message = await lab.accept()
        assert (await lab.message(message)).status is MessageStatus.SENT
        first, second = lab.modems["m1"].sent
        assert (first.validity is None, first.status_report_request) == (False, True)
        assert (second.validity is None, second.status_report_request) == (True, False)


async def test_a_barred_sim_is_taken_out_probed_and_told_of(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script += [refusal(8)] * 4
        for n in range(6):
            await lab.accept(f"+44770090010{n}")
        await lab.pass_time(1)
        assert len(lab.modems["m1"].sent) == 4, "hammering on would prolong the block"
        await lab.pass_time(901)
        assert len(lab.modems["m1"].sent) > 4

        def told(view: View) -> list[str]:
            rows = raw(view).execute("SELECT type FROM events WHERE type LIKE 'sim.%' ORDER BY id")
            return [row[0] for row in rows]

        assert await lab.store.read(told) == ["sim.blocked", "sim.restored"]


@pytest.mark.parametrize("last", ["another SIM", "none"])
async def test_a_sim_that_was_changed_while_its_use_was_counted_has_no_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    async with running(tmp_path, ready=False) as lab:
        gate, of = asyncio.Event(), lab.outbox._sims.of

        async def slow_for_the_first(sim: str, limits: Limits) -> object:
            if sim == "first":
                await gate.wait()
            return await of(sim, limits)

        monkeypatch.setattr(lab.outbox._sims, "of", slow_for_the_first)
        first = asyncio.create_task(lab.outbox.lanes.set_ready("m1", SimIdentity("first")))
        await asyncio.sleep(0)
        lab.outbox.lanes.set_unready("m1")
        if last == "another SIM":
            await lab.outbox.lanes.set_ready("m1", SimIdentity("second"))
        gate.set()
        await first
        lane = lab.outbox.queue.matchmaking.lane("m1")
        assert (lane.ready, lane.iccid) == (
            (True, "second") if last == "another SIM" else (False, None)
        )


# --- what counts


@pytest.mark.parametrize("limit", ["per_day", "unique_recipients_per_month"])
async def test_after_a_restart_a_sim_has_used_what_it_had_used_before(
    tmp_path: Path, limit: str
) -> None:
    """Whatever became of a part: one in doubt counts, so does one that was told as taken."""
    clock = FakeClock()
    async with running(tmp_path, clock=clock, sim_limits={limit: 9}) as lab:
        lab.modems["m1"].script += [
            SubmitAmbiguous("no answer"),
            refusal(197),  # the service centre has it: so the modem tells no TP-MR
            SubmitAmbiguous("no answer"),
            NotSubmitted("no prompt"),
        ]
        for n in range(5):
            await lab.accept(f"+44770090020{n}")
            await lab.settle()
        await lab.report("m1", "+447700900200", 9)
        await lab.pass_time(5)
        before = sim_in(lab.outbox.queue.matchmaking.lane("m1")).plan
        assert len(lab.sent()) == 6
    clock.now += 1
    async with running(tmp_path, clock=clock, sim_limits={limit: 9}) as lab:
        after = sim_in(lab.outbox.queue.matchmaking.lane("m1")).plan
        assert after._starts == before._starts
        assert set(after._written) == set(before._written)
        assert len(after._starts) == 5
