"""Time that passes when a test says so, or that jumps over what is waited for."""

from __future__ import annotations

import asyncio
import math
import os
import selectors
import time
import tty
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from modemgw.gateway import build
from modemgw.store.sqlite import writer
from modemgw.store.sqlite.writer import Writer
from modemgw.virtual.timers import LoopTimers

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


def now() -> float:
    """Seconds from an arbitrary start, by the clock of the running loop."""
    return asyncio.get_running_loop().time()


class LoopClock:
    """The clock of the loop that runs when it is first asked: not all loops keep machine time."""

    _loop: asyncio.AbstractEventLoop | None = None

    def monotonic(self) -> float:
        if self._loop is None:  # a thread that asks later has none of its own
            self._loop = asyncio.get_running_loop()
        return self._loop.time()

    def time(self) -> float:
        return START + self.monotonic()

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


ROUNDS = 3
"""So often the kernel must have passed an octet on, and nothing else, before time jumps."""

PATIENCE_S = 1.0
"""So long (real time) all threads may be at work and time stands still."""


class _HurriedSelector(selectors.DefaultSelector):
    """Time stands still while anything is under way, and else jumps to the next timer.

    The loop computing is under way, and an octet in a pseudo-terminal: the kernel passes it on in a
    thread of its own, late on a busy machine, and no descriptor shows it till then. One that is
    sent through a terminal of ours, behind it, tells when that thread had its turn.

    A thread that is at work for the loop has it stand still too, but not for ever: it may wait for
    something that takes time. So time runs, as fast as that of the machine, when no thread has come
    to an end for PATIENCE_S.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.elsewhere = 0
        """How many calls are at work in threads."""
        self.changed_at = 0.0
        """When that changed last, by the machine's time."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self._probing = False
        self.register(self._theirs, selectors.EVENT_READ)

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = self._look(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None:
            return self._look(None)
        if self.elsewhere:
            began = time.monotonic()
            stands_still_s = self.changed_at + PATIENCE_S - began
            if stands_still_s > 0:
                return self._look(stands_still_s)
            ready = self._look(timeout)
            self.now += min(time.monotonic() - began, timeout)
            return ready
        for _ in range(ROUNDS):
            os.write(self._ours, b".")
            self._probing = True
            while self._probing:
                ready = self._look(None)
                if ready:
                    return ready
        self.now += timeout
        return []

    def close(self) -> None:
        super().close()
        os.close(self._ours)
        os.close(self._theirs)

    def _look(self, timeout: float | None) -> list[Any]:
        """What is ready, but for the probe."""
        ready = super().select(timeout)
        others = [found for found in ready if found[0].fd != self._theirs]
        if len(others) < len(ready):
            os.read(self._theirs, 64)
            self._probing = False
        return others


class HurriedLoop(asyncio.SelectorEventLoop):
    """A loop for what speaks through pseudo-terminals: as fast as the machine can, and no faster.

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
        self.awaits_thread(future)
        return future

    def awaits_thread(self, future: asyncio.Future[Any]) -> None:
        """What makes `future` done is at work in a thread."""
        self._count(1)
        future.add_done_callback(self._back)

    def _back(self, _: asyncio.Future[Any]) -> None:
        self._count(-1)

    def _count(self, more: int) -> None:
        self._hurried.elsewhere += more
        self._hurried.changed_at = time.monotonic()


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Let gateways and banks live by the time of the loop they run in, a HurriedLoop."""
    submit = Writer.submit

    def submitted(self: Writer, *args: Any, **more: Any) -> asyncio.Future[Any]:
        future = submit(self, *args, **more)
        loop = future.get_loop()
        if isinstance(loop, HurriedLoop):
            loop.awaits_thread(future)
        return future

    patch.setattr(Writer, "submit", submitted)
    patch.setattr(
        writer, "STALL_S", math.inf
    )  # an idle writer shows its life by the machine's time
    patch.setattr(build, "SystemClock", LoopClock)
    patch.setattr(LoopTimers, "time", lambda timers: START + timers.monotonic())
