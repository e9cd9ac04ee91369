"""What holds the messages of a batch back: shut, or at a pace. The clock is moved by hand."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from labs.clock import START

from modemgw.config import Limits, RouteSection
from modemgw.gateway.fleet.plan import Plan
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.outgoing.content import Content
from modemgw.gateway.outgoing.gates import Gate, Pace
from modemgw.gateway.outgoing.job import Job, PartState
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.matchmaking import Matchmaking
from modemgw.store import Span
from modemgw.store.records import MessageStatus

HOUR_S = 3600.0


def job(n: int, *, parts: int = 1, **more: Any) -> Job:
    values: dict[str, Any] = {
        "type": "transactional",
        "due_at": START,
        "expires_at": START + 1e6,
        "status": MessageStatus.QUEUED,
        **more,
    }
    return Job(
        n=n,
        id=f"msg_{n}",
        to=f"+4477009{n:05d}",
        content=Content(text="x"),
        route="default",
        modem=None,
        receipt=True,
        created_at=START,
        part_count=parts,
        **values,
    )


def core_of(*lanes: str) -> Matchmaking:
    core = Matchmaking([RouteSection(id="default")], START)
    for id in lanes or ("a",):
        lane = LaneState(id, ("default",), 1, Sim(f"sim-{id}", Plan(Limits(), Random(1))))
        core.add_lane(lane)
        core.set_ready(id, True, lane.sim, START)
    return core


def shut(core: Matchmaking, first: int, last: int, batch: str = "b") -> None:
    core.gates.set(Gate(batch, [Span(first, last)], None))


def paced(
    core: Matchmaking, first: int, last: int, rate: int, begins: float = START, now: float = START
) -> None:
    core.gates.set(Gate("b", [Span(first, last)], Pace(rate, begins, now)))


def fill(core: Matchmaking, numbers: Iterable[int], now: float = START, **more: Any) -> None:
    for n in numbers:
        core.add(job(n, **more), now)


def taken(core: Matchmaking, lane: str = "a", now: float = START) -> list[int]:
    found = []
    while (one := core.take(lane, now)) is not None:
        found.append(one.n)
    return found


def test_a_shut_gate_holds_its_batch_and_nothing_else() -> None:
    core = core_of()
    shut(core, 3, 5)
    fill(core, range(1, 8))
    assert taken(core) == [1, 2, 6, 7]
    core.gates.remove("b")
    core.move(range(3, 6), START)
    assert taken(core) == [3, 4, 5]


def test_what_lies_there_already_is_drawn_back_when_a_gate_is_shut() -> None:
    core = core_of()
    fill(core, range(1, 6))
    assert core.take("a", START) is not None
    shut(core, 1, 4)
    core.move(range(1, 5), START)
    assert taken(core) == [5]
    assert core.waiting_for(core.lane("a")) == 0


def test_a_gate_holds_from_the_moment_on_at_which_it_is_shut() -> None:
    """What lies there is moved bit by bit: lanes come in between."""
    core = core_of()
    fill(core, range(1, 6))
    shut(core, 1, 4)
    core.move([1, 2], START)
    assert taken(core) == [5]
    core.gates.remove("b")
    core.move(range(1, 5), START)
    assert taken(core) == [1, 2, 3, 4]


def test_what_comes_back_from_a_modem_stands_before_the_gate() -> None:
    core = core_of()
    fill(core, [1])
    one = core.take("a", START)
    assert one is not None
    shut(core, 1, 1)
    core.add(one, START, at=START + 5)  # refused, to be tried again
    core.tick(START + 5)
    assert taken(core, now=START + 5) == []


@pytest.mark.parametrize("state", [PartState.ACCEPTED, PartState.AMBIGUOUS])
def test_what_has_begun_is_finished(state: PartState) -> None:
    core = core_of()
    begun = job(1, parts=2)
    begun.part(0).state = state
    shut(core, 1, 2)
    core.add(begun, START)
    fill(core, [2], parts=2)
    assert taken(core) == [1]


def test_what_is_scheduled_comes_due_behind_a_shut_gate() -> None:
    core = core_of()
    shut(core, 1, 1)
    fill(core, [1], due_at=START + 60, status=MessageStatus.SCHEDULED)
    assert [one.n for one in core.tick(START + 60).freed] == [1], "it is told"
    assert taken(core, now=START + 60) == []


def test_what_is_held_expires_and_is_removed_like_anything_else() -> None:
    core = core_of()
    shut(core, 1, 3)
    fill(core, [1, 2, 3], expires_at=START + 60)
    second = core.get(2)
    assert second is not None
    assert core.is_waiting(second)
    core.remove(second)
    assert [one.n for one in core.tick(START + 60).expired] == [1, 3]
    core.gates.remove("b")
    core.move([1, 2, 3], START + 60)
    assert taken(core, now=START + 60) == []


def test_a_clock_that_is_set_lets_nothing_through() -> None:
    core = core_of()
    shut(core, 1, 2)
    fill(core, [1])
    fill(core, [2], due_at=START + HOUR_S, status=MessageStatus.SCHEDULED)
    core.clock_set(2 * HOUR_S)
    core.tick(START)
    assert taken(core) == []


def test_other_routes_let_nothing_through() -> None:
    core = core_of()
    shut(core, 1, 2)
    fill(core, [1, 2])
    core.set_routes([RouteSection(id="default"), RouteSection(id="other")], START)
    second = core.get(2)
    assert second is not None
    core.reroute(second, "other", START)
    core.set_ready("a", False, None, START)
    core.set_ready("a", True, core.lane("a").sim, START)
    assert taken(core) == []


def walk(
    core: Matchmaking, until: float, *, begin: float = START, lanes: tuple[str, ...] = ("a",)
) -> list[tuple[float, str, int]]:
    """(when, lane, number) of all that lanes take; time goes to where it is asked to be looked."""
    found: list[tuple[float, str, int]] = []
    now, turn = begin, 0
    while now < until:
        core.tick(now)
        while True:
            lane = lanes[turn % len(lanes)]
            one = core.take(lane, now)
            if one is None:
                break
            core.remove(one)
            found.append((now, lane, one.n))
            turn += 1
        at = core.wake_at(lanes)
        now = max(now + 0.001, until if at is None else min(at, until))
    return found


@pytest.mark.parametrize("rate", [1, 7, 60, 137, 600, 6000])
def test_a_pace_is_held_within_five_percent_and_evenly(rate: int) -> None:
    minutes = 3
    core = core_of("a", "b")
    paced(core, 1, rate * 10, rate)
    fill(core, range(1, rate * 10 + 1))
    went = walk(core, START + minutes * 60, lanes=("a", "b"))
    assert len(went) == pytest.approx(rate * minutes, rel=0.05, abs=1)
    assert [n for _, _, n in went] == list(range(1, len(went) + 1)), "in their order"
    for second in range(0, minutes * 60, 20):
        part = [at for at, _, _ in went if START + second <= at < START + second + 20]
        assert len(part) == pytest.approx(rate / 3, rel=0.05, abs=1), "evenly"
    on_a = sum(lane == "a" for _, lane, _ in went)
    assert abs(2 * on_a - len(went)) <= 1


def test_modems_that_were_away_are_not_given_all_that_was_missed() -> None:
    core = core_of()
    paced(core, 1, 1000, 60)
    fill(core, range(1, 1001))
    core.set_ready("a", False, None, START)
    now = START
    while now < START + 600:
        core.tick(now)
        now += 0.5
    core.set_ready("a", True, core.lane("a").sim, now)
    assert len(taken(core, now=now)) <= 1
    assert len(walk(core, now + 60, begin=now)) == pytest.approx(60, abs=1)


def test_a_pace_goes_on_over_a_restart_without_making_up_for_what_was_missed() -> None:
    down_s = 30.4
    core = core_of()
    paced(core, 1, 1000, 60)
    fill(core, range(1, 1001))
    before = walk(core, START + 10.5)
    assert len(before) == 11
    again = core_of()
    now = START + 10.5 + down_s
    paced(again, 1, 1000, 60, begins=START, now=now)
    fill(again, range(12, 1001), now)
    assert taken(again, now=now) == [], "not before the next moment"
    after = walk(again, now + 60, begin=now)
    assert len(after) == 60
    assert after[0][0] == pytest.approx(START + 41)


def test_restarts_at_short_intervals_neither_stop_it_nor_make_it_faster() -> None:
    went, now = 0, START
    while now < START + 300:
        core = core_of()
        paced(core, 1, 1000, 6, begins=START, now=now)
        fill(core, range(went + 1, 1001), now)
        went += len(walk(core, now + 3, begin=now))
        now += 3
    assert went == 30


def test_another_batch_and_whatever_belongs_to_none_go_at_once() -> None:
    core = core_of()
    paced(core, 1, 10, 1)
    fill(core, range(1, 16))
    core.tick(START)
    assert taken(core) == [1, 11, 12, 13, 14, 15]


def test_messages_that_are_added_stand_before_the_gate_too() -> None:
    core = core_of()
    shut(core, 1, 2)
    core.gates.widen("b", Span(5, 6))
    fill(core, range(1, 8))
    assert taken(core) == [3, 4, 7]


def test_without_a_gate_nothing_is_asked_and_nothing_stays_behind() -> None:
    core = core_of()
    shut(core, 1, 1)
    fill(core, [1])
    core.gates.remove("b")
    core.move([1], START)
    core.forget_target("batch:b")
    assert not core.gates
    assert "batch:b" not in core._waiting.buckets
    assert "batch:b" not in core._waiting.counts
    assert taken(core) == [1]
