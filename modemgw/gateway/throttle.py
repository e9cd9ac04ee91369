"""How much one SIM may still send: pure bookkeeping over the limits of the configuration.

Everything is counted in parts, because that is what networks count and bill.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random

from modemgw.config import Limits

MINUTE = 60.0
HOUR = 3600.0


class _Window:
    """A limit over a span of time that slides."""

    def __init__(self, limit: int, span: float) -> None:
        self._limit = limit
        self._span = span
        self._starts: deque[float] = deque()

    def frees_at(self, now: float, parts: int) -> float:
        """When so many parts fit; `now` if they do."""
        self._forget(now)
        starts = self._starts
        surplus = len(starts) + min(parts, self._limit) - self._limit
        # It frees when the `surplus`-th oldest of its parts leaves it.
        return now if surplus <= 0 else starts[surplus - 1] + self._span

    def record(self, now: float) -> None:
        """One part starts now."""
        self._forget(now)
        self._starts.append(now)

    def give_back(self) -> None:
        """The last one did not start after all."""
        if self._starts:
            self._starts.pop()

    def _forget(self, now: float) -> None:
        while self._starts and self._starts[0] <= now - self._span:
            self._starts.popleft()


class Throttle:
    """The limits of one SIM and what it has used of them. Times are UTC seconds.

    `used` is what the SIM sent before (start, recipient), oldest first: limits outlive a restart.
    """

    def __init__(
        self, limits: Limits, random: Random, used: Iterable[tuple[float, str]] = ()
    ) -> None:
        self._limits = limits
        self._random = random
        self._windows = [
            _Window(limit, span)
            for limit, span in ((limits.per_minute, MINUTE), (limits.per_hour, HOUR))
            if limit
        ]
        self._day = self._month = self._rolls_at = 0.0
        self._today = self._this_month = 0
        self._recipients: set[str] = set()
        self._not_before = 0.0
        self._free = not any(
            (
                limits.per_minute,
                limits.per_hour,
                limits.per_day,
                limits.per_month,
                limits.unique_recipients_per_month,
                limits.min_interval,
                limits.jitter,
            )
        )
        for at, to in used:
            self.record(at, to)

    def window_start(self, now: float) -> float:
        """The oldest moment whose sends still count."""
        if self._free:
            return now
        return min(now - HOUR, _month_start(now, self._limits))

    @property
    def limits(self) -> Limits:
        """What it keeps to."""
        return self._limits

    def allowed_at(self, now: float, parts: int, to: str | None = None) -> float:
        """The earliest time at which `parts` parts to `to` may start; `now` if at once.

        Without `to`: to a recipient that the SIM has written to before.
        A message longer than a limit is let through when the window is empty: it could never go
        otherwise.
        """
        if self._free:
            return now
        limits = self._limits
        at = max(now, self._not_before)
        for window in self._windows:
            at = max(at, window.frees_at(now, parts))
        self._roll(now)
        if limits.per_day and self._today and self._today + parts > limits.per_day:
            at = max(at, self._day + 86400)
        full_month = limits.per_month and self._this_month + parts > limits.per_month
        full_circle = (
            limits.unique_recipients_per_month
            and to is not None
            and to not in self._recipients
            and len(self._recipients) >= limits.unique_recipients_per_month
        )
        if self._this_month and (full_month or full_circle):
            at = max(at, _next_month(self._month, limits))
        return at

    def record(self, now: float, to: str) -> None:
        """One part to `to` starts now."""
        if self._free:
            return
        limits = self._limits
        self._roll(now)
        for window in self._windows:
            window.record(now)
        self._today += 1
        self._this_month += 1
        if limits.unique_recipients_per_month:
            self._recipients.add(to)
        pause = limits.min_interval
        if limits.jitter:
            pause += self._random.uniform(0, limits.jitter)
        self._not_before = now + pause

    def give_back(self) -> None:
        """The part that was recorded last was not sent after all."""
        self._today = max(0, self._today - 1)
        self._this_month = max(0, self._this_month - 1)
        for window in self._windows:
            window.give_back()

    def _roll(self, now: float) -> None:
        if self._day <= now < self._rolls_at:
            return
        day = _day_start(now, self._limits)
        if day != self._day:
            self._day, self._today = day, 0
        month = _month_start(now, self._limits)
        if month != self._month:
            self._month, self._this_month = month, 0
            self._recipients.clear()
        self._rolls_at = min(day + 86400, _next_month(month, self._limits))


def _day_start(now: float, limits: Limits) -> float:
    shift = limits.day_reset_hour * HOUR
    return (now - shift) // 86400 * 86400 + shift


def _month_start(now: float, limits: Limits) -> float:
    at = datetime.fromtimestamp(now, UTC)
    start = at.replace(
        day=limits.month_reset_day, hour=limits.day_reset_hour, minute=0, second=0, microsecond=0
    )
    if start > at:
        start = (start.replace(day=1) - timedelta(days=1)).replace(day=limits.month_reset_day)
    return start.timestamp()


def _next_month(start: float, limits: Limits) -> float:
    at = datetime.fromtimestamp(start, UTC)
    return (at.replace(day=1) + timedelta(days=32)).replace(day=limits.month_reset_day).timestamp()
