"""How long the command that is out may take: one timer for all commands of a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .exchange import Exchange


class Deadline:
    """Calls `expired` when the current command has had its time.

    The timer goes off in vain sometimes, and is rarely set: that is cheaper than one per command.
    """

    def __init__(
        self, current: Callable[[], Exchange | None], expired: Callable[[Exchange], None]
    ) -> None:
        self._current = current
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.stopped = False
        """No answer can be heard at the moment, so nobody is late."""

    def set(self, exchange: Exchange, seconds: float) -> None:
        """`exchange` has so long from now on."""
        exchange.waits_s = seconds
        exchange.due = self._loop.time() + seconds
        self._look_at(exchange.due)

    def again(self, exchange: Exchange) -> None:
        """Its answer could not be heard so far: it has all of its time once more."""
        if exchange.due is not None:
            exchange.due = max(exchange.due, self._loop.time() + exchange.waits_s)

    def cancel(self) -> None:
        """Nothing is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look_at(self, at: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._look, at)

    def _look(self, at: float) -> None:
        self._timer = None
        exchange = self._current()
        if exchange is None or exchange.due is None:
            return
        if self.stopped:
            self.again(exchange)
        if exchange.due > at:
            self._look_at(exchange.due)
        else:
            self._expired(exchange)


class QuietTimer:
    """Calls `over` when nothing has come for `quiet_s`, or `most_s` after the first `begin`."""

    def __init__(self, quiet_s: float, most_s: float, over: Callable[[], None]) -> None:
        self._quiet_s = quiet_s
        self._most_s = most_s
        self._over = over
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0

    def begin(self) -> None:
        """Something has come, and its end has not."""
        now = self._loop.time()
        if self._timer is None:
            self._since = now
        else:
            self._timer.cancel()
        at = min(now + self._quiet_s, self._since + self._most_s)
        self._timer = self._loop.call_at(at, self._ring)

    def cancel(self) -> None:
        """Its end has come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        self._over()
