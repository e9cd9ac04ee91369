"""A modem of a few lines, and the channel to it."""

from __future__ import annotations

import asyncio
from typing import Any

from labs.clock import LoopClock
from modemgw.at import AtChannel, Trace, Urc


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
