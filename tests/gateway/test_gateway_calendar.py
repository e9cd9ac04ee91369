"""The days and months of plans, where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.config import Config, ConfigError, Limits, parse
from modemgw.gateway.fleet.calendar import Calendar
from modemgw.gateway.fleet.plan import Plan

HOUR = 3600.0


def at(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def calendar(zone: str, **more: Any) -> Calendar:
    return Calendar(Limits(timezone=zone, **more))


@pytest.mark.parametrize(
    ("zone", "hour", "now", "start", "hours"),
    [
        ("UTC", 0, "2026-03-29T12:00:00+00:00", "2026-03-29T00:00:00+00:00", 24),
        ("Europe/Berlin", 0, "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00", 23),
        ("Europe/Berlin", 0, "2026-10-25T12:00:00+01:00", "2026-10-25T00:00:00+02:00", 25),
        ("Europe/Berlin", 6, "2026-03-28T12:00:00+01:00", "2026-03-28T06:00:00+01:00", 23),
        ("Europe/Berlin", 6, "2026-10-25T05:59:59+01:00", "2026-10-24T06:00:00+02:00", 25),
        # 02:00 does not come on that day, or comes twice.
        ("Europe/Berlin", 2, "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00", 23),
        ("Europe/Berlin", 2, "2026-03-29T01:59:59+01:00", "2026-03-28T02:00:00+01:00", 24),
        ("Europe/Berlin", 2, "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+02:00", 25),
        ("Europe/Berlin", 2, "2026-10-25T02:30:00+01:00", "2026-10-25T02:00:00+02:00", 25),
        ("America/New_York", 0, "2026-11-01T23:59:59-05:00", "2026-11-01T00:00:00-04:00", 25),
        ("Asia/Kathmandu", 0, "2026-06-01T00:00:00+05:45", "2026-06-01T00:00:00+05:45", 24),
        ("Pacific/Kiritimati", 0, "2026-06-01T00:00:00+14:00", "2026-06-01T00:00:00+14:00", 24),
        ("Australia/Lord_Howe", 0, "2026-10-04T12:00:00+11:00", "2026-10-04T00:00:00+10:30", 23.5),
        # Midnight itself is left out, or comes twice.
        ("Africa/Cairo", 0, "2026-04-24T01:00:00+03:00", "2026-04-24T01:00:00+03:00", 23),
        ("America/Havana", 0, "2026-11-01T00:30:00-05:00", "2026-11-01T00:00:00-04:00", 25),
    ],
)
def test_a_day_begins_at_its_hour_there(
    zone: str, hour: int, now: str, start: str, hours: float
) -> None:
    day = calendar(zone, day_reset_hour=hour).day(at(now))
    assert day.start == at(start)
    assert day.end - day.start == hours * HOUR
    assert at(now) in day


@pytest.mark.parametrize(
    ("zone", "first", "now", "start", "end"),
    [
        ("UTC", 1, "2026-02-28T23:59:59+00:00", "2026-02-01T00:00+00:00", "2026-03-01T00:00+00:00"),
        (
            "Europe/London",
            28,
            "2026-03-29T12:00:00+01:00",
            "2026-03-28T00:00+00:00",
            "2026-04-28T00:00+01:00",
        ),
        (
            "America/New_York",
            1,
            "2026-03-01T03:00:00+00:00",  # there it is still February
            "2026-02-01T00:00-05:00",
            "2026-03-01T00:00-05:00",
        ),
        (
            "Pacific/Auckland",
            1,
            "2025-12-31T11:00:00+00:00",  # there it is January
            "2026-01-01T00:00+13:00",
            "2026-02-01T00:00+13:00",
        ),
    ],
)
def test_a_month_begins_on_its_day_there(
    zone: str, first: int, now: str, start: str, end: str
) -> None:
    month = calendar(zone, month_reset_day=first).month(at(now))
    assert (month.start, month.end) == (at(start), at(end))


@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/Havana", "Africa/Cairo", "America/St_Johns", "Asia/Tehran"]
    ),
    hour=st.integers(0, 23),
    first=st.integers(1, 28),
    now=st.floats(at("1990-01-01T00:00+00:00"), at("2037-01-01T00:00+00:00")),
)
def test_days_and_months_follow_one_another(zone: str, hour: int, first: int, now: float) -> None:
    one = calendar(zone, day_reset_hour=hour, month_reset_day=first)
    for span_of in (one.day, one.month):
        spans = [span_of(now)]
        for _ in range(3):
            spans.append(span_of(spans[-1].end))
        assert now in spans[0]
        assert all(a.end == b.start and a.start < a.end for a, b in pairwise(spans))
        assert span_of(spans[1].start - 1.0) == spans[0], "whatever was asked before"


def test_the_day_s_limit_is_that_of_a_day_of_25_hours() -> None:
    limits = Limits(per_day=3, per_month=100, timezone="Europe/Berlin")
    one = Plan(limits, Random(1))
    for hour in ("00:30+02:00", "12:00+01:00", "22:00+01:00"):
        one.record(at(f"2026-10-25T{hour}"), "+1")
    # 24 hours after the day began it is not over yet.
    last = at("2026-10-25T23:30+01:00")
    assert one.allowed_at(last, 1, "+1") == at("2026-10-26T00:00+01:00")


def test_the_zone_of_one_sim_may_differ_from_that_of_the_others() -> None:
    config: Config = parse(
        {
            "sim_limits": {"per_day": 5, "timezone": "Europe/Riga"},
            "modem": [
                {"id": "a", "device": "/dev/a"},
                {"id": "b", "device": "/dev/b", "limits": {"timezone": "Asia/Tokyo"}},
            ],
        }
    )
    assert [config.limits_of(m).timezone for m in config.modem] == ["Europe/Riga", "Asia/Tokyo"]


@pytest.mark.parametrize("name", ["Europe/Lodnon", "", "Europe", "../etc/passwd", "/etc/localtime"])
def test_a_zone_that_there_is_not_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match=r"sim_limits.timezone: .*Europe/London"):
        parse({"sim_limits": {"timezone": name}})
