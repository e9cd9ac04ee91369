"""The machine's clock is set, both ways, in the middle of every policy that has to do with time.

Durations go on as if nothing had been done, what has a date goes by the clock as it is now, and
what was sent stays counted: also over a restart, and when rows are dated later than now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.outbox import Lab, refusal, running, sim_in
from labs.raw_sql import raw
from labs.waiting import until
from test_gateway_handlers import pending_for

from modemgw.config import RateLimits, parse
from modemgw.gateway import Gateway, NotFound, TooMany
from modemgw.gateway.admission.quota import Quota
from modemgw.gateway.upkeep.retention import Housekeeping
from modemgw.modem import SubmitAmbiguous
from modemgw.store import Transaction, View
from modemgw.store.records import Inbound, MessageStatus, NewMessage
from modemgw.store.sqlite import FILE_NAME, SqliteStore

TO = "+447700900123"
DAY = 86400.0
YEAR = 365 * DAY
STEPS = [2.0, -2.0, 45.0, -45.0, 900.0, -900.0, 26 * 3600.0, -26 * 3600.0, YEAR, -YEAR]
MIDNIGHT = START - START % DAY + DAY


async def wait(lab: Lab, seconds: float) -> None:
    """Let time pass in small steps, as it does."""
    for _ in range(4):
        await lab.pass_time(seconds / 4)


async def set_clock(lab: Lab, by: float) -> None:
    """Somebody sets the clock; it is noticed at the queue's next timer."""
    lab.clock.set(by)
    await lab.pass_time(0)
    await lab.pass_time(0)


# --- durations


async def a_minute_s_limit(lab: Lab, step: float) -> None:
    for _ in range(4):
        await lab.accept()
    await lab.settle()
    assert len(lab.sent()) == 2
    await set_clock(lab, step)
    await wait(lab, 58)
    assert len(lab.sent()) == 2
    await wait(lab, 4)
    assert len(lab.sent()) == 4


async def the_pause_between_messages(lab: Lab, step: float) -> None:
    for _ in range(2):
        await lab.accept()
    await lab.settle()
    await set_clock(lab, step)
    await wait(lab, 28)
    assert len(lab.sent()) == 1
    await wait(lab, 4)
    assert len(lab.sent()) == 2


async def a_barred_sim_s_rest(lab: Lab, step: float) -> None:
    lab.modems["m1"].script += [refusal(8) for _ in range(4)]
    for n in range(4):
        await lab.accept(f"+44770090010{n}")
    for _ in range(6):
        await wait(lab, 120)
    assert len(lab.sent()) == 4
    waiting = len(lab.outbox.queue.matchmaking)
    blocked_for = (
        sim_in(lab.outbox.queue.matchmaking.lane("m1")).breaker.probe_at - lab.outbox.clock.time()
    )
    assert blocked_for > 100
    await set_clock(lab, step)
    await wait(lab, blocked_for - 3)
    assert len(lab.sent()) == 4
    await wait(lab, 8)
    assert len(lab.sent()) > 4, waiting


async def the_wait_after_a_refusal(lab: Lab, step: float) -> None:
    lab.modems["m1"].script.append(refusal(42))
    message = await lab.accept()
    await lab.settle()
    await set_clock(lab, step)
    await lab.pass_time(3)
    assert len(lab.sent()) == 1
    await wait(lab, 1100)
    assert (await lab.message(message)).status is MessageStatus.SENT


async def the_wait_of_an_ambiguous_code(lab: Lab, step: float) -> None:
    lab.modems["m1"].script.append(SubmitAmbiguous("no answer"))
    await lab.accept(type="otp")
    await lab.settle()
    await set_clock(lab, step)
    await wait(lab, 57)
    assert len(lab.sent()) == 1
    await wait(lab, 6)
    assert len(lab.sent()) == 2


async def the_validity_of_what_waits(lab: Lab, step: float) -> None:
    lab.down("m1")
    first = await lab.accept(validity_s=600)
    await set_clock(lab, step)
    second = await lab.accept(validity_s=600)
    await wait(lab, 590)
    assert (await lab.message(first)).status is MessageStatus.QUEUED
    await wait(lab, 20)
    assert (await lab.message(first)).status is MessageStatus.EXPIRED
    assert (await lab.message(second)).status is MessageStatus.EXPIRED


async def the_validity_that_goes_out(lab: Lab, step: float) -> None:
    lab.down("m1")
    await lab.accept(validity_s=3600)
    await set_clock(lab, step)
    await lab.up("m1")
    await lab.settle()
    (submit,) = lab.modems["m1"].sent
    assert submit.validity is not None
    assert submit.validity.seconds == 3600


async def the_rest_of_a_long_message(lab: Lab, step: float) -> None:
    """It follows its first parts for five minutes, then begins anew elsewhere."""
    lab.modems["m1"].script += [lambda _: _ok(1), refusal(42)]
    message = await lab.accept(text="Twelve drummers drumming. " * 10)
    await lab.settle()
    lab.down("m1")
    await lab.up("m2")
    await set_clock(lab, step)
    await wait(lab, 280)
    assert lab.modems["m2"].sent == []
    for _ in range(5):  # and the wait after the refusal
        await wait(lab, 120)
    assert len(lab.modems["m2"].sent) == 2
    assert (await lab.message(message)).status is MessageStatus.SENT


async def _ok(reference: int) -> None:
    return None


Scenario = Callable[[Lab, float], Awaitable[None]]
DURATIONS: list[tuple[Scenario, dict[str, Any]]] = [
    (a_minute_s_limit, {"sim_limits": {"per_minute": 2}}),
    (the_pause_between_messages, {"sim_limits": {"min_interval": 30}}),
    (a_barred_sim_s_rest, {}),
    (the_wait_after_a_refusal, {}),
    (the_wait_of_an_ambiguous_code, {}),
    (the_validity_of_what_waits, {}),
    (the_validity_that_goes_out, {}),
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("scenario", "config"), DURATIONS, ids=lambda v: getattr(v, "__name__", "")
)
async def test_durations_go_on_while_the_clock_is_set(
    tmp_path: Path, scenario: Scenario, config: dict[str, Any], step: float
) -> None:
    async with running(tmp_path, **config) as lab:
        await scenario(lab, step)


@pytest.mark.parametrize("step", STEPS)
async def test_the_rest_of_a_long_message_waits_as_long_as_ever(
    tmp_path: Path, step: float
) -> None:
    async with running(tmp_path, 2, ready=False) as lab:
        await lab.up("m1")
        await the_rest_of_a_long_message(lab, step)


# --- what has a date


async def test_what_is_scheduled_goes_by_the_clock_as_it_is_set(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        early = await lab.accept(send_at=lab.clock.time() + 3600, validity_s=600)
        late = await lab.accept(send_at=lab.clock.time() + 2 * YEAR / 4, validity_s=600)
        await set_clock(lab, -DAY)
        await wait(lab, 3700)
        assert (await lab.message(early)).status is MessageStatus.SCHEDULED
        await set_clock(lab, DAY - 3700)
        await wait(lab, 3500)
        assert (await lab.message(early)).status is MessageStatus.SCHEDULED
        await wait(lab, 200)
        assert (await lab.message(early)).status is MessageStatus.SENT
        await set_clock(lab, YEAR / 2 - 3700)
        assert (await lab.message(late)).status is MessageStatus.SENT


async def test_a_step_back_over_midnight_keeps_the_day_s_count(tmp_path: Path) -> None:
    clock = FakeClock(MIDNIGHT - 3600)
    limits = {"per_day": 5, "per_month": 100}
    async with running(tmp_path, clock=clock, sim_limits=limits) as lab:
        for _ in range(4):
            await lab.accept()
        await wait(lab, 3600 + 120)  # a new day
        await lab.accept()
        await lab.settle()
        assert len(lab.sent()) == 5
        await set_clock(lab, -600)  # and it is the old one again, with five sent
        await lab.accept()
        await wait(lab, 300)
        assert len(lab.sent()) == 5
        await wait(lab, 300)
        assert len(lab.sent()) == 6
    async with running(tmp_path, clock=clock, sim_limits={"per_day": 1}) as lab:
        await lab.accept()
        await wait(lab, 3600)
        assert lab.sent() == [], "the new day has had its one"


@pytest.mark.parametrize("again", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("step", [YEAR, -YEAR, 26 * 3600.0, -26 * 3600.0, 3 * DAY, -3 * DAY])
async def test_a_day_s_count_is_kept_and_holds_for_a_day_only(
    tmp_path: Path, step: float, again: bool
) -> None:
    """Sent by a wrong clock; then the right time is set."""
    clock = FakeClock(MIDNIGHT - DAY / 2)
    clock.set(-step)
    limits = {"per_day": 3, "per_hour": 3, "per_minute": 3, "min_interval": 10, "per_month": 9}
    more: dict[str, Any] = {"sim_limits": limits}
    async with running(tmp_path, clock=clock, **more) as lab:
        for _ in range(3):
            await lab.accept()
        await wait(lab, 60)
        assert len(lab.sent()) == 3
        await set_clock(lab, step)
        for _ in range(3):
            await lab.accept()
        if not again:
            await wait(lab, DAY / 2 - 200)
            assert len(lab.sent()) == 3
            await wait(lab, 400)
            assert len(lab.sent()) == 6
            return
    async with running(tmp_path, clock=clock, **more) as lab:
        await wait(lab, DAY / 2 - 200)
        assert lab.sent() == []
        await wait(lab, 400)
        assert len(lab.sent()) == 3


@pytest.mark.parametrize("ahead", [YEAR, 40 * DAY, 26 * 3600.0, 1800.0])
async def test_what_a_clock_that_was_ahead_has_left_holds_a_limit_for_a_day_at_the_most(
    tmp_path: Path, ahead: float
) -> None:
    """The clock is right again at the next start: nobody can say how far off it was."""
    clock = FakeClock(MIDNIGHT - DAY / 2)
    more: dict[str, Any] = {"sim_limits": {"per_day": 2, "per_hour": 2, "min_interval": 5}}
    clock.set(ahead)
    async with running(tmp_path, clock=clock, **more) as lab:
        for _ in range(2):
            await lab.accept()
        await wait(lab, 60)
        assert len(lab.sent()) == 2
    clock.set(-ahead)
    async with running(tmp_path, clock=clock, **more) as lab:
        await lab.accept()
        await wait(lab, 3700)
        assert lab.sent() == [], "they count for this day"
    clock.now = MIDNIGHT + 3600
    for _ in range(3):  # and not anew with each start
        async with running(tmp_path, clock=clock, **more) as lab:
            await lab.accept()
            await wait(lab, 10)
            assert len(lab.sent()) in (1, 2), "the next day is not theirs"
        clock.now += DAY


async def test_history_counts_by_its_distances_where_the_clock_is_behind(tmp_path: Path) -> None:
    """A board without a battery starts in the past: all that it has sent seems to be to come."""
    clock = FakeClock()
    more: dict[str, Any] = {"sim_limits": {"per_day": 4}}
    async with running(tmp_path, clock=clock, **more) as lab:
        for _ in range(10):
            await lab.accept()
            await wait(lab, DAY)
        assert len(lab.sent()) == 10
    clock.set(-20 * YEAR)
    async with running(tmp_path, clock=clock, **more) as lab:
        await lab.accept()
        await lab.settle()
        assert len(lab.sent()) == 1, "one of them may be of this day, not ten"
        await set_clock(lab, 20 * YEAR)
        for _ in range(3):
            await lab.accept()
        await lab.settle()
        assert len(lab.sent()) == 4


async def test_what_was_accepted_by_a_clock_that_was_ahead_goes_out_at_the_next_start(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    clock.set(YEAR)
    async with running(tmp_path, clock=clock, ready=False) as lab:
        message = await lab.accept(validity_s=600)
        stale = await lab.accept(validity_s=600, modem="m1")
        await lab.settle()
    clock.set(-YEAR)
    async with running(tmp_path, clock=clock, ready=False) as lab:
        lab.outbox.queue.matchmaking.change_lane("m1", routes=("default",), weight=1)
        await lab.up("m1")
        assert (await lab.message(message)).status is MessageStatus.SENT
        assert (await lab.message(stale)).status is MessageStatus.SENT
    async with running(tmp_path, clock=clock, ready=False) as lab:
        waits = await lab.accept(validity_s=600)
        await wait(lab, 620)
        assert (await lab.message(waits)).status is MessageStatus.EXPIRED


async def test_a_receipt_finds_its_part_after_the_clock_was_set(tmp_path: Path) -> None:
    for n, step in enumerate((YEAR, -YEAR, 3600.0, -3600.0)):
        directory = tmp_path / str(n)
        directory.mkdir()
        async with running(directory) as lab:
            known = await lab.accept()
            await lab.settle()
            await lab.report("m1", TO, 0)  # now the service centre's clock is known
            lab.modems["m1"].script.append(SubmitAmbiguous("no answer"))
            doubtful = await lab.accept()
            await lab.settle()
            centre = lab.clock.time()
            await set_clock(lab, step)
            await lab.report("m1", TO, 1, sc_time=centre)
            assert (await lab.message(known)).status is MessageStatus.DELIVERED
            assert (await lab.message(doubtful)).status is MessageStatus.DELIVERED


# --- recipients and keys


class StillClock(FakeClock):
    """One that does not move for those who sleep."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize("again", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("step", [YEAR, -YEAR, 26 * 3600.0, -26 * 3600.0, 300.0, -300.0])
@pytest.mark.parametrize("limits", ["recipient_limits", "key_limits"])
async def test_limits_of_recipients_and_keys_hold_as_long_as_ever(
    tmp_path: Path, step: float, again: bool, limits: str
) -> None:
    clock = StillClock()
    config = parse({"gateway": {"data_dir": str(tmp_path)}, limits: {"per_hour": 3}})
    new = NewMessage(to=TO, text="hello")
    async with Gateway.open(config, clock=clock) as gateway:
        for _ in range(3):
            await gateway.sending.send(new, key="a")
        clock.set(step)
        if not again:
            await _is_full_for(gateway, new, clock)
            return
        with pytest.raises(TooMany):
            await gateway.sending.send(new, key="a")
        await _settled(gateway)
    async with Gateway.open(config, clock=clock) as gateway:
        await _is_full_for(gateway, new, clock)


async def _is_full_for(gateway: Gateway, new: NewMessage, clock: StillClock) -> None:
    with pytest.raises(TooMany):
        await gateway.sending.send(new, key="a")
    await _settled(gateway)
    with pytest.raises(TooMany) as refused:
        await gateway.sending.send(new, key="a")
    assert 3500 < refused.value.retry_after_s < 3700
    clock.now += 3500
    with pytest.raises(TooMany):
        await gateway.sending.send(new, key="a")
    clock.now += 200
    await gateway.sending.send(new, key="a")


async def _settled(gateway: Gateway) -> None:
    """What was queued for the store is committed, and followed up."""
    for _ in range(3):
        with pytest.raises(NotFound):
            await gateway.messages.get("msg_none")
        await gateway._store.write(lambda tx: None)


@pytest.mark.parametrize("ahead", [YEAR, 26 * 3600.0])
async def test_messages_of_a_clock_that_was_ahead_hold_a_key_for_its_window_once(
    tmp_path: Path, ahead: float
) -> None:
    clock = StillClock()
    limits = {"per_day": 2}
    config = parse({"gateway": {"data_dir": str(tmp_path)}, "key_limits": limits})
    new = NewMessage(to=TO, text="hello")
    clock.set(ahead)
    async with Gateway.open(config, clock=clock) as gateway:
        for _ in range(2):
            await gateway.sending.send(new, key="a")
    clock.set(-ahead)
    for _ in range(3):
        async with Gateway.open(config, clock=clock) as gateway:
            with pytest.raises(TooMany):
                await gateway.sending.send(new, key="a")
            await _settled(gateway)
        clock.now += DAY / 4
    clock.now += DAY / 4 + 100
    async with Gateway.open(config, clock=clock) as gateway:
        for _ in range(2):
            await gateway.sending.send(new, key="a")


async def test_messages_of_a_clock_that_was_behind_hide_none_before_them(tmp_path: Path) -> None:
    clock = StillClock()
    limits = {"per_day": 3}
    config = parse({"gateway": {"data_dir": str(tmp_path)}, "key_limits": limits})
    new = NewMessage(to=TO, text="hello")
    async with Gateway.open(config, clock=clock) as gateway:
        for _ in range(3):
            await gateway.sending.send(new, key="a")
    clock.set(-YEAR)
    async with Gateway.open(config, clock=clock) as gateway:
        await gateway.sending.send(new, key="b")
    clock.set(YEAR)
    async with Gateway.open(config, clock=clock) as gateway:
        with pytest.raises(TooMany):
            await gateway.sending.send(new, key="a")


def test_a_quota_moves_what_the_wrong_clock_has_dated_and_nothing_else() -> None:
    quota = Quota(RateLimits(per_hour=2))
    quota.recount({"a": [START]})
    quota.record("a", START + YEAR + 60)
    quota.clock_set(-YEAR, START + YEAR)
    assert quota.allowed_at("a", START + 120) == START + 3600


# --- what was there before a run that has the wrong time


async def test_what_was_sent_before_a_start_with_a_wrong_clock_counts_once_it_is_set(
    tmp_path: Path,
) -> None:
    for step in (YEAR, -YEAR, 40 * DAY):
        directory = tmp_path / f"{step:.0f}"
        directory.mkdir()
        clock = FakeClock(MIDNIGHT - DAY / 2)
        more: dict[str, Any] = {"sim_limits": {"per_day": 3, "unique_recipients_per_month": 9}}
        async with running(directory, clock=clock, **more) as lab:
            for _ in range(2):
                await lab.accept()
            await wait(lab, 60)
        clock.set(step)
        async with running(directory, clock=clock, **more) as lab:
            await lab.accept(send_at=clock.time() + 30)  # by the wrong clock, but in this day
            await wait(lab, 60)
            already = len(lab.sent())
            await set_clock(lab, -step)
            for _ in range(3):
                await lab.accept()
            await wait(lab, 600)
            assert len(lab.sent()) == 1, already
            await wait(lab, DAY / 2)
            assert len(lab.sent()) == 4


@pytest.mark.parametrize("step", [YEAR, -YEAR, 3 * DAY, -3 * DAY])
async def test_after_a_restart_validity_goes_on_from_when_it_began(
    tmp_path: Path, step: float
) -> None:
    clock = FakeClock()
    clock.set(-step)
    async with running(tmp_path, clock=clock, ready=False) as lab:
        one = await lab.accept(validity_s=600)
        two = await lab.accept(validity_s=6000)
        await wait(lab, 300)
        await set_clock(lab, step)
    async with running(tmp_path, clock=clock, ready=False) as lab:
        await wait(lab, 280)
        assert (await lab.message(one)).status is MessageStatus.QUEUED
        await wait(lab, 40)
        assert (await lab.message(one)).status is MessageStatus.EXPIRED
        await lab.up("m1")
        shown = await lab.message(two)
        assert shown.status is MessageStatus.SENT
        assert shown.created_at == START
        assert shown.expires_at == START + 6000
        assert shown.parts[0].attempts[0].started_at == clock.time()


async def test_until_when_a_sim_is_held_is_told_by_the_clock_as_it_is(tmp_path: Path) -> None:
    async with running(tmp_path, sim_limits={"per_day": 1}) as lab:
        await set_clock(lab, DAY)
        for _ in range(2):
            await lab.accept()
        await wait(lab, 60)
        (told,) = [e.data for e in lab.events if e.type == "sim.quota"]
        assert told["until"] == MIDNIGHT + DAY
        await set_clock(lab, -DAY)
        await wait(lab, 60)
        told = [e.data for e in lab.events if e.type == "sim.quota"][-1]
        assert told["until"] == MIDNIGHT


# --- deliveries and what is let go


class HastyClock(FakeClock):
    """One that moves on for those who sleep, and is set while they do."""

    set_at: float | None = None

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.set_at is None and self.now > START + 1800:
            self.set_at = self.now
            self.ahead += DAY
        await asyncio.sleep(0)


async def test_nothing_is_let_go_by_a_clock_that_was_set_or_seen_within_the_hour(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        await lab.accept()
        await lab.settle()
    clock = HastyClock()
    clock.set(YEAR)
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:
        config = parse({"retention": {"messages_days": 30}})
        intake: Any = SimpleNamespace(release_overdue=_nothing)
        keeper = Housekeeping(config, store=store, intake=intake, forgetful=(), clock=clock)
        task = asyncio.create_task(keeper.let_go())
        async with asyncio.timeout(20):
            while await store.read(_messages):
                await asyncio.sleep(0)
        assert clock.set_at is not None, "it was kept for an hour after the start"
        assert clock.now - clock.set_at >= 3600
        task.cancel()


async def _nothing() -> None:
    pass


def _messages(view: View) -> int:
    return int(raw(view).execute("SELECT count(*) FROM messages").fetchone()[0])


async def test_a_delivery_that_a_wrong_clock_has_put_off_is_made(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    handler = {"exec": ["/bin/sh", "-c", f'echo "$MODEMGW_ID" >> {taken}']}
    config = parse({"gateway": {"data_dir": str(tmp_path)}, "handler": [handler]})
    clock = StillClock()
    late = Inbound("in_late", TO, None, "x", None, "gsm7", 1, (), True, "m1", "1", None, START)
    soon = replace(late, id="in_soon")
    async with Gateway.open(config, clock=clock) as gateway:

        def keep(tx: Transaction) -> None:
            for n, (message, at) in enumerate(((late, START + YEAR), (soon, START + 600)), 1):
                tx.inbound.add(message, [])
                (subscriber,) = gateway._deliveries.subscribers
                pending_for(tx, n, subscriber, at=at)

        await gateway._store.write(keep)
        gateway._deliveries.wake()
        await until(taken.exists, 10)
        assert taken.read_text() == "in_late\n", "the other one has its time to wait"
