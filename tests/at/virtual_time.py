"""Tests that wait for seconds without spending them, and a modem of a few lines."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from modemgw.at import AtChannel, Trace, Urc


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


class LoopClock:
    """The clock of the running loop."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def time(self) -> float:
        return 1_000_000.0 + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def in_virtual_time(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test coroutine in a JumpingLoop."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(test(*args, **kwargs))  # type: ignore[arg-type]

    return run


class ScriptedPort:
    """A modem made of a dictionary: what it is sent -> what it answers, with delays if told so.

    `says` may also be called by the test at any time. `log` is all that was written to it.
    """

    def __init__(self, answers: dict[bytes, Any] | None = None) -> None:
        self.answers = dict(answers or {})
        self.log: list[bytes] = []
        self.urcs: list[Urc] = []
        self.timeouts: list[str] = []
        self.trace = Trace()
        self.channel = AtChannel(
            clock=LoopClock(),
            trace=self.trace,
            on_urc=self.urcs.append,
            on_timeout=self.timeouts.append,
        )
        self.channel.attach(self)
        self.closed = False

    def write(self, data: bytes) -> None:
        self.log.append(data)
        answer = self.answers.get(data)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if answer is None:
            return
        delay, answer = answer if isinstance(answer, tuple) else (0.0, answer)
        asyncio.get_running_loop().call_later(delay, self.says, answer)

    def says(self, data: bytes) -> None:
        self.channel.data_received(data)

    async def close(self) -> None:
        self.closed = True


OK = b"\r\nOK\r\n"
PROMPT = b"\r\n> "
