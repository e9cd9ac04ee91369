"""A SIM is one object, whatever modem it sits in, and the store has it when nobody does."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.outbox import Lab, refusal, running

from modemgw.config import Limits
from modemgw.gateway import fleet
from modemgw.gateway.errors import NotFound
from modemgw.gateway.fleet.centre import CentreClock
from modemgw.gateway.fleet.sim_views import Place, SimViews
from modemgw.gateway.fleet.sims import Sims
from modemgw.modem import NotSubmitted, SimIdentity, SubmitAmbiguous
from modemgw.store import Balance

ICCID = "8999901000000000000"
DAY = 86400.0


async def never(iccid: str) -> Balance:
    raise NotFound(iccid)


def views_of(lab: Lab, *places: Place, **limits: Any) -> SimViews:
    config = lab.config.model_copy(update={"sim_limits": Limits(**limits)})
    return SimViews(
        config,
        store=lab.store,
        sims=lab.outbox._sims,
        tariffs=lab.tariffs,
        clock=lab.outbox.clock,
        places=lambda: places,
        ask_balance=never,
    )


async def test_a_sim_keeps_its_plan_and_its_refusals_in_another_modem(tmp_path: Path) -> None:
    async with running(tmp_path, 2, sim_limits={"per_hour": 2}, ready=False) as lab:
        await lab.up("m1")
        await lab.accept()
        await lab.settle()
        first = lab.outbox.queue.matchmaking.lane("m1").sim
        lab.down("m1")
        lab.modems["m2"].sim = lab.modems["m1"].sim
        await lab.up("m2")
        assert lab.outbox.queue.matchmaking.lane("m2").sim is first
        for _ in range(2):
            await lab.accept()
        await lab.settle()
        assert len(lab.modems["m2"].sent) == 1, "one of two an hour was sent before"


async def test_nothing_is_sent_through_a_sim_that_the_lane_was_not_told_of(tmp_path: Path) -> None:
    async with running(tmp_path, sim_limits={"per_hour": 1}) as lab:
        lab.modems["m1"].sim = SimIdentity("8999901000000000077")
        message = await lab.accept()
        await lab.settle()
        assert lab.sent() == []
        await lab.up("m1")
        await lab.pass_time(2)
        (attempt,) = (await lab.message(message)).parts[0].attempts
        assert attempt.sim == "8999901000000000077"


@pytest.mark.parametrize("end", [None, refusal(42), SubmitAmbiguous("silent"), NotSubmitted("no")])
async def test_what_is_in_the_air_is_known_until_its_end_is_recorded(
    tmp_path: Path, end: Exception | None
) -> None:
    async with running(tmp_path) as lab:
        sim = lab.outbox.queue.matchmaking.lane("m1").sim
        assert sim is not None
        seen: list[Any] = []

        async def look(_: object) -> Exception | None:
            seen.extend(sim.in_the_air)
            return end

        lab.modems["m1"].script.append(look)
        await lab.accept()
        await lab.settle()
        assert [(key.message, key.part, key.n) for key in seen] == [(1, 1, 1)]
        assert sim.in_the_air == set()


async def test_the_use_of_a_plan_is_counted_by_its_spans(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:
        place = Place("m1", SimIdentity(ICCID, "99901"), "+447700900001")
        views = views_of(lab, place, per_minute=5, per_month=9, day_reset_hour=3)
        for wait in (0, 50, 100, 4000):
            await lab.pass_time(wait)
            await lab.accept()
            await lab.settle()
        now = clock.time()
        (view,) = await views.all()
        plan = view.plan
        counts = (plan.per_minute, plan.per_hour, plan.per_day, plan.per_month)
        assert [use.used for use in counts] == [1, 1, 4, 4]
        assert [use.limit for use in counts] == [5, None, None, 9]
        assert plan.per_minute.resets_at == pytest.approx(now + 60, abs=1)
        assert plan.per_day.resets_at is not None
        assert plan.per_day.resets_at % DAY == 3 * 3600
        assert plan.per_day.resets_at > now
        assert (view.modem, view.number, view.imsi) == ("m1", "+447700900001", "99901")
        assert view.seen_at == now
        with pytest.raises(NotFound, match="89990"):
            await views.one("8999000")


async def test_what_is_dated_later_than_now_resets_as_if_it_were_of_now(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        await lab.accept()
        await lab.settle()
        lab.clock.set(-20)  # less than what has old dates mended
        (view,) = await views_of(lab, Place("m1", SimIdentity(ICCID), None)).all()
        assert view.plan.per_minute.used == 1
        assert view.plan.per_minute.resets_at == lab.clock.time() + 60


async def test_a_sim_is_remembered_with_its_refusals_over_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:
        lab.outbox._sims.keep_seen(SimIdentity(ICCID, "99901"), "m1", "+447700900001")
        await lab.pass_time(10)
        lab.modems["m1"].script += [refusal(8) for _ in range(4)]
        for n in range(4):
            await lab.accept(f"+44770090010{n}")
        for _ in range(6):
            await lab.pass_time(100)
        at_work = await views_of(lab, Place("m1", SimIdentity(ICCID, "99901"), None)).one(ICCID)
        assert at_work.breaker == "barred"
        assert at_work.barred_since is not None
        assert START <= at_work.barred_since < at_work.next_probe_at  # type: ignore[operator]
    async with running(tmp_path, clock=clock, ready=False) as lab:
        gone = await views_of(lab).one(ICCID)
        assert (gone.modem, gone.number, gone.imsi) == (None, "+447700900001", "99901")
        assert (gone.breaker, gone.barred_since) == ("barred", at_work.barred_since)
        assert gone.next_probe_at == at_work.next_probe_at
        assert START < gone.seen_at < clock.time(), "it has sent since it was seen"
        clock.now = at_work.next_probe_at or 0.0
        assert (await views_of(lab).one(ICCID)).breaker == "probing"


async def test_the_moments_of_a_breaker_follow_a_clock_that_is_set(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:
        lab.modems["m1"].script += [refusal(8) for _ in range(4)]
        for n in range(4):
            await lab.accept(f"+44770090010{n}")
        for _ in range(6):
            await lab.pass_time(100)
        views = views_of(lab, Place("m1", SimIdentity(ICCID), None))
        before = await views.one(ICCID)
        clock.set(3600)
        await lab.pass_time(0)
        after = await views.one(ICCID)
        assert before.barred_since is not None
        assert after.barred_since == pytest.approx(before.barred_since + 3600)
        state = await lab.store.read(lambda view: view.sim_state.breaker(ICCID))
        assert state is not None
        assert state.since == pytest.approx(after.barred_since)


async def test_who_asks_at_the_same_time_gets_the_same_sim(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        sims = Sims(store=lab.store, clock=lab.outbox.clock, random=Random(1))
        one = await sims.of("1", Limits())
        assert await sims.of("1", Limits()) is one
        assert await sims.of("1", Limits(per_day=3)) is one
        assert one.plan.limits.per_day == 3
        assert sims.known("1") is one
        assert sims.known("2") is None


def test_two_reports_in_a_row_change_what_is_thought_of_a_clock() -> None:
    known = CentreClock()
    assert known.seen(5.0) == CentreClock(5.0)
    known = CentreClock(5.0)
    assert not known.seen(6.0).is_news_to(known)
    assert known.seen(9.0) == CentreClock(9.0)
    assert known.seen(9.0).is_news_to(known)
    doubted = known.seen(3600.0)
    assert doubted == CentreClock(5.0, 3600.0)
    assert doubted.is_news_to(known)
    assert doubted.seen(3602.0) == CentreClock(3602.0)
    assert doubted.seen(5.0) == CentreClock(5.0)


def test_the_fleet_knows_nothing_of_what_is_sent_through_it() -> None:
    """It is handed the lanes by whoever builds the gateway."""
    for path in Path(fleet.__file__).parent.glob("*.py"):
        assert "gateway.outgoing" not in path.read_text(encoding="utf-8"), path.name
