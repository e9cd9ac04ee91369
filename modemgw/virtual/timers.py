"""Time for the virtual bank: every delay passes through here, so that it can be scaled or faked."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import Callable
from typing import Protocol


class Handle(Protocol):
    """A call that has been arranged and may still be cancelled."""

    def cancel(self) -> None: ...


class Timers(Protocol):
    """What the bank may ask about time. All values are seconds."""

    def monotonic(self) -> float: ...

    def time(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        ...

    def moment_in(self, seconds: float | None) -> float:
        """What `monotonic` shows after `seconds` of virtual time; None: never."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Handle:
        """Call back after `seconds` of virtual time; 0 means "next", never "now"."""
        ...


class LoopTimers:
    """The running event loop's time; `scale` 0.1 makes everything ten times as fast."""

    def __init__(self, scale: float = 1.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._scale = scale
        self._closed = False

    def monotonic(self) -> float:
        return self._loop.time()

    def time(self) -> float:
        return time.time()

    def moment_in(self, seconds: float | None) -> float:
        return math.inf if seconds is None else self.monotonic() + seconds * self._scale

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Handle:
        delay = seconds * self._scale
        if delay <= 0:
            return self._loop.call_soon(self._fire, callback)
        return self._loop.call_later(delay, self._fire, callback)

    def close(self) -> None:
        """What was arranged no longer happens."""
        self._closed = True

    def _fire(self, callback: Callable[[], None]) -> None:
        if not self._closed:
            callback()


class _ManualHandle:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualTimers:
    """Time that stands still until `advance` moves it: tests of hours run in microseconds."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._start = start
        self._now = 0.0
        self._order = itertools.count()
        self._heap: list[tuple[float, int, _ManualHandle]] = []

    def monotonic(self) -> float:
        return self._now

    def time(self) -> float:
        return self._start + self._now

    def moment_in(self, seconds: float | None) -> float:
        return math.inf if seconds is None else self._now + seconds

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Handle:
        handle = _ManualHandle(callback)
        heapq.heappush(self._heap, (self._now + max(0.0, seconds), next(self._order), handle))
        return handle

    def advance(self, seconds: float = 0.0) -> None:
        """Let `seconds` pass; whatever falls due is called in its order, at its moment."""
        until = self._now + seconds
        while self._heap and self._heap[0][0] <= until:
            at, _, handle = heapq.heappop(self._heap)
            self._now = at
            if handle.callback is not None:
                handle.callback()
        self._now = until
