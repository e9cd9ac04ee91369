"""Time that passes when a test says so, that jumps over what is waited for, or that runs faster."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

START = 1_790_000_000.0
"""A Monday in 2026, in UTC seconds."""


class FakeClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: float = START) -> None:
        self.now = now
        self.ahead = 0.0
        """How far the wall clock was set ahead."""

    def time(self) -> float:
        return self.now + self.ahead

    def set(self, by: float) -> None:
        """Set the wall clock; no time passes."""
        self.ahead += by

    def monotonic(self) -> float:
        return self.now - START

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


class LoopClock:
    """The clock of the loop that runs when it is first asked: not all loops keep machine time."""

    _loop: asyncio.AbstractEventLoop | None = None

    def monotonic(self) -> float:
        if self._loop is None:  # a thread that asks later has none of its own
            self._loop = asyncio.get_running_loop()
        return self._loop.time()

    def time(self) -> float:
        return 1_000_000.0 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _JumpingSelector(selectors.DefaultSelector):
    """When nothing is ready, the time that was to be waited has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise AssertionError("the test waits for something that can never come")
            self.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as all is idle."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test coroutine in a JumpingLoop."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


SPEED = 3
"""How much faster the time of a HurriedLoop is."""


class _HurriedSelector(selectors.DefaultSelector):
    """Time stands still while the loop computes, and runs fast while it waits.

    It is as fast as that of the machine while a thread is at work for the loop: nobody is blamed
    for being slow by a clock that is not his.
    """

    now = 0.0
    elsewhere = 0
    """How many calls are at work in threads."""

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        speed = 1 if self.elsewhere else SPEED
        began = time.monotonic()
        ready = super().select(None if timeout is None else timeout / speed)
        passed = (time.monotonic() - began) * speed
        if timeout is not None:
            passed = min(passed, timeout) if ready else timeout
        self.now += passed
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """A loop for what speaks through pseudo-terminals: the kernel needs a moment for each octet.

    Nothing in it may measure by the clock of the machine: hand in a LoopClock.
    """

    def __init__(self) -> None:
        self._hurried = _HurriedSelector()
        super().__init__(self._hurried)

    def time(self) -> float:
        return self._hurried.now

    def run_in_executor(  # type: ignore[override]  # as generous as the loop itself
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self._hurried.elsewhere += 1
        future.add_done_callback(self._back)
        return future

    def _back(self, _: asyncio.Future[Any]) -> None:
        self._hurried.elsewhere -= 1
