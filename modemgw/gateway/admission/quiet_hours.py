"""Quiet hours by the clocks of several places at once: pure.

What a clock on the wall shows decides, so the nights on which clocks are changed need no care: an
hour that comes twice is quiet twice, and one that is left out ends nothing late.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from modemgw.config import QuietWindow
from modemgw.gateway.admission.zones import Zones

_MINUTE_S = 60
_DAY_MIN = 24 * 60
_WEEK_MIN = 7 * _DAY_MIN
_MONDAY_S = 4 * 86400
"""1970-01-05: the first Monday of the clock."""
_TURN_MIN = 15
"""Clocks are changed at such minutes of UTC only."""
AHEAD_DAYS = 9
"""So many days are looked through for a minute in which nobody sleeps."""


class QuietHours:
    """The minutes of the week in which nothing is sent."""

    def __init__(self, windows: Sequence[QuietWindow]) -> None:
        week = bytearray(_WEEK_MIN)
        for window in windows:
            for begin, end in window.minutes():
                for minute in range(begin, end):
                    week[minute % _WEEK_MIN] = 1
        self._week = bytes(week) + bytes(week[:_TURN_MIN])
        """Whether each minute from Monday on is quiet, and the first ones once more."""
        self._day = lru_cache(1024)(self._minutes_of)

    def until(self, zones: Zones, at: float) -> float | None:
        """When it is quiet no longer in any of these zones, in UTC seconds.

        None: it is quiet in none of them at `at`. Infinite: from then on one of them always is.
        """
        day, minute = divmod(int(at // _MINUTE_S), _DAY_MIN)
        if self._day(zones, day)[minute] == 0:
            return None
        for later in range(day, day + AHEAD_DAYS):
            found = self._day(zones, later).find(0, minute if later == day else 0)
            if found >= 0:
                return float((later * _DAY_MIN + found) * _MINUTE_S)
        return math.inf

    def _minutes_of(self, zones: Zones, day: int) -> bytes:
        """Whether each minute of a UTC day (0 is 1970-01-01) is quiet in one of these zones."""
        places = [ZoneInfo(zone) for zone in zones]
        turns = []
        for start in range(0, _DAY_MIN, _TURN_MIN):
            at = day * 86400 + start * _MINUTE_S
            turn = 0
            for place in places:
                turn |= self._turn(place, at)
            turns.append(turn.to_bytes(_TURN_MIN, "big"))
        return b"".join(turns)

    def _turn(self, place: ZoneInfo, at: int) -> int:
        """The minutes from `at` on, for as long as no clock is changed: an octet for each."""
        offset = datetime.fromtimestamp(at, place).utcoffset()
        shown = at + (0 if offset is None else int(offset.total_seconds()))
        minute = (shown - _MONDAY_S) // _MINUTE_S % _WEEK_MIN
        return int.from_bytes(self._week[minute : minute + _TURN_MIN], "big")
