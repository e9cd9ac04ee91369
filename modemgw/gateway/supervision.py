"""One keeper for every task in the background: what fails is told, begun anew, and shown.

The process ends only by what nobody can keep up: KeyboardInterrupt, and whatever breaks the keeper.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from modemgw.clock import Clock
from modemgw.store import StoreError

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
STEADY_S = 30.0
"""What has run for so long since it failed is well again."""


@dataclass(slots=True)
class _Trouble:
    failures: int
    kind: str
    """Of the exception: anybody may read it, so what it says is for the log."""
    problem: str
    waits: bool = True
    """It is about to be begun anew."""
    begun_at: float = 0.0
    """On the monotonic clock: when it was begun anew."""


class Keeper:
    """Runs work that is to go on for ever, and knows what does not."""

    def __init__(self, *, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._troubled: dict[str, _Trouble] = {}
        self._failures: dict[str, int] = {}

    def supervised(
        self, tasks: asyncio.TaskGroup, name: str, work: Callable[[], Awaitable[None]]
    ) -> asyncio.Task[None]:
        """A task of that name in `tasks` that keeps `work` going."""
        return tasks.create_task(self.keep(name, work), name=name)

    async def keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` to its end; each time it fails, begin it anew after a pause that grows.

        Cancelled, it ends. A cancellation that nobody asked for is a failure, and so is SystemExit.
        """
        try:
            while True:
                try:
                    await work()
                    return
                except asyncio.CancelledError as error:
                    task = asyncio.current_task()
                    if task is None or task.cancelling():
                        raise
                    wait = self._failed(name, error)
                except (Exception, SystemExit) as error:
                    task = asyncio.current_task()
                    if task is not None and task.cancelling():
                        # A TaskGroup that fails while it is cancelled forgets the cancellation
                        # before Python 3.13; and what is to end need not be begun anew.
                        logger.exception("%s failed while it was being ended", name)
                        raise asyncio.CancelledError from error
                    wait = self._failed(name, error)
                await self._clock.sleep(wait)
                trouble = self._troubled[name]
                trouble.waits, trouble.begun_at = False, self._clock.monotonic()
        finally:
            self._troubled.pop(name, None)

    def _failed(self, name: str, error: BaseException) -> float:
        """Note and tell a failure. How long to wait, in seconds."""
        before = self._troubled.get(name)
        if before is not None and self._clock.monotonic() - before.begun_at >= STEADY_S:
            before = None
        failures = 1 if before is None else before.failures + 1
        problem = str(error) or type(error).__name__
        self._troubled[name] = _Trouble(failures, type(error).__name__, problem)
        self._failures[name] = self._failures.get(name, 0) + 1
        wait = min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 16), LONGEST_WAIT_S)
        wait *= self._random.uniform(0.8, 1.2)
        news = before is None or before.problem != problem
        logger.log(
            logging.ERROR if news else logging.DEBUG,
            "%s failed and is begun anew in %.0f s: %s",
            name,
            wait,
            problem,
            exc_info=None if isinstance(error, StoreError) else error,
        )
        return wait

    def rests(self, name: str) -> bool:
        """Whether this work is not being done just now: it failed, and is about to begin anew."""
        trouble = self._troubled.get(name)
        return trouble is not None and trouble.waits

    def is_failing(self, name: str) -> bool:
        """Whether this work has failed and has not been well again since."""
        trouble = self._troubled.get(name)
        if trouble is None:
            return False
        return trouble.waits or self._clock.monotonic() - trouble.begun_at < STEADY_S

    def troubles(self) -> list[str]:
        """A line for each work that fails just now."""
        return [
            f"{name} has failed ({trouble.kind}, {trouble.failures} in a row); see the log"
            for name, trouble in list(self._troubled.items())
            if self.is_failing(name)
        ]

    def failures(self) -> dict[str, int]:
        """How often each work has failed since the start."""
        return dict(self._failures)
