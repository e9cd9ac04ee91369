import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sms import Timestamp

QUARTER = dt.timedelta(minutes=15)


def at(text: str) -> Timestamp:
    return Timestamp(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("octets", "iso"),
    [
        ("52801041035140", "2025-08-01T14:30:15+01:00"),
        ("42209231732480", "2024-02-29T13:37:42+02:00"),
        ("0160124130340A", "2010-06-21T14:03:43-05:00"),
        ("10101032959532", "2001-01-01T23:59:59+05:45"),
        ("99219231959508", "2099-12-29T13:59:59+00:00"),
    ],
)
def test_octets_are_a_moment_in_quarters_of_an_hour(octets: str, iso: str) -> None:
    assert at(octets).datetime == dt.datetime.fromisoformat(iso)
    assert at(octets).problem is None
    assert str(at(octets)) == iso


@given(
    st.integers(946684800 + 86400, 4102444799 - 86400),
    st.integers(-79, 79).filter(bool) | st.just(0),
)
def test_every_moment_of_the_century_survives_in_every_zone(second: int, quarters: int) -> None:
    zone = dt.timezone(quarters * QUARTER)
    moment = dt.datetime.fromtimestamp(second, zone)
    again = Timestamp.from_datetime(moment).datetime
    assert again == moment
    assert again is not None
    assert again.utcoffset() == moment.utcoffset()


def test_a_zone_between_quarters_is_moved_but_the_moment_stays() -> None:
    moment = dt.datetime(2024, 1, 1, tzinfo=dt.timezone(-dt.timedelta(minutes=44)))
    again = Timestamp.from_datetime(moment).datetime
    assert again == moment
    assert again is not None
    assert again.utcoffset() == -3 * QUARTER


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (dt.datetime(2024, 1, 1), "time zone"),  # noqa: DTZ001
        (dt.datetime(1999, 12, 31, tzinfo=dt.UTC), "1999"),
        (dt.datetime(2100, 1, 1, tzinfo=dt.UTC), "2100"),
        (dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=20))), "no room"),
    ],
)
def test_a_moment_that_seven_octets_cannot_hold_is_refused(moment: dt.datetime, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Timestamp.from_datetime(moment)


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        ("00000000000000", "all zero"),
        ("FFFFFFFFFFFFFF", "no such date"),
        ("42200331732480", "24 02 30"),
        ("42209231732480"[:4] + "AF31732480", "no such date"),
    ],
)
def test_an_impossible_date_is_told_and_not_raised(octets: str, problem: str) -> None:
    stamp = at(octets)
    assert stamp.datetime is None
    assert stamp.local is None
    assert problem in str(stamp.problem)
    assert problem in str(stamp)


def test_date_and_time_survive_an_impossible_zone() -> None:
    stamp = at("422092317324FF")
    assert stamp.datetime is None
    assert stamp.local == dt.datetime(2024, 2, 29, 13, 37, 42)  # noqa: DTZ001
    assert "time zone octet FF" in str(stamp.problem)


@given(st.binary(min_size=7, max_size=7))
def test_any_seven_octets_are_a_moment_or_have_a_problem(octets: bytes) -> None:
    stamp = Timestamp(octets)
    assert (stamp.datetime is None) == (stamp.problem is not None)
    moment = stamp.datetime
    if moment is not None and octets[6] != 0x08:  # minus zero
        assert Timestamp.from_datetime(moment).raw == octets


def test_a_time_stamp_has_seven_octets() -> None:
    with pytest.raises(ValueError, match="7 octets, not 6"):
        Timestamp(bytes(6))
