"""The time, as something that is handed in.

Durations are measured on the monotonic clock, moments are stored as UTC seconds since the epoch.
Nothing in the core asks the operating system for the time itself, so that tests never sleep.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """What the core may ask about time."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...

    def time(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` (0 or more)."""
        ...


class SystemClock:
    """The clock of the machine."""

    # Asked thirty times for each message: no frame of Python's between.
    monotonic = staticmethod(partial(time.clock_gettime, time.CLOCK_BOOTTIME))
    """Unlike time.monotonic it goes on while the machine sleeps."""
    time = staticmethod(time.time)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


STEP_S = 1.0
"""A wall clock that is off by so much more than before was set; less is its usual correction."""


class SteadyClock:
    """UTC seconds that go on evenly while somebody, or NTP, sets the machine's clock.

    It begins with the wall clock's time and goes on with the monotonic one. What was measured by it
    needs no care when the wall clock is set, so durations and the order of things go by it; what is
    stored or shown, and what has a date, goes by the wall clock. `look` notices that it was set;
    who follows is told at once, before anybody goes by the other time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.time() - clock.monotonic()
        self._followers: list[Callable[[float], None]] = []
        self.ahead_s = 0.0
        """How many seconds the wall clock is ahead of this one, as `look` saw it last."""
        self.set_at = self.time()
        """When the wall clock was last set, by this clock; its beginning, if it never was."""

    def time(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z, as the wall clock told at the beginning."""
        return self._began + self._clock.monotonic()

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` (0 or more)."""
        await self._clock.sleep(seconds)

    def date(self) -> float:
        """UTC seconds as the wall clock tells them now: what is stored is dated by these."""
        return self._clock.time()

    def wall(self, at: float) -> float:
        """What the wall clock makes of a moment of this clock."""
        return at + self.ahead_s

    def steady(self, at: float) -> float:
        """The moment of this clock at which the wall clock tells `at`, if nobody sets it."""
        return at - self.ahead_s

    def follow(self, follower: Callable[[float], None]) -> None:
        """Have `follower` called with the seconds by which the wall clock was set ahead."""
        self._followers.append(follower)

    def look(self) -> None:
        """Notice whether the wall clock was set since the last look."""
        now = self.time()
        by_s = self._clock.time() - now - self.ahead_s
        if abs(by_s) >= STEP_S:
            self.ahead_s += by_s
            self.set_at = now
            for follower in self._followers:
                follower(by_s)
