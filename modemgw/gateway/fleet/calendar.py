"""The days and months of a plan: they begin at an hour of a place, also where that hour is odd.

A day has 23 or 25 hours when clocks change. An hour that clocks leave out begins the day where they
go on; of one that comes twice the first does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from modemgw.config import Limits


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to before `end`, in UTC seconds."""

    start: float
    end: float

    def __contains__(self, at: float) -> bool:
        return self.start <= at < self.end


class Calendar:
    """The days and months of the plan that `limits` describe. Times are UTC seconds."""

    def __init__(self, limits: Limits) -> None:
        self._hour = limits.day_reset_hour
        self._first = limits.month_reset_day
        self._zone: tzinfo = UTC if limits.timezone == "UTC" else ZoneInfo(limits.timezone)
        self._day = self._month = Span(0.0, 0.0)

    def day(self, at: float) -> Span:
        """The plan's day in which a moment lies."""
        if at not in self._day:
            one = timedelta(days=1)
            self._day = self._around(at, self._date(at), lambda day, n: day + n * one)
        return self._day

    def month(self, at: float) -> Span:
        """The plan's month in which a moment lies."""
        if at not in self._month:
            first = self._date(at).replace(day=self._first)
            self._month = self._around(at, first, _months_on)
        return self._month

    def _date(self, at: float) -> date:
        return datetime.fromtimestamp(at, self._zone).date()

    def _around(self, at: float, near: date, on: Callable[[date, int], date]) -> Span:
        """The span that holds a moment, among those that begin near a date."""
        # Where clocks go back over the hour a span has begun before its date comes again.
        starts = [self._begin(on(near, n)) for n in (-1, 0, 1, 2)]
        index = max(i for i, start in enumerate(starts[:-1]) if start <= at)
        return Span(starts[index], starts[index + 1])

    def _begin(self, day: date) -> float:
        """When a date begins by the plan."""
        local = datetime(day.year, day.month, day.day, self._hour, tzinfo=self._zone)
        return local.timestamp()


def _months_on(day: date, months: int) -> date:
    """The same day (1 to 28) of a month before or after."""
    count = day.year * 12 + day.month - 1 + months
    return day.replace(year=count // 12, month=count % 12 + 1)
