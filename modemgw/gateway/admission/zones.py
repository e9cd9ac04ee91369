"""The time zones in which the phone of a number may be, by phonenumbers' data.

A number that is tied to a place is looked up by its beginning. One that is not (in many countries
every mobile number) may be anywhere in its country, so it gets all of the country's zones.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone
from phonenumbers.phonenumberutil import is_number_type_geographical
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

Zones = tuple[str, ...]
"""Names of the IANA time zone database; empty: nobody knows."""

_NANP = 1
"""The country code of the North American Numbering Plan, whose countries have area codes of their
own: what begins with one is in its country, mobile or not."""


def zones_of(number: str) -> Zones:
    """The zones of a number as it is dialled (`+` and E.164 digits; a short code has none)."""
    code = _country_code(number[1:4]) if number[:1] == "+" else 0
    country = _of_country(code)
    if len(country) < 2:  # most countries: what kind of number it is does not matter
        return country
    return _by_beginning(number) if code == _NANP else _in_a_wide_country(number, code)


@lru_cache(maxsize=1024)
def _country_code(three: str) -> int:
    """The country code with which these digits begin; 0: none."""
    for n in (1, 2, 3):
        if three[:n].isdecimal() and int(three[:n]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return int(three[:n])
    return 0


@lru_cache(maxsize=512)
def _of_country(code: int) -> Zones:
    number = phonenumbers.PhoneNumber(country_code=code, national_number=0)
    return _distinct(timezone.time_zones_for_geographical_number(number)) if code else ()


@lru_cache(maxsize=16_384)
def _in_a_wide_country(number: str, code: int) -> Zones:
    national = number[1 + len(str(code)) :]
    # It was read before: reading it again would cost as much as all the rest.
    read = phonenumbers.PhoneNumber(country_code=code, national_number=int(national or "0"))
    if is_number_type_geographical(phonenumbers.number_type(read), code):
        return _by_beginning(number)
    # A smaller country that shares the code (Kazakhstan, Mayotte) has beginnings of its own.
    main, *others = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    if others and phonenumbers.region_code_for_number(read) not in (None, main):
        return _by_beginning(number)
    return _of_country(code)


def _by_beginning(number: str) -> Zones:
    return _looked_up(number[1 : 1 + TIMEZONE_LONGEST_PREFIX])


@lru_cache(maxsize=16_384)
def _looked_up(digits: str) -> Zones:
    for n in range(len(digits), 0, -1):
        if (found := TIMEZONE_DATA.get(digits[:n])) is not None:
            return _distinct(found)
    return ()


@lru_cache(maxsize=1024)
def _distinct(names: Zones) -> Zones:
    """These zones, of those that always show the same time only the best known."""
    known = sorted(names, key=_weights().__getitem__)
    by_clock = {shown: name for name in known if (shown := _clock_of(name))}
    return tuple(sorted(by_clock.values()))


@lru_cache(maxsize=1)
def _weights() -> Counter[str]:
    """How many beginnings of numbers lead to each zone."""
    return Counter(name for names in TIMEZONE_DATA.values() for name in names)


_SAMPLES = [
    datetime(year, month, day)  # noqa: DTZ001 - by the zone's own clock
    for year in range(2024, 2034)
    for month in range(1, 13)
    for day in (1, 15)
]


@lru_cache(maxsize=1024)
def _clock_of(name: str) -> tuple[timedelta | None, ...]:
    """What the clocks of a zone show for ten years; empty for one that is not known here."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ()
    return tuple(map(zone.utcoffset, _SAMPLES))
