"""Processes in which a handler's function is called: some that are warm, one call at a time each.

So a call that blocks, loops, exits or eats memory is a matter of its own process, which is ended
with everything that it has started, and no other call suffers. See modemgw/handler/worker.py for
what is spoken with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from modemgw import handler
from modemgw.gateway.deliveries import child
from modemgw.gateway.deliveries.account import Account
from modemgw.gateway.deliveries.child import clean_environment
from modemgw.gateway.deliveries.family import Family
from modemgw.gateway.deliveries.hearing import Tail

logger = logging.getLogger(__name__)

SCRIPT = Path(handler.__file__).with_name("worker.py")
LINE_BYTES = 1 << 20
"""The longest line that a worker may say."""
LAST_WORDS_S = 0.1
"""After a worker has ended, what it said before is waited for so long."""
WARM_S = 60.0
"""A worker for calls to come may take so long to find its function."""
IDLE_S = 60.0
"""A worker beyond the first that has had nothing to do for so long is let go."""
LEAVE_S = 0.5
"""So long a worker that is let go may take to end by itself."""

Answer = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Answers what a worker asks for."""


@dataclass(frozen=True, slots=True)
class Calling:
    """What workers are made from."""

    target: str
    """`package.module:function`"""
    account: Account | None = None
    memory_mb: int | None = None


class WorkerEnded(Exception):
    """A worker has ended, or speaks nonsense, while something was expected of it.

    `detail` may hold what a message says.
    """

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem)
        self.detail = detail


class CannotCall(Exception):
    """The function could not be found."""


class Worker:
    """One process. Make one with `begin`; whoever has made it ends it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        said: Tail,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._said = said
        self.ended = asyncio.ensure_future(process.wait())
        """Done when the process has ended."""
        self.idle_since = 0.0
        """On the loop's clock."""

    @classmethod
    async def begin(cls, calling: Calling) -> Self:
        """A worker that has found its function. Raises CannotCall, WorkerEnded, OSError."""
        ours, theirs = socket.socketpair()
        said = Tail().__enter__()
        try:
            with theirs:
                process = await child.begin(
                    (sys.executable, "-I", "-u", str(SCRIPT), str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=said.write_end,
                    stderr=said.write_end,
                    env=clean_environment(os.environ, calling.account),
                    account=calling.account,
                    pass_fds=(theirs.fileno(),),
                )
        except BaseException:
            ours.close()
            said.__exit__()
            raise
        said.begin()
        reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_BYTES)
        worker = cls(process, reader, writer, said)
        try:
            document = {"target": calling.target, "path": sys.path, "memory_mb": calling.memory_mb}
            found = await worker._ask(document)
        except BaseException:
            await worker.end()
            raise
        if failed := found.get("failed"):
            await worker.end()
            raise CannotCall(
                f"{calling.target} cannot be imported: {failed['kind']}: {failed['says']}"
            )
        return worker

    async def call(self, document: Mapping[str, Any], answer: Answer) -> Mapping[str, Any]:
        """Have the function called; what came of it. Raises WorkerEnded."""
        heard = await self._ask(document)
        while "send" in heard:
            heard = await self._ask(await answer(heard))
        self._tell_what_it_said()
        return heard

    async def leave(self) -> None:
        """Have an idle worker end by itself, and see that it does."""
        self._writer.close()
        await asyncio.wait([self.ended], timeout=LEAVE_S)
        await self.end()

    async def end(self) -> None:
        """End it, with all that it has started."""
        try:
            if self.ended.done():  # what it has started may live on
                Family(self._process.pid).signal(signal.SIGKILL)
            else:
                await child.end(self._process)
        finally:
            self.ended.cancel()
            self._writer.close()
            self._said.__exit__()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def _ask(self, document: Mapping[str, Any]) -> dict[str, Any]:
        self._writer.write(json.dumps(document).encode() + b"\n")
        reading = asyncio.ensure_future(self._reader.readline())
        try:
            await asyncio.wait({reading, self.ended}, return_when=asyncio.FIRST_COMPLETED)
            # Whoever it has started may hold its end of the socket: that says nothing.
            await asyncio.wait({reading}, timeout=LAST_WORDS_S if self.ended.done() else None)
        except BaseException:
            reading.cancel()
            raise
        line = b""
        if reading.done():
            with contextlib.suppress(OSError, ValueError):  # it was closed; a line without end
                line = reading.result()
        else:
            reading.cancel()
        if not line.endswith(b"\n"):
            await asyncio.wait({self.ended}, timeout=LAST_WORDS_S)
        elif isinstance(heard := _read(line), dict):
            return heard
        how = "speaks nonsense"
        if self.ended.done():
            how = child.how_it_ended(self.ended.result())
        raise WorkerEnded(how, self._said.last_line())

    def _tell_what_it_said(self) -> None:
        if logger.isEnabledFor(logging.DEBUG) and (line := self._said.last_line()):
            logger.debug("a handler's function said last: %s", line)
        self._said.forget()


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


class Workers:
    """The workers of one function: as many as there are calls at the same time, one of them warm.

    Close it when nothing is called any more.
    """

    def __init__(self, calling: Calling) -> None:
        self._calling = calling
        self._loop = asyncio.get_running_loop()
        self._idle: list[Worker] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._warming: asyncio.Task[None] | None = None
        self._closed = False
        self._looks: asyncio.TimerHandle | None = None

    def warm(self) -> None:
        """Have a worker ready for the next call, if there is none."""
        if not (self._idle or self._warming or self._closed):
            self._warming = self._spawn(self._warm())

    async def take(self) -> Worker:
        """A worker to call once; give it back, or end it. Raises as Worker.begin."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.ended.done():
                return worker
            await worker.end()
        return await Worker.begin(self._calling)

    def give_back(self, worker: Worker) -> None:
        """It can be called again."""
        if self._closed:
            self._spawn(worker.leave())
            return
        worker.idle_since = self._loop.time()
        self._idle.append(worker)
        if self._looks is None and len(self._idle) > 1:
            self._looks = self._loop.call_later(IDLE_S, self._let_go)

    async def close(self) -> None:
        """End those that are idle."""
        self._closed = True
        if self._warming is not None:
            self._warming.cancel()
        if self._looks is not None:
            self._looks.cancel()
        while self._idle:
            self._spawn(self._idle.pop().leave())
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _warm(self) -> None:
        target = self._calling.target
        try:
            async with asyncio.timeout(WARM_S):
                worker = await Worker.begin(self._calling)
        except TimeoutError:
            logger.warning("%s was not found within %g s", target, WARM_S)
            return
        except (WorkerEnded, OSError) as error:
            logger.warning("the process of %s %s", target, error)
            return
        except CannotCall as error:
            logger.warning("%s", error)
            return
        finally:
            self._warming = None
        self.give_back(worker)

    def _let_go(self) -> None:
        """The oldest are at the front: the last one that was given back is taken first."""
        self._looks = None
        until = self._loop.time() - IDLE_S
        while len(self._idle) > 1 and self._idle[0].idle_since <= until:
            self._spawn(self._idle.pop(0).leave())
        if len(self._idle) > 1:
            self._looks = self._loop.call_at(self._idle[0].idle_since + IDLE_S, self._let_go)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
