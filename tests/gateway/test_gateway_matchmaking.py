"""Which SIM sends what, when: rules one by one, and the queue as a whole under hypothesis."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from labs.clock import START, FakeClock
from labs.outbox import sim_in

from modemgw.config import Limits, RouteSection
from modemgw.gateway.fleet.lanes import Held
from modemgw.gateway.fleet.plan import Plan
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.outgoing.carriers import FOLLOW_S
from modemgw.gateway.outgoing.content import Content
from modemgw.gateway.outgoing.job import Job, PartState
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.matchmaking import AGE_S, LONG_S, LOOK_PAST, Matchmaking
from modemgw.gateway.outgoing.queue import Queue
from modemgw.modem import ErrorClass
from modemgw.store.records import MessageStatus


def job(n: int, *, parts: int = 1, **more: Any) -> Job:
    values: dict[str, Any] = {
        "to": f"+4477009{n:05d}",
        "type": "transactional",
        "route": "default",
        "modem": None,
        "created_at": START,
        "due_at": START,
        "expires_at": START + 86400,
        **more,
    }
    return Job(
        n=n,
        id=f"msg_{n}",
        content=Content(text="x"),
        receipt=True,
        status=MessageStatus.QUEUED,
        part_count=parts,
        **values,
    )


def sim_of(iccid: str, **limits: Any) -> Sim:
    return Sim(iccid, Plan(Limits(**limits), Random(1)))


def like(lane: LaneState, iccid: str) -> Sim:
    """Another SIM in a lane, or the same; with what the one before has used of its plan."""
    assert lane.sim is not None
    return Sim(iccid, lane.sim.plan, lane.sim.breaker)


def lane(
    id: str, routes: tuple[str, ...] = ("default",), weight: int = 1, **limits: Any
) -> LaneState:
    return LaneState(id, routes, weight, sim_of(f"sim-{id}", **limits))


def core_of(*lanes: LaneState, routes: tuple[RouteSection, ...] = ()) -> Matchmaking:
    core = Matchmaking([*routes, RouteSection(id="default")], START)
    for one in lanes:
        core.add_lane(one)
        core.set_ready(one.id, True, one.sim, START)
    return core


def taken(core: Matchmaking, lane: str, now: float = START) -> list[int]:
    found = []
    while (one := core.take(lane, now)) is not None:
        found.append(one.n)
    return found


def test_otp_first_then_transactional_then_promotional_each_in_its_order() -> None:
    core = core_of(lane("a"))
    kinds = ["promotional", "transactional", "otp", "promotional", "otp", "transactional"]
    for n, kind in enumerate(kinds):
        core.add(job(n, type=kind), START)
    assert taken(core, "a") == [2, 4, 1, 5, 0, 3]


def test_priorities_are_a_setting_and_change_for_what_waits() -> None:
    core = core_of(lane("a"))
    kinds = ["promotional", "transactional", "otp", "promotional", "otp", "transactional"]
    for n, kind in enumerate(kinds):
        core.add(job(n, type=kind), START)
    core.set_priorities({"otp": 5, "transactional": 9, "promotional": 1})
    first = core.take("a", START)
    assert first is not None
    assert first.n == 0
    core.set_priorities({"otp": 2, "transactional": 2, "promotional": 2})
    assert taken(core, "a") == [1, 2, 3, 4, 5]


def test_an_old_message_gets_a_turn_now_and_then_before_fresh_otps() -> None:
    core = core_of(lane("a"))
    now = START + AGE_S + 1
    core.add(job(0, type="promotional"), now)
    for n in range(1, 21):
        core.add(job(n, type="otp", created_at=now), now)
    order = taken(core, "a", now)
    assert 1 < order.index(0) <= 8


def test_a_lane_that_is_not_ready_takes_nothing() -> None:
    core = core_of(lane("a"))
    core.add(job(1), START)
    core.set_ready("a", False, None, START)
    assert core.take("a", START) is None
    core.set_ready("a", True, core.lane("a").sim, START)
    assert taken(core, "a") == [1]


def test_a_pinned_message_goes_only_to_its_modem() -> None:
    core = core_of(lane("a"), lane("b"))
    core.add(job(1, modem="b"), START)
    assert taken(core, "a") == []
    assert taken(core, "b") == [1]


def test_a_route_goes_only_to_its_lanes() -> None:
    core = core_of(lane("a", ("x",)), lane("b", ("default",)), routes=(RouteSection(id="x"),))
    core.add(job(1, route="x"), START)
    assert taken(core, "b") == []
    assert taken(core, "a") == [1]


def test_a_fallback_stands_in_only_while_the_route_has_no_well_lane() -> None:
    routes = (RouteSection(id="x", fallback="y"), RouteSection(id="y"))
    core = core_of(lane("a", ("x",)), lane("b", ("y",)), routes=routes)
    core.add(job(1, route="x"), START)
    assert taken(core, "b") == []
    core.set_ready("a", False, None, START)
    assert taken(core, "b") == [1]
    core.set_ready("a", True, core.lane("a").sim, START)
    core.add(job(2, route="x"), START)
    assert taken(core, "b") == []
    assert taken(core, "a") == [2]


def test_a_chain_of_fallbacks_is_followed() -> None:
    routes = (
        RouteSection(id="x", fallback="y"),
        RouteSection(id="y", fallback="z"),
        RouteSection(id="z"),
    )
    core = core_of(lane("a", ("x",)), lane("b", ("y",)), lane("c", ("z",)), routes=routes)
    for id in "ab":
        core.set_ready(id, False, None, START)
    core.add(job(1, route="x"), START)
    assert taken(core, "c") == [1]


def test_a_sim_that_refused_a_message_is_avoided_for_a_while() -> None:
    core = core_of(lane("a"), lane("b"))
    one = job(1)
    one.avoid, one.avoid_until = frozenset({"sim-a"}), START + 60
    core.add(one, START)
    assert taken(core, "a") == []
    core.tick(START + 61)
    assert taken(core, "a", START + 61) == [1]


def test_parts_that_follow_wait_for_their_sim_and_start_over_when_it_stays_away() -> None:
    core = core_of(lane("a"), lane("b"))
    one = job(1, parts=3)
    one.part(0).state, one.sim = PartState.ACCEPTED, "sim-a"
    core.set_ready("a", False, None, START)
    core.add(one, START)
    assert taken(core, "b") == []
    now = START + FOLLOW_S + 1
    core.tick(now)
    assert taken(core, "b", now) == [1]
    assert one.pending() == [0, 1, 2]
    assert one.part(0).duplicate_risk


def test_a_message_with_a_part_in_doubt_never_starts_over() -> None:
    core = core_of(lane("a"), lane("b"))
    one = job(1, parts=3)
    one.part(0).state, one.sim = PartState.AMBIGUOUS, "sim-a"
    core.set_ready("a", False, None, START)
    core.add(one, START)
    for hours in range(1, 24):
        core.tick(START + hours * 3600)
        assert taken(core, "b", START + hours * 3600) == []


def test_a_message_is_not_due_before_its_time_and_expires_after_its_validity() -> None:
    core = core_of(lane("a"))
    core.add(job(1, due_at=START + 100), START)
    core.add(job(2, expires_at=START + 50, modem="b"), START)
    assert core.wake_at([]) == START + 50
    assert [j.n for j in core.tick(START + 50).expired] == [2]
    assert taken(core, "a", START + 99) == []
    assert [j.n for j in core.tick(START + 100).freed] == [1]
    assert taken(core, "a", START + 100) == [1]


def test_what_expires_in_a_lane_s_hands_expires_when_it_comes_back() -> None:
    core = core_of(lane("a"))
    one = job(1, expires_at=START + 50)
    core.add(one, START)
    assert taken(core, "a") == [1]
    assert core.tick(START + 60).expired == []
    core.add(one, START + 61)
    assert core.tick(START + 61).expired == [one]
    assert core.get(1) is None


def test_a_canceled_message_is_never_taken() -> None:
    core = core_of(lane("a"))
    jobs = [job(n) for n in range(5)]
    for one in jobs:
        core.add(one, START)
    core.remove(jobs[0])
    core.remove(jobs[3])
    assert taken(core, "a") == [1, 2, 4]


def test_the_queue_of_a_lane_counts_what_it_might_carry_now() -> None:
    core = core_of(lane("a"), lane("b", ("x",)), routes=(RouteSection(id="x"),))
    a, b = core.lane("a"), core.lane("b")
    jobs = [job(n) for n in range(4)]
    for one in jobs:
        core.add(one, START)
    core.add(job(10, route="x"), START)
    core.add(job(11, due_at=START + 60), START)
    assert (core.waiting_for(a), core.waiting_for(b)) == (4, 1)
    core.remove(jobs[3])
    core.remove(jobs[1])
    assert core.waiting_for(a) == 2
    assert core.take("a", START) is jobs[0]
    assert core.waiting_for(a) == 1
    core.hold(jobs[0], START, START + 60)
    core.tick(START + 60)
    assert core.waiting_for(a) == 2
    assert len(core) == 4


def test_round_robin_weighted_and_least_used_choose_as_they_say() -> None:
    for policy, wanted in (
        ("round_robin", "abcabcabc"),
        ("least_used", "abcabcabc"),
        ("weighted", "aaaaaabc"),
    ):
        route = RouteSection(id="r", policy=policy)  # type: ignore[arg-type]
        lanes = [lane("a", ("r",), 6), lane("b", ("r",), 1), lane("c", ("r",), 1)]
        core = core_of(*lanes, routes=(route,))
        got = ""
        for n, _ in enumerate(wanted):
            one = job(n, route="r")
            core.add(one, START + n)
            id = core.choose(one, ["a", "b", "c"], START + n)
            assert id is not None
            got += id
            assert core.take(id, START + n) is one
            core.lane(id).used += 1
        assert sorted(got) == sorted(wanted), policy


def test_a_sticky_route_keeps_a_recipient_on_its_sim_while_that_is_well() -> None:
    route = RouteSection(id="r", policy="sticky")
    core = core_of(lane("a", ("r",)), lane("b", ("r",)), routes=(route,))
    first = job(1, route="r", to="+1")
    core.sent_by(first, "sim-b")
    core.add(job(2, route="r", to="+1"), START)
    assert taken(core, "a") == []
    core.set_ready("b", False, None, START)
    assert taken(core, "a") == [2]


def test_a_lane_says_what_holds_it_back() -> None:
    one = lane("a", per_minute=1)
    core = core_of(one)
    assert one.held(START) is None
    sim_in(one).plan.record(START, "+1")
    core.add(job(1), START)
    assert core.take("a", START) is None
    assert one.held(START) == Held("limits", START + 60)
    assert one.held(START + 60) is None
    for n in range(10):
        sim_in(one).breaker.refused(ErrorClass.SAME_SIM, f"+{n}", START)
    assert one.held(START) == Held("refused", sim_in(one).breaker.probe_at)
    core.set_ready("a", False, None, START)
    assert one.held(START) is None


def test_limits_of_a_lane_hold_its_best_message_back_until_they_allow_it() -> None:
    one = lane("a", per_minute=2)
    core = core_of(one)
    for n in range(3):
        core.add(job(n), START)
    for _ in range(2):
        assert core.take("a", START) is not None
        sim_in(one).plan.record(START, "+1")
    assert core.take("a", START) is None
    assert core.wake_at(["a"]) == START + 60
    assert taken(core, "a", START + 60) == [2]


# --- limits that forbid some messages for long


def full_circle(core: Matchmaking, id: str, *known: str) -> None:
    """The SIM in lane `id` has written to so many recipients that its month is full."""
    for to in known:
        sim_in(core.lane(id)).plan.record(START, to)


def test_a_message_that_limits_forbid_for_long_is_looked_past() -> None:
    core = core_of(lane("a", unique_recipients_per_month=1))
    full_circle(core, "a", "+1")
    core.add(job(1, to="+2", expires_at=START + 1e7), START)
    core.add(job(2, to="+1", expires_at=START + 1e7), START)
    assert taken(core, "a") == [2]
    again = core.wake_at(["a"])
    assert again is not None
    assert again > START + LONG_S
    core.tick(again)
    assert taken(core, "a", again) == [1]


def test_what_one_sim_may_not_send_for_long_is_left_to_another_in_its_order() -> None:
    core = core_of(lane("a", unique_recipients_per_month=1), lane("b"))
    full_circle(core, "a", "+1")
    for n in (1, 2, 3):
        core.add(job(n, to="+2"), START)
    core.add(job(4, to="+1"), START)
    assert taken(core, "a") == [4]
    core.add(job(5, to="+2"), START)
    assert taken(core, "b") == [1, 2, 3, 5]


def test_what_no_sim_of_its_route_may_send_for_long_goes_to_the_fallback() -> None:
    routes = (RouteSection(id="x", fallback="y"), RouteSection(id="y"))
    core = core_of(
        lane("a", ("x",), unique_recipients_per_month=1), lane("b", ("y",)), routes=routes
    )
    full_circle(core, "a", "+1")
    core.add(job(1, route="x", to="+2"), START)
    core.add(job(2, route="x", to="+1"), START)
    assert taken(core, "b") == []
    assert taken(core, "a") == [2]
    assert taken(core, "b") == [1]


def test_a_short_wait_is_waited_for_so_that_long_messages_do_not_starve() -> None:
    one = lane("a", per_minute=3)
    core = core_of(one)
    for at in (START - 30, START - 10):
        sim_in(one).plan.record(at, "+1")
    core.add(job(1, parts=3), START)
    core.add(job(2), START)
    assert taken(core, "a") == []
    assert taken(core, "a", START + 50)[0] == 1


def test_the_last_parts_of_a_day_go_to_messages_that_fit() -> None:
    one = lane("a", per_day=3)
    core = core_of(one)
    for _ in range(2):
        sim_in(one).plan.record(START, "+1")
    core.add(job(1, parts=2), START)
    core.add(job(2), START)
    assert taken(core, "a") == [2]


def test_a_sim_whose_plan_is_used_up_is_stood_in_for_until_it_has_a_new_one() -> None:
    routes = (RouteSection(id="x", fallback="y"), RouteSection(id="y"))
    used_up = lane("a", ("x",), per_day=1)
    core = core_of(used_up, lane("b", ("y",)), routes=routes)
    sim_in(used_up).plan.record(START, "+1")
    core.add(job(1, route="x"), START)
    assert taken(core, "b") == []
    assert taken(core, "a") == []
    assert taken(core, "b") == [1]
    tomorrow = core.wake_at([])
    assert tomorrow == START // 86400 * 86400 + 86400
    core.tick(tomorrow)
    core.add(job(2, route="x"), tomorrow)
    assert taken(core, "b", tomorrow) == []
    assert taken(core, "a", tomorrow) == [2]


def test_a_recipient_leaves_its_sim_when_that_is_used_up() -> None:
    route = RouteSection(id="r", policy="sticky")
    used_up = lane("a", ("r",), per_day=1)
    core = core_of(used_up, lane("b", ("r",)), routes=(route,))
    core.sent_by(job(1, route="r", to="+1"), "sim-a")
    sim_in(used_up).plan.record(START, "+1")
    core.add(job(2, route="r", to="+1"), START)
    assert taken(core, "b") == []
    assert taken(core, "a") == []
    assert taken(core, "b") == [2]


def test_looking_past_many_messages_leaves_the_loop_alone_in_between() -> None:
    core = core_of(lane("a", unique_recipients_per_month=1))
    full_circle(core, "a", "+1")
    for n in range(2 * LOOK_PAST):
        core.add(job(n, to=f"+2{n}"), START)
    core.add(job(9999, to="+1"), START)
    for _ in range(2):
        assert core.take("a", START) is None
        assert core.wake_at(["a"]) == START
    assert taken(core, "a") == [9999]


def test_a_refused_message_goes_to_the_fallback_when_its_route_has_no_other_sim() -> None:
    routes = (RouteSection(id="x", fallback="y"), RouteSection(id="y"))
    core = core_of(lane("a", ("x",)), lane("b", ("y",)), routes=routes)
    one = job(1, route="x")
    assert core.another(one, "sim-a")
    one.avoid, one.avoid_until = frozenset({"sim-a"}), START + 60
    core.add(one, START)
    assert not core.another(one, "sim-b")
    assert taken(core, "a") == []
    assert taken(core, "b") == [1]


# --- a bank that changes


def test_a_removed_lane_leaves_its_work_to_the_others() -> None:
    route = RouteSection(id="r", policy="sticky")
    core = core_of(lane("a", ("r",)), lane("b", ("r",)), routes=(route,))
    core.sent_by(job(0, route="r", to="+1"), "sim-a")
    core.add(job(1, route="r", to="+1"), START)
    core.add(job(2, route="r"), START)
    core.add(job(3, route="r", modem="a"), START)
    core.remove_lane("a", START)
    with pytest.raises(KeyError):
        core.lane("a")
    assert taken(core, "b") == [1, 2]
    core.add_lane(lane("a", ("r",)))
    core.set_ready("a", True, like(core.lane("a"), "sim-new"), START)
    assert taken(core, "a") == [3]


def test_a_lane_that_comes_later_has_not_to_make_up_for_the_past() -> None:
    core = core_of(lane("a"), lane("b", weight=2))
    core.lane("a").used, core.lane("b").used = 100, 300
    late = lane("c", weight=3)
    core.add_lane(late)
    assert late.used == 300


def test_a_lane_may_get_other_routes() -> None:
    core = core_of(lane("a"), routes=(RouteSection(id="x"),))
    core.add(job(1, route="x"), START)
    assert taken(core, "a") == []
    core.change_lane("a", routes=("x",), weight=5)
    assert taken(core, "a") == [1]
    assert core.lane("a").weight == 5


def test_a_rerouted_message_goes_where_its_new_route_leads() -> None:
    core = core_of(lane("a", ("x",)), lane("b"), routes=(RouteSection(id="x"),))
    waiting, scheduled = job(1, route="x"), job(2, route="x", due_at=START + 10)
    for one in (waiting, scheduled):
        core.add(one, START)
    core.set_routes([RouteSection(id="default")], START)
    assert sorted(one.n for one in core.jobs()) == [1, 2]
    for one in list(core.jobs()):
        core.reroute(one, "default", START)
    assert taken(core, "b") == [1]
    core.tick(START + 10)
    assert taken(core, "b", START + 10) == [2]


def test_new_routes_let_go_of_what_lay_by_the_old_ones() -> None:
    routes = (RouteSection(id="r", policy="sticky"),)
    core = core_of(lane("a", ("r",)), lane("b", ("r",)), routes=routes)
    core.sent_by(job(0, route="r", to="+1"), "sim-a")
    core.add(job(1, route="r", to="+1"), START)
    passed_over = job(2, route="r")
    passed_over.avoid, passed_over.avoid_until = frozenset({"sim-b"}), START + 9999
    core.add(passed_over, START)
    core.set_routes([RouteSection(id="r"), RouteSection(id="default")], START)
    assert taken(core, "b") == [1, 2]


# --- the whole


class Matches(RuleBasedStateMachine):
    """Lanes and jobs at random. Every job is always in exactly one place."""

    @initialize()
    def begin(self) -> None:
        self.now = START
        routes = (RouteSection(id="x", fallback="default"), RouteSection(id="s", policy="sticky"))
        self.core = core_of(
            lane("a", ("default", "s"), per_hour=3),
            lane("b", ("x", "s"), unique_recipients_per_month=2),
            lane("c"),
            routes=routes,
        )
        self.n = 0
        self.hands: dict[str, Job] = {}
        self.held: set[int] = set()
        self.waiting: set[int] = set()
        self.over: set[int] = set()
        self.jobs: dict[int, Job] = {}

    @rule(
        type=st.sampled_from(["otp", "transactional", "promotional"]),
        route=st.sampled_from(["default", "x", "s"]),
        modem=st.sampled_from([None, None, None, "a", "b"]),
        parts=st.integers(1, 3),
        due=st.sampled_from([0, 0, 30, 1000]),
        to=st.integers(0, 3),
    )
    def accept(
        self, type: str, route: str, modem: str | None, parts: int, due: int, to: int
    ) -> None:
        self.n += 1
        one = job(
            self.n, type=type, route=route, modem=modem, parts=parts, to=f"+{to}",
            created_at=self.now, due_at=self.now + due, expires_at=self.now + 5000,
        )  # fmt: skip
        self.jobs[one.n] = one
        self.core.add(one, self.now)
        self.waiting.add(one.n)

    @rule(id=st.sampled_from("abc"))
    def take(self, id: str) -> None:
        if id in self.hands:
            return
        one = self.core.take(id, self.now)
        if one is None:
            return
        state = self.core.lane(id)
        assert state.ready
        assert one.n in self.waiting, "taken from the queue and from nowhere else"
        assert one.due_at <= self.now
        assert state.iccid not in one.avoid or one.avoid_until <= self.now
        assert one.modem in (None, id)
        assert one.sim in (None, state.iccid)
        self.waiting.discard(one.n)
        self.hands[id] = one
        allowed = sim_in(state).plan.allowed_at(self.now, len(one.pending()), one.to)
        assert allowed <= self.now
        for _ in one.pending():
            sim_in(state).plan.record(self.now, one.to)

    @rule(id=st.sampled_from("abc"), limits=st.sampled_from([{}, {"per_hour": 2}]))
    def replace(self, id: str, limits: dict[str, int]) -> None:
        if id not in self.hands:
            routes = self.core.lane(id).routes
            self.core.remove_lane(id, self.now)
            self.core.add_lane(lane(id, routes, **limits))

    @rule(id=st.sampled_from("abc"), routes=st.sampled_from([("x",), ("s", "x"), ("default",)]))
    def change(self, id: str, routes: tuple[str, ...]) -> None:
        self.core.change_lane(id, routes=routes, weight=2)

    @precondition(lambda self: self.jobs)
    @rule(route=st.sampled_from(["default", "x", "s"]), pick=st.randoms())
    def reroute(self, route: str, pick: Random) -> None:
        self.core.reroute(self.jobs[pick.choice(sorted(self.jobs))], route, self.now)

    @rule(policy=st.sampled_from(["sticky", "least_used"]), fallback=st.booleans())
    def reconfigure(self, policy: Any, fallback: bool) -> None:
        routes = [
            RouteSection(id="x", fallback="default" if fallback else None),
            RouteSection(id="s", policy=policy),
            RouteSection(id="default"),
        ]
        self.core.set_routes(routes, self.now)

    @precondition(lambda self: self.hands)
    @rule(end=st.sampled_from(["done", "part", "doubt", "later", "elsewhere"]), pick=st.randoms())
    def finish(self, end: str, pick: Random) -> None:
        id = pick.choice(sorted(self.hands))
        one = self.hands.pop(id)
        sim = self.core.lane(id).iccid
        assert sim is not None
        if end == "done":
            self.core.remove(one)
            self.core.sent_by(one, sim)
            self.over.add(one.n)
            return
        if end == "doubt":
            for index in one.pending():
                one.part(index).state = PartState.AMBIGUOUS
            one.sim = sim
            self.core.hold(one, self.now, self.now + 60)
            self.held.add(one.n)
            return
        if end == "part" and one.part_count > 1 and len(one.pending()) > 1:
            one.part(one.pending()[0]).state = PartState.ACCEPTED
            one.sim = sim
        if end == "elsewhere" and one.sim is None and self.core.another(one, sim):
            one.avoid, one.avoid_until = one.avoid | {sim}, self.now + 60
        self.core.add(one, self.now, at=self.now + 20 if end == "later" else None)
        self.waiting.add(one.n)

    @rule(id=st.sampled_from("abc"), ready=st.booleans(), moved=st.booleans())
    def health(self, id: str, ready: bool, moved: bool) -> None:
        sim = f"sim-{id}{'-new' if moved else ''}"
        self.core.set_ready(id, ready, like(self.core.lane(id), sim) if ready else None, self.now)

    @precondition(lambda self: self.waiting)
    @rule(pick=st.randoms())
    def cancel(self, pick: Random) -> None:
        n = pick.choice(sorted(self.waiting))
        self.core.remove(self.jobs[n])
        self.waiting.discard(n)
        self.over.add(n)

    @rule(seconds=st.sampled_from([1, 25, 61, 301, 2000]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        tick = self.core.tick(self.now)
        for one in tick.expired:
            assert one.n in self.waiting
            assert one.expires_at <= self.now
            self.waiting.discard(one.n)
            self.over.add(one.n)
        for one in tick.overdue:
            assert one.n in self.held
            self.held.discard(one.n)
            for index in one.ambiguous():
                one.part(index).state = PartState.PENDING
            if one.part_count == 1:
                one.sim = None
            self.core.add(one, self.now)
            self.waiting.add(one.n)

    @invariant()
    def every_job_is_in_one_place(self) -> None:
        if not hasattr(self, "core"):
            return
        hands = {one.n for one in self.hands.values()}
        assert len(hands) == len(self.hands)
        assert {n for n in self.jobs if self.core.is_waiting(self.jobs[n])} == self.waiting
        assert {n for n in self.jobs if self.core.get(n)} == self.waiting | hands | self.held
        assert not self.waiting & (hands | self.held)
        assert sum(self.core._waiting.counts.values()) <= len(self.waiting)
        assert not hands & self.held

    def teardown(self) -> None:
        """With every modem well again and time enough, everything goes out or expires."""
        if not hasattr(self, "core"):
            return
        for id in list(self.hands):
            self.core.remove(self.hands.pop(id))
        for id in "abc":
            self.core.remove_lane(id, self.now)
            self.core.add_lane(lane(id, ("default", "x", "s")))
            self.core.set_ready(id, True, sim_of(f"sim-{id}"), self.now)
        for _ in range(60):
            self.pass_time(301)
            for id in "abc":
                while self.core.lane(id).ready and id not in self.hands:
                    self.take(id)
                    if id not in self.hands:
                        break
                    self.core.remove(self.hands.pop(id))
        assert not self.waiting
        assert not self.held


TestMatches = Matches.TestCase
TestMatches.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# --- on the loop


class Desk:
    """A queue with lanes that ask for work when they are told to."""

    def __init__(self, *lanes: LaneState, routes: tuple[RouteSection, ...] = ()) -> None:
        self.clock = FakeClock()
        self.core = core_of(*lanes, routes=routes)
        self.expired: list[int] = []
        self.quotas: list[str] = []
        self.queue = Queue(
            self.core,
            clock=self.clock,
            on_due=lambda job: None,
            on_expired=lambda job: self.expired.append(job.n),
            on_overdue=lambda job: None,
            on_quota=lambda lane: self.quotas.append(lane.id),
        )
        self.asking: dict[str, asyncio.Task[Job]] = {}

    async def ask(self, id: str) -> None:
        self.asking[id] = asyncio.create_task(self.queue.next(id))
        await asyncio.sleep(0)

    async def got(self, id: str) -> int | None:
        for _ in range(3):
            await asyncio.sleep(0)
        task = self.asking[id]
        return task.result().n if task.done() and not task.cancelled() else None

    def no_idle_lane_overlooks_work(self) -> None:
        for id, future in list(self.queue._idle.items()):
            if not future.done():
                assert self.core.take(id, self.clock.now) is None, f"{id} idles while work waits"


async def test_new_work_wakes_an_idle_lane() -> None:
    desk = Desk(lane("a"))
    with desk.queue:
        await desk.ask("a")
        desk.queue.add(job(1))
        assert await desk.got("a") == 1


async def test_a_lane_that_leaves_while_it_is_handed_a_job_gives_it_back() -> None:
    desk = Desk(lane("a"), lane("b"))
    with desk.queue:
        await desk.ask("a")
        desk.queue.add(job(1))
        desk.asking["a"].cancel()
        await asyncio.gather(desk.asking["a"], return_exceptions=True)
        await desk.ask("b")
        assert await desk.got("b") == 1


async def test_a_job_handed_back_by_a_leaving_lane_wakes_another_that_idles() -> None:
    desk = Desk(lane("a"), lane("b"))
    with desk.queue:
        await desk.ask("a")
        await desk.ask("b")
        desk.queue.add(job(1))
        first = next(id for id, f in desk.asking.items() if id not in desk.queue._idle)
        other = "b" if first == "a" else "a"
        desk.asking[first].cancel()
        await asyncio.gather(desk.asking[first], return_exceptions=True)
        assert await desk.got(other) == 1


async def test_an_idle_lane_whose_limits_forbid_new_work_wakes_when_they_allow_it() -> None:
    desk = Desk(lane("a", per_minute=1))
    with desk.queue:
        sim_in(desk.core.lane("a")).plan.record(START, "+1")
        await desk.ask("a")
        desk.queue.add(job(1))
        assert desk.core.wake_at(["a"]) == START + 60
        desk.queue.add_all([job(2)])
        desk.clock.now = START + 60
        desk.queue._on_timer()
        assert await desk.got("a") == 1
        assert desk.quotas == []


async def test_a_used_up_plan_is_told_once() -> None:
    desk = Desk(lane("a", per_day=1))
    with desk.queue:
        sim_in(desk.core.lane("a")).plan.record(START, "+1")
        await desk.ask("a")
        for n in (1, 2, 3):
            desk.queue.add(job(n))
        assert desk.quotas == ["a"]


async def test_an_idle_lane_stands_in_at_once_for_a_sim_whose_plan_is_used_up() -> None:
    routes = (RouteSection(id="x", fallback="y"), RouteSection(id="y"))
    desk = Desk(lane("a", ("x",), per_day=1), lane("b", ("y",)), routes=routes)
    with desk.queue:
        sim_in(desk.core.lane("a")).plan.record(START, "+1")
        await desk.ask("b")
        await desk.ask("a")
        desk.queue.add(job(1, route="x"))
        assert await desk.got("b") == 1


async def test_a_long_look_past_goes_on_by_itself_and_is_told_once() -> None:
    desk = Desk(lane("a", unique_recipients_per_month=1))
    with desk.queue:
        full_circle(desk.core, "a", "+1")
        forbidden = [job(n, to=f"+2{n}") for n in range(3 * LOOK_PAST)]
        desk.queue.add_all([*forbidden, job(9999, to="+1")])
        await desk.ask("a")
        for _ in range(3):
            desk.queue._on_timer()
        assert await desk.got("a") == 9999
        assert desk.quotas == ["a"]


async def test_changed_routes_and_lanes_wake_who_may_carry_now() -> None:
    desk = Desk(lane("a"), lane("b", ("x",)), routes=(RouteSection(id="x"), RouteSection(id="y")))
    with desk.queue:
        for id in "ab":
            await desk.ask(id)
        for n, route in enumerate("yyy"):
            desk.queue.add(job(n, route=route))
        desk.queue.change_lane("a", routes=("y",), weight=1)
        assert await desk.got("a") == 0
        desk.queue.reroute(desk.core._waiting.jobs[1], "x")
        assert await desk.got("b") == 1
        await desk.ask("b")
        routes = [RouteSection(id="y", fallback="x"), RouteSection(id="x")]
        desk.queue.set_routes(routes)
        assert await desk.got("b") is None
        desk.queue.remove_lane("a")
        assert await desk.got("b") == 2


async def test_a_job_that_one_lane_s_limits_hold_back_goes_to_another_idle_lane() -> None:
    """Lane a fits, but finds its own pinned message first, which its limits forbid."""
    busy = lane("a", per_minute=3)
    desk = Desk(busy, lane("b"))
    with desk.queue:
        for _ in range(2):
            sim_in(busy).plan.record(START, "+1")
        desk.core.add(job(1, modem="a", parts=3), START)
        await desk.ask("a")
        await desk.ask("b")
        desk.core.lane("b").used = 5
        desk.queue.add(job(2))
        assert await desk.got("b") == 2


async def test_a_lane_whose_time_for_a_probe_has_come_takes_the_next_message() -> None:
    one = lane("a")
    desk = Desk(one)
    with desk.queue:
        for n in range(10):
            sim_in(one).breaker.refused(ErrorClass.SAME_SIM, f"+{n}", START)
        assert sim_in(one).breaker.open
        desk.queue.health_changed("a")
        await desk.ask("a")
        desk.clock.now += 120
        desk.queue.add(job(1))
        assert await desk.got("a") == 1


async def test_readiness_wakes_lanes_and_their_stand_ins() -> None:
    routes = (RouteSection(id="x", fallback="y"), RouteSection(id="y"))
    desk = Desk(lane("a", ("x",)), lane("b", ("y",)), routes=routes)
    with desk.queue:
        await desk.ask("b")
        desk.queue.add(job(1, route="x"))
        assert await desk.got("b") is None
        desk.queue.set_ready("a", False, None)
        assert await desk.got("b") == 1


@pytest.mark.parametrize("seed", range(30))
async def test_no_lane_idles_while_work_waits_that_it_may_carry(seed: int) -> None:
    random = Random(seed)
    routes = (RouteSection(id="x", fallback="default"), RouteSection(id="s", policy="sticky"))
    lanes = [
        lane("a", ("default", "s"), per_hour=4),
        lane("b", ("x", "s"), unique_recipients_per_month=2),
        lane("c", ("default", "x"), per_minute=1),
    ]
    desk = Desk(*lanes, routes=routes)
    with desk.queue:
        for n in range(120):
            action = random.random()
            if action < 0.35:
                desk.queue.add(
                    job(
                        n,
                        route=random.choice(["default", "x", "s"]),
                        modem=random.choice([None, None, "a"]),
                        to=f"+{random.randrange(4)}",
                        created_at=desk.clock.now,
                        due_at=desk.clock.now + random.choice([0, 0, 40]),
                        expires_at=desk.clock.now + 9e5,
                    )
                )
            elif action < 0.65:
                id = random.choice("abc")
                before = desk.asking.get(id)
                if before is None or before.done():
                    if before is not None:
                        sim_in(desk.core.lane(id)).plan.record(desk.clock.now, before.result().to)
                    await desk.ask(id)
            elif action < 0.8:
                id = random.choice("abc")
                desk.queue.set_ready(id, random.random() < 0.6, desk.core.lane(id).sim)
            else:
                desk.clock.now += random.choice([1, 45, 1800])
                desk.queue._on_timer()
            await asyncio.sleep(0)
            desk.no_idle_lane_overlooks_work()
        for task in desk.asking.values():
            task.cancel()
        await asyncio.gather(*desk.asking.values(), return_exceptions=True)
