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


class Throttle:
    """The limits of one SIM and what it has used of them. Times are UTC seconds.

    `used` is what the SIM sent before (start, recipient), oldest first: limits outlive a restart.
    """

    def __init__(
        self, limits: Limits, random: Random, used: Iterable[tuple[float, str]] = ()
    ) -> None:
        self._limits = limits
        self._random = random
        self._recent: deque[float] = deque()
        self._day = self._month = 0.0
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
        self._forget(now)
        for limit, span in ((limits.per_minute, MINUTE), (limits.per_hour, HOUR)):
            if limit:
                at = max(at, self._window_frees(limit, span, parts, now))
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
        self._forget(now)
        if limits.per_minute or limits.per_hour:
            self._recent.append(now)
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
        if self._recent:
            self._recent.pop()

    def _window_frees(self, limit: int, span: float, parts: int, now: float) -> float:
        inside = sum(1 for t in self._recent if t > now - span)
        surplus = inside + min(parts, limit) - limit
        if surplus <= 0:
            return now
        # The window slides: it frees when the `surplus`-th oldest of its parts leaves it.
        return self._recent[len(self._recent) - inside + surplus - 1] + span

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0] <= now - HOUR:
            self._recent.popleft()

    def _roll(self, now: float) -> None:
        day = _day_start(now, self._limits)
        if day != self._day:
            self._day, self._today = day, 0
        month = _month_start(now, self._limits)
        if month != self._month:
            self._month, self._this_month = month, 0
            self._recipients.clear()


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
