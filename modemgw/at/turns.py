"""Whose turn it is: one at a time, the urgent first, then first come, first served."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from .errors import AtError


class Turns:
    """A turn is handed on by whoever ends it, which need not be the task that took it."""

    def __init__(self) -> None:
        self._taken = False
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    async def take(self, *, urgent: bool) -> None:
        """Return when it is our turn. Raises what `fail` was given meanwhile."""
        if not self._taken:
            self._taken = True
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (0 if urgent else 1, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # It was given to us at the same moment.
                self.end()
            raise

    def seize(self) -> None:
        """Take the turn at once; only after `fail` and `end`."""
        self._taken = True

    def end(self) -> None:
        """The turn is over: the next one's."""
        while self._waiters:
            turn = heapq.heappop(self._waiters)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._taken = False

    def fail(self, error: AtError) -> None:
        """Send away all who wait."""
        waiters, self._waiters = self._waiters, []
        for _, _, turn in waiters:
            if not turn.done():
                turn.set_exception(error)
                turn.exception()
