"""How much one SIM may still send: pure bookkeeping over the limits of the configuration.

Everything is counted in parts, because that is what networks count and bill. Time is told by a
clock that goes on evenly; the plan's days and months are those of the wall clock, which may be set:
what was sent is kept by when it was, and counted by what the wall clock makes of that now.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from modemgw.config import Limits
from modemgw.gateway.fleet.calendar import Calendar

MINUTE = 60.0
HOUR = 3600.0
KEPT_S = 3 * 86400.0
"""What was sent is kept so much longer than its plan's month: the wall clock may go back."""
TIDY = 4096
"""So many parts are let go of at once."""


@dataclass(frozen=True, slots=True)
class _Last:
    """What the part that was recorded last has changed."""

    at: float
    to: str
    wrote_before: float | None
    """When its recipient had been written to before that."""
    not_before: float


def _no_shift() -> float:
    return 0.0


class Plan:
    """The limits of one SIM and what it has used of them. Times are UTC seconds of an even clock.

    `used` is what the SIM sent before (start, recipient), oldest first: limits outlive a restart.
    `ahead` tells how many seconds the wall clock is ahead of the even one.
    """

    def __init__(
        self,
        limits: Limits,
        random: Random,
        used: Iterable[tuple[float, str]] = (),
        *,
        ahead: Callable[[], float] = _no_shift,
    ) -> None:
        self._limits = limits
        self._random = random
        self._ahead = ahead
        self._calendar = Calendar(limits)
        self._windows = [
            (limit, span)
            for limit, span in ((limits.per_minute, MINUTE), (limits.per_hour, HOUR))
            if limit
        ]
        self._starts: list[float] = []
        """When each part of the plan's month was begun, oldest first."""
        self._written: dict[str, float] = {}
        """By recipient: when it was last written to."""
        self._circle: tuple[float, int] | None = None
        """How many recipients were written to since a time, once that was counted."""
        self._not_before = 0.0
        self._last: _Last | None = None
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
        ahead = self._ahead()
        return min(now - HOUR, self._calendar.month(now + ahead).start - ahead)

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
        at = max(now, self._not_before)
        for limit, span in self._windows:
            at = max(at, self._slides_at(now, parts, limit, span))
        return max(at, self._rolls_at(now, parts, to))

    def _slides_at(self, now: float, parts: int, limit: int, span: float) -> float:
        """When so many parts fit into a limit over a time that slides."""
        starts = self._starts
        first = bisect_right(starts, now - span)
        surplus = len(starts) - first + min(parts, limit) - limit
        # It frees when the `surplus`-th oldest of its parts leaves it.
        return now if surplus <= 0 else starts[first + surplus - 1] + span

    def _rolls_at(self, now: float, parts: int, to: str | None) -> float:
        """When so many parts fit into the plan's day and month."""
        limits, at = self._limits, now
        circle = limits.unique_recipients_per_month
        if not (limits.per_day or limits.per_month or circle):
            return at
        ahead = self._ahead()
        if limits.per_day:
            day = self._calendar.day(now + ahead)
            today = self._since(day.start - ahead)
            if today and today + parts > limits.per_day:
                at = day.end - ahead
        if limits.per_month or circle:
            month = self._calendar.month(now + ahead)
            start = month.start - ahead
            sent = self._since(start)
            full = limits.per_month and sent + parts > limits.per_month
            if sent and (full or (to is not None and self._is_one_too_many(to, start))):
                at = max(at, month.end - ahead)
        return at

    def _since(self, start: float) -> int:
        """Parts that were begun since then."""
        return len(self._starts) - bisect_left(self._starts, start)

    def _is_one_too_many(self, to: str, start: float) -> bool:
        """Whether a recipient is new since `start`, and as many as may be were written to."""
        limit = self._limits.unique_recipients_per_month
        if not limit or self._written.get(to, start - 1.0) >= start or len(self._written) < limit:
            return False
        if self._circle is None or self._circle[0] != start:
            self._circle = (start, sum(at >= start for at in self._written.values()))
        return self._circle[1] >= limit

    def record(self, now: float, to: str) -> None:
        """One part to `to` starts now."""
        if self._free:
            return
        limits = self._limits
        self._last = _Last(now, to, self._written.get(to), self._not_before)
        insort(self._starts, now)
        if limits.unique_recipients_per_month:
            self._written[to] = max(now, self._written.get(to, now))
            self._circle = None
        pause = limits.min_interval
        if limits.jitter:
            pause += self._random.uniform(0, limits.jitter)
        self._not_before = max(self._not_before, now + pause)
        self._forget(now)

    def give_back(self) -> None:
        """The part that was recorded last was not sent after all."""
        last, self._last = self._last, None
        if last is None:
            return
        del self._starts[bisect_right(self._starts, last.at) - 1]
        self._not_before, self._circle = last.not_before, None
        if last.wrote_before is not None:
            self._written[last.to] = last.wrote_before
        else:
            self._written.pop(last.to, None)

    def _forget(self, now: float) -> None:
        """Let go of what no window holds any more, now and then."""
        starts = self._starts
        oldest = now - KEPT_S
        if len(starts) < TIDY or starts[TIDY - 1] >= oldest:
            return
        if self._limits.per_month or self._limits.unique_recipients_per_month:
            ahead = self._ahead()
            oldest = min(oldest, self._calendar.month(now + ahead).start - ahead - KEPT_S)
        del starts[: bisect_left(starts, oldest)]
        for to in [to for to, at in self._written.items() if at < oldest]:
            del self._written[to]
