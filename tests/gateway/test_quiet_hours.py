"""Quiet hours by the recipient's clock: zones of numbers, DST nights, several zones at once."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers.tzdata import TIMEZONE_DATA

from modemgw.config import ConfigError, parse, windows
from modemgw.gateway.admission.quiet_hours import QuietHours
from modemgw.gateway.admission.zones import zones_of

NIGHT = ("21:00-08:00",)


def quiet(*texts: str) -> QuietHours:
    return QuietHours(windows(texts))


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def shown(at: float | None) -> str | None:
    """UTC, as `2026-03-29 07:00`."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


# --- whose zone it is


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+447700900123", ("Europe/London",)),  # nobody's, and in Britain all the same
        ("+12125550123", ("America/New_York",)),
        ("+18085550123", ("Pacific/Honolulu",)),
        ("+18765551234", ("America/Jamaica",)),  # a mobile: the area code says enough
        ("+393123456789", ("Europe/Rome",)),
        ("+61299990000", ("Australia/Sydney",)),
        ("+5511961234567", ("America/Sao_Paulo",)),
        ("+5569991234567", ("America/Manaus",)),
        ("+73952123456", ("Asia/Irkutsk",)),
        ("+77710009998", ("Asia/Almaty", "Asia/Aqtobe")),  # not Russia, which has the code too
        ("+9999123456", ()),
        ("12345", ()),
    ],
)
def test_a_number_that_is_tied_to_a_place_has_its_zones(
    number: str, zones: tuple[str, ...]
) -> None:
    assert zones_of(number) == zones


@pytest.mark.parametrize(
    ("number", "among", "least"),
    [
        ("+79161234567", {"Europe/Moscow", "Asia/Kamchatka", "Asia/Vladivostok"}, 11),
        ("+61412345678", {"Australia/Perth", "Australia/Sydney", "Australia/Lord_Howe"}, 6),
        ("+34612345678", {"Europe/Madrid", "Atlantic/Canary"}, 2),
    ],
)
def test_a_mobile_number_may_be_anywhere_in_its_country(
    number: str, among: set[str], least: int
) -> None:
    zones = zones_of(number)
    assert among <= set(zones)
    assert len(zones) >= least


def test_every_zone_that_numbers_have_is_known_here() -> None:
    names = {name for names in TIMEZONE_DATA.values() for name in names}
    assert not [name for name in sorted(names) if ZoneInfo(name) is None]


# --- one zone


@pytest.mark.parametrize(
    ("zone", "hours", "at", "until"),
    [
        # A night like any other, and its edges.
        ("Europe/London", "21:00-08:00", "2026-01-10 20:59", None),
        ("Europe/London", "21:00-08:00", "2026-01-10 21:00", "2026-01-11 08:00"),
        ("Europe/London", "21:00-08:00", "2026-01-11 07:59", "2026-01-11 08:00"),
        ("Europe/London", "21:00-08:00", "2026-01-11 08:00", None),
        # London, clocks go forward at 01:00 UTC: the night is an hour shorter …
        ("Europe/London", "21:00-08:00", "2026-03-28 21:00", "2026-03-29 07:00"),
        ("Europe/London", "21:00-08:00", "2026-03-29 20:00", "2026-03-30 07:00"),
        # … and an hour longer when they go back at 01:00 UTC.
        ("Europe/London", "21:00-08:00", "2026-10-24 20:00", "2026-10-25 08:00"),
        ("Europe/London", "21:00-08:00", "2026-10-25 20:00", None),
        ("Europe/London", "21:00-08:00", "2026-10-25 21:00", "2026-10-26 08:00"),
        # Hours that end in the hour which is left out (01:00 to 02:00) end when it begins …
        ("Europe/London", "22:00-01:30", "2026-03-29 00:59", "2026-03-29 01:00"),
        ("Europe/London", "22:00-01:30", "2026-03-29 01:00", None),
        # … those within it never are, and in the hour that comes twice they are twice.
        ("Europe/London", "01:10-01:50", "2026-03-29 01:20", None),
        ("Europe/London", "01:10-01:50", "2026-10-25 00:20", "2026-10-25 00:50"),
        ("Europe/London", "01:10-01:50", "2026-10-25 00:55", None),
        ("Europe/London", "01:10-01:50", "2026-10-25 01:20", "2026-10-25 01:50"),
        # New York: forward at 07:00 UTC on 8 March, back at 06:00 UTC on 1 November.
        ("America/New_York", "21:00-08:00", "2026-03-08 02:00", "2026-03-08 12:00"),
        ("America/New_York", "21:00-08:00", "2026-03-07 02:00", "2026-03-07 13:00"),
        ("America/New_York", "21:00-08:00", "2026-11-01 01:00", "2026-11-01 13:00"),
        ("America/New_York", "21:00-08:00", "2026-11-02 01:59", None),
        # Lord Howe is 10:30 ahead, 11:00 in summer: half an hour, on 5 April and 4 October.
        ("Australia/Lord_Howe", "21:00-08:00", "2026-04-04 10:00", "2026-04-04 21:30"),
        ("Australia/Lord_Howe", "21:00-08:00", "2026-10-03 10:30", "2026-10-03 21:00"),
        ("Australia/Lord_Howe", "01:40-01:50", "2026-04-04 14:45", "2026-04-04 14:50"),
        ("Australia/Lord_Howe", "01:40-01:50", "2026-04-04 15:15", "2026-04-04 15:20"),
        # No clocks are changed.
        ("Asia/Kolkata", "21:00-08:00", "2026-03-29 15:30", "2026-03-30 02:30"),
        ("Asia/Kolkata", "21:00-08:00", "2026-03-29 15:29", None),
        ("America/Phoenix", "21:00-08:00", "2026-03-08 04:00", "2026-03-08 15:00"),
        # Within one day, and the whole of a day.
        ("UTC", "12:00-14:00", "2026-01-10 13:30", "2026-01-10 14:00"),
        ("UTC", "sun 00:00-24:00", "2026-01-11 00:00", "2026-01-12 00:00"),
        ("UTC", "sun 00:00-24:00", "2026-01-10 23:59", None),
        ("UTC", "fri 20:00-06:00", "2026-01-10 05:00", "2026-01-10 06:00"),
        ("UTC", "fri 20:00-06:00", "2026-01-11 05:00", None),
    ],
)
def test_it_is_quiet_until_the_clock_there_says_so(
    zone: str, hours: str, at: str, until: str | None
) -> None:
    assert shown(quiet(hours).until((zone,), utc(at))) == until


def test_a_sunday_follows_on_the_night_before_it() -> None:
    hours = quiet("21:00-08:00", "sun 00:00-24:00")
    assert shown(hours.until(("Europe/Paris",), utc("2026-01-10 20:30"))) == "2026-01-12 07:00"


# --- several zones


def test_all_of_the_zones_must_be_awake() -> None:
    zones = ("America/Los_Angeles", "America/New_York")
    # 08:00 in New York is 05:00 in Los Angeles; and there it is 21:00 three hours later.
    assert shown(quiet(*NIGHT).until(zones, utc("2026-01-10 13:00"))) == "2026-01-10 16:00"
    assert shown(quiet(*NIGHT).until(zones, utc("2026-01-11 02:00"))) == "2026-01-11 16:00"
    assert quiet(*NIGHT).until(zones, utc("2026-01-10 16:00")) is None


def test_a_russian_mobile_has_a_few_hours_of_the_day() -> None:
    zones = zones_of("+79161234567")
    # Kamchatka's 21:00 is 09:00 UTC; in Kaliningrad (the data say Bucharest) it is 08:00 at 06:00.
    assert shown(quiet(*NIGHT).until(zones, utc("2026-01-10 12:00"))) == "2026-01-11 06:00"
    assert quiet(*NIGHT).until(zones, utc("2026-01-11 08:59")) is None
    assert shown(quiet(*NIGHT).until(zones, utc("2026-01-11 09:00"))) == "2026-01-12 06:00"


def test_where_one_always_sleeps_there_is_no_end() -> None:
    zones = ("Asia/Shanghai", "Europe/London", "America/Los_Angeles")
    assert quiet(*NIGHT).until(zones, utc("2026-01-10 12:00")) == math.inf


# --- whatever the hours, the zones and the moment

PLACES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "America/St_Johns",
    "Africa/Casablanca",
    "Asia/Gaza",
    "America/Santiago",
    "Pacific/Kiritimati",
)
MOMENTS = st.integers(int(utc("2024-01-01 00:00")), int(utc("2033-12-31 00:00")))
TURNS = st.sampled_from(
    [  # around the changes of clocks
        int(utc(at))
        for at in (
            "2026-03-29 01:00",
            "2026-10-25 01:00",
            "2026-03-08 07:00",
            "2026-11-01 06:00",
            "2026-04-04 15:00",
            "2026-10-03 15:30",
        )
    ]
).flatmap(lambda turn: st.integers(turn - 20 * 3600, turn + 20 * 3600))


def is_quiet(start: int, end: int, zone: str, at: float) -> bool:
    """By the definition: what the clock there shows, lies in it."""
    there = datetime.fromtimestamp(at, ZoneInfo(zone))
    minute = there.hour * 60 + there.minute
    return start <= minute < end if start < end else minute >= start or minute < end


@settings(max_examples=300, deadline=None)
@given(
    start=st.integers(0, 1439),
    length=st.integers(1, 1380),
    zone=st.sampled_from(PLACES),
    at=MOMENTS | TURNS,
)
def test_the_end_is_not_quiet_all_before_it_is_and_it_is_within_a_day(
    start: int, length: int, zone: str, at: int
) -> None:
    end = (start + length) % 1440
    text = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    until = quiet(text).until((zone,), at)
    if until is None:
        assert not is_quiet(start, end, zone, at)
        return
    assert not is_quiet(start, end, zone, until)
    assert at < until <= at + 86400
    step = max(60, int(until - at) // 40 // 60 * 60)
    assert all(is_quiet(start, end, zone, t) for t in range(at, int(until), step))
    assert is_quiet(start, end, zone, until - 60)


@settings(max_examples=100, deadline=None)
@given(zones=st.sets(st.sampled_from(PLACES), min_size=1, max_size=4), at=MOMENTS)
def test_the_end_is_quiet_in_none_of_several_zones(zones: set[str], at: int) -> None:
    hours = quiet("23:00-06:00")
    until = hours.until(tuple(zones), at)
    if until is None or until == math.inf:
        return
    assert not any(is_quiet(23 * 60, 6 * 60, zone, until) for zone in zones)
    assert any(is_quiet(23 * 60, 6 * 60, zone, at) for zone in zones)
    assert until <= at + 86400


# --- as they are written


def hours_of(value: object) -> tuple[str, ...]:
    config = parse({"type": {"promotional": {"quiet_hours": value}}})
    return config.type.promotional.quiet_hours


def test_they_are_written_as_one_text_or_several() -> None:
    assert hours_of("21:00-08:00") == NIGHT
    assert hours_of("") == ()
    assert hours_of(["21:00-08:00", "sat,sun 00:00-24:00"]) == (
        "21:00-08:00",
        "sat,sun 00:00-24:00",
    )
    (window,) = windows(["Fri - mon 20:30 - 7:00"])
    assert (window.days, window.start, window.end) == ((0, 4, 5, 6), 1230, 420)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("21-8", "'21-8' is no quiet time: it wants \"21:00-08:00\""),
        ("21:00-25:00", "25:00 is no time of the day"),
        ("21:60-08:00", "21:60 is no time of the day"),
        ("08:00-08:00", "it ends when it begins"),
        ("noday 21:00-08:00", "'noday' is no day; there is mon, tue"),
        ("00:00-24:00", "less than an hour of the week"),
        (["00:00-12:00", "12:00-24:00"], "less than an hour of the week"),
    ],
)
def test_what_is_written_wrong_is_told(value: object, told: str) -> None:
    with pytest.raises(ConfigError, match=r"type\.promotional\.quiet_hours") as caught:
        hours_of(value)
    assert told in str(caught.value)


def test_an_hour_zone_is_a_quarter_hour_zone() -> None:
    """The days are looked at in quarters of an hour: no clock is changed within one."""
    names = {name for names in TIMEZONE_DATA.values() for name in names}
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    for name in sorted(names):
        zone = ZoneInfo(name)
        for day in range(365 * 2):
            at = begin + timedelta(days=day)
            later = at + timedelta(days=1)
            if at.astimezone(zone).utcoffset() == later.astimezone(zone).utcoffset():
                continue
            turns = [at + timedelta(minutes=n) for n in range(24 * 60 + 1)]
            before = turns[0].astimezone(zone).utcoffset()
            changed = next(t for t in turns if t.astimezone(zone).utcoffset() != before)
            assert changed.minute % 15 == 0, (name, changed)
