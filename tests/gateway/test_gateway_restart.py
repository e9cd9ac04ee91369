"""A restart in the middle of every piece of policy state: what was in force before is after it.

Each scenario is run twice, with the restart and without it, and has to come to the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from labs.clock import FakeClock
from labs.outbox import Lab, refusal, running, sim_in
from labs.raw_sql import raw

from modemgw.config import parse
from modemgw.gateway import Gateway, TooMany
from modemgw.gateway.admission.limits import LimitsRule
from modemgw.gateway.fleet.breaker import Breaker
from modemgw.gateway.outgoing import life
from modemgw.modem import ErrorClass, SubmitAmbiguous
from modemgw.store import MessageQuery
from modemgw.store.records import BreakerState, MessageStatus, NewMessage

TO = "+447700900123"
LONG = "Twelve drummers drumming. " * 10
TWO_PARTS = "x" * 300


async def wait(lab: Lab, seconds: float) -> None:
    for _ in range(5):
        await lab.pass_time(seconds / 5)


def blocked(lab: Lab) -> list[str]:
    return [e.type for e in lab.events if e.type in ("sim.blocked", "sim.restored")]


# --- each of these is (what is done before, what is seen after)


async def bar(lab: Lab, count: int = 4) -> None:
    lab.modems["m1"].script += [refusal(8) for _ in range(count)]
    for n in range(count):
        await lab.accept(f"+44770090010{n}", validity_s=30 * 86400)
        await lab.settle()
        await wait(lab, 5)
    assert len(lab.sent()) == count


async def barred_rests_and_is_probed(lab: Lab) -> None:
    await wait(lab, 600)
    assert lab.sent() == [], "a barred SIM rests"
    lab.modems["m1"].script.append(refusal(8))
    await wait(lab, 300)
    assert len(lab.sent()) == 1, "and is probed once"
    await wait(lab, 3000)
    assert len(lab.sent()) == 1, "the second rest is longer"
    await wait(lab, 1000)
    assert len(lab.sent()) == 5
    assert "sim.restored" in blocked(lab)


async def bar_three(lab: Lab) -> None:
    await bar(lab, 3)
    assert blocked(lab) == []


async def the_fourth_takes_it_out(lab: Lab) -> None:
    lab.modems["m1"].script.append(refusal(8))
    await lab.accept("+447700900109")
    await wait(lab, 5)
    assert blocked(lab) == ["sim.blocked"]


async def bar_and_recover(lab: Lab) -> None:
    await bar(lab)
    await wait(lab, 3600)
    assert "sim.restored" in blocked(lab)


async def nothing_is_held_against_it(lab: Lab) -> None:
    lab.modems["m1"].script += [refusal(8) for _ in range(3)]
    for n in range(3):
        await lab.accept(f"+44770090020{n}")
    await wait(lab, 5)
    assert "sim.blocked" not in blocked(lab)


async def use_up_the_day(lab: Lab) -> None:
    for n in range(2):
        await lab.accept(f"+44770090010{n}")
    await lab.settle()
    lab.modems["m1"].script.append(SubmitAmbiguous("no answer"))
    await lab.accept("+447700900102")
    await lab.settle()
    assert len(lab.sent()) == 3


async def the_day_is_used_up(lab: Lab) -> None:
    await lab.accept(TO)
    await wait(lab, 3600)
    assert lab.sent() == []


async def write_to_two(lab: Lab) -> None:
    await lab.accept("+447700900101")
    await lab.settle()
    lab.modems["m1"].script.append(SubmitAmbiguous("no answer"))
    await lab.accept("+447700900102")
    await lab.settle()


async def only_those_two_are_written_to(lab: Lab) -> None:
    await lab.accept("+447700900103")
    await lab.accept("+447700900102", "known")
    await wait(lab, 5)
    assert lab.sent() == ["known"]


async def be_refused_a_report(lab: Lab) -> None:
    lab.modems["m1"].script += [refusal(69), refusal(42)]
    await lab.accept(validity_s=86400)
    await lab.settle()
    assert [s.status_report_request for s in lab.modems["m1"].sent] == [True, False]


async def no_report_is_asked_for(lab: Lab) -> None:
    await wait(lab, 300)
    (submit,) = lab.modems["m1"].sent
    assert not submit.status_report_request
    assert submit.validity is None


async def be_congested_twice(lab: Lab) -> None:
    lab.modems["m1"].script += [refusal(42), refusal(42)]
    await lab.accept()
    await wait(lab, 60)
    assert len(lab.sent()) == 2


async def the_wait_goes_on(lab: Lab) -> None:
    await lab.pass_time(5)
    assert lab.sent() == []
    await wait(lab, 200)
    assert len(lab.sent()) == 1


async def be_refused_by_one_of_two(lab: Lab) -> None:
    await lab.up("m2")
    lab.modems["m1"].script.append(refusal(38))
    lab.modems["m2"].script.append(refusal(42))
    await lab.accept()
    await lab.settle()
    lab.down("m2")
    assert len(lab.modems["m1"].sent) == len(lab.modems["m2"].sent) == 1


async def that_one_is_left_alone_for_a_while(lab: Lab) -> None:
    await lab.pass_time(20)
    assert lab.sent() == []
    await wait(lab, 100)
    assert len(lab.modems["m1"].sent) == 1


async def leave_a_code_in_doubt(lab: Lab) -> None:
    lab.modems["m1"].script.append(SubmitAmbiguous("no answer"))
    await lab.accept(type="otp")
    await lab.pass_time(20)
    assert len(lab.sent()) == 1


async def it_is_sent_once_more_in_time(lab: Lab) -> None:
    await lab.pass_time(35)
    assert lab.sent() == []
    await lab.pass_time(10)
    assert len(lab.sent()) == 1
    (waiting,) = await lab.store.read(
        lambda view: (
            raw(view).execute("SELECT count(*) FROM attempts WHERE duplicate_risk").fetchone()
        )
    )
    assert waiting == 1


async def send_by_the_second_sim(lab: Lab) -> None:
    lab.down("m1")
    await lab.up("m2")
    await lab.accept(TO)
    await lab.settle()
    assert len(lab.modems["m2"].sent) == 1


async def it_writes_again(lab: Lab) -> None:
    await lab.up("m1")
    await lab.up("m2")
    for _ in range(3):
        await lab.accept(TO)
        await lab.settle()
    assert len(lab.modems["m2"].sent) == 3
    assert lab.modems["m1"].sent == []


async def learn_that_the_centre_is_days_behind(lab: Lab) -> None:
    await lab.accept(TO)
    await lab.settle()
    await lab.report("m1", TO, 0, sc_time=lab.clock.time() - 3 * 86400)
    lab.modems["m1"].script.append(SubmitAmbiguous("no answer"))
    await lab.accept(TO, type="otp")
    await lab.settle()


async def its_report_settles_the_doubt(lab: Lab) -> None:
    await lab.report("m1", TO, 1, sc_time=lab.clock.time() - 3 * 86400)
    await wait(lab, 100)
    assert lab.sent() == [], "it is not sent once more"


Scene = Callable[[Lab], Awaitable[None]]
TABLE: list[tuple[Scene, Scene, dict[str, Any]]] = [
    (bar, barred_rests_and_is_probed, {}),
    (bar_three, the_fourth_takes_it_out, {}),
    (bar_and_recover, nothing_is_held_against_it, {}),
    (use_up_the_day, the_day_is_used_up, {"sim_limits": {"per_day": 3}}),
    (write_to_two, only_those_two_are_written_to, {
        "sim_limits": {"unique_recipients_per_month": 2}
    }),
    (be_refused_a_report, no_report_is_asked_for, {}),
    (be_congested_twice, the_wait_goes_on, {}),
    (be_refused_by_one_of_two, that_one_is_left_alone_for_a_while, {}),
    (leave_a_code_in_doubt, it_is_sent_once_more_in_time, {}),
    (send_by_the_second_sim, it_writes_again, {"route": [{"id": "default", "policy": "sticky"}]}),
    (learn_that_the_centre_is_days_behind, its_report_settles_the_doubt, {}),
]  # fmt: skip


@pytest.mark.parametrize("again", [True, False], ids=["restarted", "running"])
@pytest.mark.parametrize(
    ("before", "after", "config"), TABLE, ids=lambda v: getattr(v, "__name__", "")
)
async def test_what_was_in_force_before_is_in_force_after(
    tmp_path: Path, before: Scene, after: Scene, config: dict[str, Any], again: bool
) -> None:
    clock = FakeClock()
    async with running(tmp_path, 2, clock=clock, ready=False, **config) as lab:
        await lab.up("m1")
        await before(lab)
        await lab.settle()
        if not again:
            lab.events.clear()
            for modem in lab.modems.values():
                modem.sent.clear()
            await after(lab)
            return
    clock.now += 0.5
    async with running(tmp_path, 2, clock=clock, ready=False, **config) as lab:
        for modem in lab.modems.values():
            modem.reference = 1
        await lab.up("m1")
        await after(lab)


async def test_an_administrator_has_a_sim_probed_at_once(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:
        await bar(lab)
    clock.now += 1
    async with running(tmp_path, clock=clock) as lab:
        await wait(lab, 120)
        assert lab.sent() == []
        lab.modems["m1"].script.append(refusal(8))
        lab.outbox.lanes.probe("m1")
        await lab.settle()
        assert len(lab.sent()) == 1
        await wait(lab, 120)
        assert len(lab.sent()) == 1, "it was one probe"
        lab.outbox.lanes.probe("m1")
        await wait(lab, 120)
        assert "sim.restored" in blocked(lab)
        lab.outbox.lanes.probe("m1")  # of one that is well: nothing
        assert not sim_in(lab.outbox.queue.matchmaking.lane("m1")).breaker.open


# --- the breaker, by itself


@pytest.mark.parametrize("kind", [ErrorClass.BARRED, ErrorClass.SAME_SIM])
def test_a_breaker_goes_on_from_any_state(kind: ErrorClass) -> None:
    breaker, now = Breaker(), 0.0
    for n in range(40):
        breaker.refused(kind, f"+{n % 5}", now)
        again = Breaker.of(breaker.state, now)
        assert again.state == breaker.state
        assert (again.open, again.probe_at) == (breaker.open, breaker.probe_at)
        now = max(now + 1, breaker.probe_at)
    breaker.succeeded()
    assert breaker.state is None
    assert not Breaker.of(None, now).open


def test_a_probe_that_a_wrong_clock_has_put_off_comes_as_if_it_began_now() -> None:
    state = BreakerState(4, 4, ("+1", "+2", "+3"), 1, 365 * 86400.0)
    assert Breaker.of(state, 0.0).probe_at == 900.0


async def test_a_sim_that_is_well_leaves_no_state_behind(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(refusal(42))
        await lab.accept()
        await lab.settle()
        sim = lab.modems["m1"].sim
        assert sim is not None
        assert await lab.store.read(lambda view: view.sim_state.breaker(sim.iccid)) is not None
        await wait(lab, 60)
        assert await lab.store.read(lambda view: view.sim_state.breaker(sim.iccid)) is None


# --- recipients, keys and replies


async def test_limits_of_recipients_keys_and_replies_hold_after_a_restart(tmp_path: Path) -> None:
    config = parse(
        {
            "gateway": {"data_dir": str(tmp_path)},
            "recipient_limits": {"per_day": 20},
            "key_limits": {"per_day": 8},
            "modem": [{"id": "m1", "device": "/dev/none"}],
        }
    )
    reply = NewMessage(to=TO, text="thank you")
    async with Gateway.open(config) as gateway:
        for _ in range(6):
            await gateway.sending.reply(reply, lambda tx: None)
        for n in range(8):
            await gateway.sending.send(NewMessage(to=f"+44770090020{n}", text="x"), key="a")
    async with Gateway.open(config) as gateway:
        with pytest.raises(TooMany, match="API key"):
            await gateway.sending.send(NewMessage(to=TO, text="x"), key="a")
        with pytest.raises(TooMany, match="automatic replies"):
            await gateway.sending.reply(reply, lambda tx: None)
        other = NewMessage(to="+447700900999", text="x")
        await gateway.sending.reply(other, lambda tx: None)
        # What was refused was not counted.
        (limits,) = [rule for rule in gateway.sending._rules.all if isinstance(rule, LimitsRule)]
        assert len(limits.recipients._times[TO]) == 6


# --- what is scheduled


async def test_what_is_scheduled_waits_on(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:
        message = await lab.accept(send_at=clock.time() + 3600)
        await lab.pass_time(1800)
    async with running(tmp_path, clock=clock) as lab:
        await lab.pass_time(1700)
        assert (await lab.message(message)).status is MessageStatus.SCHEDULED
        await lab.pass_time(120)
        assert (await lab.message(message)).status is MessageStatus.SENT
        listed = await lab.store.read(
            lambda view: view.messages.find(MessageQuery(), life.part_status)
        )
        assert len(listed.items) == 1
