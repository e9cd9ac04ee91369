"""Limits of a SIM: never more in any window, and never less than allowed."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.config import Limits
from modemgw.gateway.fleet.plan import Plan


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOON = at("2026-11-22T12:00:00")


def throttle(*used: tuple[float, str], **limits: Any) -> Plan:
    return Plan(Limits(**limits), Random(3), used)


def fill(one: Plan, now: float, count: int, to: str = "+1") -> None:
    for _ in range(count):
        assert one.allowed_at(now, 1, to) == now
        one.record(now, to)


def test_without_limits_everything_goes_at_once() -> None:
    one = throttle()
    fill(one, NOON, 10_000)


@pytest.mark.parametrize(
    ("limits", "count", "again"),
    [
        ({"per_minute": 3}, 3, "2026-11-22T12:01:00"),
        ({"per_hour": 3}, 3, "2026-11-22T13:00:00"),
        ({"per_day": 3}, 3, "2026-11-23T00:00:00"),
        ({"per_day": 3, "day_reset_hour": 15}, 3, "2026-11-22T15:00:00"),
        ({"per_month": 3}, 3, "2026-12-01T00:00:00"),
        ({"per_month": 3, "month_reset_day": 28}, 3, "2026-11-28T00:00:00"),
        (
            {"per_month": 3, "month_reset_day": 10, "day_reset_hour": 6},
            3,
            "2026-12-10T06:00:00",
        ),
        ({"min_interval": 7}, 1, "2026-11-22T12:00:07"),
        ({"per_minute": 3, "per_day": 3}, 3, "2026-11-23T00:00:00"),
    ],
)
def test_a_used_up_limit_says_when_it_allows_more(
    limits: dict[str, Any], count: int, again: str
) -> None:
    one = throttle(**limits)
    fill(one, NOON, count)
    then = one.allowed_at(NOON, 1, "+1")
    assert then == at(again)
    assert one.allowed_at(then, 1, "+1") == then


def test_new_recipients_are_refused_and_known_ones_are_not() -> None:
    one = throttle(unique_recipients_per_month=2)
    fill(one, NOON, 5, "+1")
    fill(one, NOON, 5, "+2")
    assert one.allowed_at(NOON, 1, "+1") == NOON
    assert one.allowed_at(NOON, 1, "+3") == at("2026-12-01T00:00:00")
    assert one.allowed_at(at("2026-12-01T00:00:00"), 1, "+3") == at("2026-12-01T00:00:00")


def test_jitter_is_added_to_the_interval_and_is_bounded() -> None:
    waits = set()
    for seed in range(50):
        one = Plan(Limits(min_interval=5, jitter=3), Random(seed))
        one.record(NOON, "+1")
        waits.add(one.allowed_at(NOON, 1, "+1") - NOON)
    assert all(5 <= wait <= 8 for wait in waits)
    assert len(waits) > 10


def test_a_message_longer_than_a_limit_goes_when_the_window_is_empty() -> None:
    for limits in ({"per_minute": 2}, {"per_hour": 2}, {"per_day": 2}, {"per_month": 2}):
        one = throttle(**limits)
        assert one.allowed_at(NOON, 5, "+1") == NOON, limits
        one.record(NOON, "+1")
        assert one.allowed_at(NOON, 5, "+1") > NOON, limits


def test_parts_of_one_message_are_counted_together() -> None:
    one = throttle(per_minute=5)
    fill(one, NOON, 3)
    assert one.allowed_at(NOON, 2, "+1") == NOON
    assert one.allowed_at(NOON, 3, "+1") == NOON + 60


def test_limits_outlive_a_restart() -> None:
    before = [(NOON - 30, "+1"), (NOON - 20, "+2"), (NOON - 10, "+1")]
    one = throttle(*before, per_minute=3)
    assert one.allowed_at(NOON, 1, "+1") == NOON + 30
    one = throttle(*before, per_day=3)
    assert one.allowed_at(NOON, 1, "+1") == at("2026-11-23T00:00:00")
    one = throttle(*before, unique_recipients_per_month=2)
    assert one.allowed_at(NOON, 1, "+3") == at("2026-12-01T00:00:00")


def test_the_window_that_counts_reaches_back_to_the_month_s_first_day() -> None:
    one = throttle(per_month=10, month_reset_day=5)
    assert one.window_start(NOON) == at("2026-11-05T00:00:00")
    just_after = at("2026-11-05T00:10:00")
    assert one.window_start(just_after) <= just_after - 3600


def test_what_was_not_sent_is_given_back() -> None:
    one = throttle(per_minute=1, per_day=1, per_month=1)
    one.record(NOON, "+1")
    one.give_back()
    assert one.allowed_at(NOON, 1, "+1") == NOON


@settings(max_examples=150, deadline=None)
@given(
    per_minute=st.integers(0, 5),
    per_hour=st.integers(0, 12),
    per_day=st.integers(0, 30),
    interval=st.sampled_from([0.0, 0.0, 1.5, 20.0]),
    hour=st.integers(0, 23),
    wishes=st.lists(st.tuples(st.floats(0, 4000), st.integers(1, 3)), max_size=60),
)
def test_never_more_than_the_limits_in_any_window(
    per_minute: int,
    per_hour: int,
    per_day: int,
    interval: float,
    hour: int,
    wishes: list[tuple[float, int]],
) -> None:
    one = throttle(
        per_minute=per_minute,
        per_hour=per_hour,
        per_day=per_day,
        min_interval=interval,
        day_reset_hour=hour,
    )
    fits = [limit for limit in (per_minute, per_hour, per_day) if limit]
    now, starts, firsts = NOON, list[float](), list[float]()
    for pause, parts in wishes:
        if any(parts > limit for limit in fits):
            continue
        now += pause
        for _ in range(50):
            then = one.allowed_at(now, parts, "+1")
            assert then >= now
            if then == now:
                break
            now = then
        else:
            pytest.fail("it promises a time, and at that time promises another")
        firsts.append(now)
        for _ in range(parts):
            one.record(now, "+1")
            starts.append(now)
            now += 0.25
    for limit, span in ((per_minute, 60.0), (per_hour, 3600.0)):
        if limit:
            for start in starts:
                inside = sum(start <= s < start + span for s in starts)
                assert inside <= limit
    if per_day:
        days: dict[float, int] = {}
        for first in firsts:
            days.setdefault((first - hour * 3600) // 86400, 0)
        for s in starts:
            day = (s - hour * 3600) // 86400
            days[day] = days.get(day, 0) + 1
        # A message that begins before the day's end may run a few parts over it.
        assert all(count <= per_day + 3 for count in days.values())
    if interval:
        assert all(b - a >= interval for a, b in pairwise(firsts))


def test_a_recipient_who_was_not_written_to_after_all_is_none_of_the_month_s() -> None:
    one = throttle(unique_recipients_per_month=2)
    fill(one, NOON, 1, "+1")
    one.record(NOON, "+2")
    one.give_back()
    fill(one, NOON, 1, "+3")
    assert one.allowed_at(NOON, 1, "+2") > NOON
    one.record(NOON + 1, "+1")
    one.give_back()
    assert one.allowed_at(NOON + 1, 1, "+1") == NOON + 1, "it was written to before"


def test_what_was_not_sent_leaves_no_pause_behind_and_costs_no_other_day() -> None:
    midnight = at("2026-11-23T00:00:00")
    one = throttle(min_interval=60, per_day=2)
    fill(one, midnight - 120, 1)
    one.record(midnight - 5, "+1")
    assert one.allowed_at(midnight + 1, 1, "+1") == midnight + 55  # a look, in the new day
    one.give_back()
    assert one.allowed_at(midnight + 1, 1, "+1") == midnight + 1
    fill(one, midnight + 1, 1)
    fill(one, midnight + 61, 1)
    assert one.allowed_at(midnight + 200, 1, "+1") == at("2026-11-24T00:00:00")


def test_only_what_was_recorded_last_can_be_given_back() -> None:
    one = throttle(per_day=2)
    fill(one, NOON, 2)
    one.give_back()
    one.give_back()
    fill(one, NOON, 1)
    assert one.allowed_at(NOON, 1, "+1") > NOON


def test_much_that_was_sent_long_ago_is_let_go() -> None:
    one = throttle(per_day=1_000_000)
    for n in range(20_000):
        one.record(NOON + n * 60, f"+{n}")
    assert len(one._starts) < 10_000
    monthly = throttle(unique_recipients_per_month=1_000_000)
    for n in range(20_000):
        monthly.record(NOON + n * 3600, f"+{n}")
    assert len(monthly._starts) < 10_000
    assert len(monthly._written) < 10_000
