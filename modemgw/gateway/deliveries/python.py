"""A Python function of the operator's: `package.module:function`, called with the message.

Whatever it does, it does in threads that are its own, so that nothing of the daemon can be held up
or ended by it: a plain function in a thread for each call, a coroutine in an event loop that no
other handler shares. The module is imported there, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import logging
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from modemgw.gateway.deliveries.outcome import Outcome, Retry, Taken
from modemgw.store import Payload
from modemgw.store.records import Inbound

logger = logging.getLogger(__name__)

CLOSE_S = 1.0
"""How long a handler's event loop may take to end; then it is left to the end of the process."""


class Python:
    """Calls `target`; what it returns does not matter, what it raises is a failure.

    `at_once` calls at the most are under way. One that does not come back is given up after the
    handler's timeout, but keeps its place until it does.
    """

    def __init__(self, target: str, at_once: int) -> None:
        self._target = target
        self._at_once = at_once
        self._free = threading.BoundedSemaphore(at_once)
        self._making = threading.Lock()
        self._loop: _Loop | None = None
        self._closed = False

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind."""
        message = payload.inbound
        assert message is not None, "it is asked about received messages only"
        if not self._free.acquire(blocking=False):
            return Retry(f"{self._at_once} calls of {self._target} have not come back yet")
        call = _Call(self._free.release)
        thread = threading.Thread(
            target=self._call, args=(call, message), name=self._target, daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            self._free.release()
            return Retry(f"{self._target} cannot be called: {error}")
        try:
            return await call.outcome
        finally:
            call.abandon()

    async def close(self) -> None:
        """See Kind. A call that is under way is not waited for."""
        with self._making:
            loop, self._closed = self._loop, True
        if loop is not None:
            await loop.close()

    def _call(self, call: _Call, message: Inbound) -> None:
        """In a thread: import, call, and await what has to be awaited in the handler's own loop."""
        module, _, name = self._target.partition(":")
        try:
            function: Callable[[Inbound], Any] = getattr(importlib.import_module(module), name)
        except BaseException as error:  # whatever the module does while it is imported
            call.end(Retry(f"{self._target} cannot be imported: {error!r}"))
            return
        try:
            result = function(message)
        except BaseException as error:  # SystemExit, too: it is the handler that has failed
            call.end(self._failure(error))
            return
        if inspect.isgenerator(result) or inspect.isasyncgen(result):
            call.end(Retry(f"{self._target} has not run: it yields, and so makes a generator"))
            return
        if not inspect.isawaitable(result):
            call.end(Taken())
            return
        with self._making:
            if not self._closed:
                self._loop = self._loop or _Loop(self._target)
                self._loop.begin(self._await(call, result), call)
                return
        if inspect.iscoroutine(result):
            result.close()
        call.end(Retry(f"{self._target} has ended"))

    async def _await(self, call: _Call, result: Awaitable[Any]) -> None:
        try:
            await result
        except BaseException as error:  # asyncio.CancelledError that nobody asked for, too
            call.end(self._failure(error))
        else:
            call.end(Taken())

    def _failure(self, error: BaseException) -> Retry:
        """The traceback may show what the message says: it is for the one who looks for it."""
        logger.debug("%s", self._target, exc_info=error)
        return Retry(f"{self._target} raised {_told(error)}", str(error))


def _told(error: BaseException) -> str:
    """What was raised, and where; without its words, which may be the message's."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


class _Call:
    """One call. Its outcome is awaited in the daemon's loop and told from other threads."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._waits = asyncio.get_running_loop()
        self._give_back = give_back
        self.outcome: asyncio.Future[Outcome] = self._waits.create_future()
        self.abandoned = False
        self.stop: Callable[[], None] | None = None
        """Asks the coroutine to end, if it is one and has begun."""

    def end(self, outcome: Outcome) -> None:
        """It has come back."""
        self._give_back()
        with contextlib.suppress(RuntimeError):  # the daemon has ended meanwhile
            self._waits.call_soon_threadsafe(self._settle, outcome)

    def _settle(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def abandon(self) -> None:
        """Nobody waits for it any more."""
        self.abandoned = True
        if self.stop is not None:
            self.stop()


class _Loop:
    """An event loop in a thread of its own, which no exception ends."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._complain)
        self._ending = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name=f"{name} (loop)", daemon=True)
        self._thread.start()

    def begin(self, work: Any, call: _Call) -> None:
        """Run a coroutine. From any thread."""
        self._loop.call_soon_threadsafe(self._begin, work, call)

    def _begin(self, work: Any, call: _Call) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        call.stop = lambda: self._stop(task)
        if call.abandoned:  # after its first step: one that has never begun could not be ended
            self._loop.call_soon(task.cancel)

    def _stop(self, task: asyncio.Task[None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(task.cancel)

    async def close(self) -> None:
        """End what runs in it."""
        self._ending = True
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, CLOSE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._ending:
            try:
                self._loop.run_forever()
            except BaseException as error:  # a task's SystemExit comes out here
                self._complain(self._loop, {"message": "a task", "exception": error})
        with contextlib.suppress(BaseException):
            self._loop.run_until_complete(self._clear())
        self._loop.close()

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What its own tasks raise, without what they say of a message."""
        error = context.get("exception")
        what = context["message"] if error is None else _told(error)
        logger.warning("%s: something that it left running failed: %s", self._name, what)
        logger.debug("%s: %s", self._name, context["message"], exc_info=error)

    async def _clear(self) -> None:
        await asyncio.sleep(0)  # what was handed over last begins
        leftovers = asyncio.all_tasks() - {asyncio.current_task()}
        for task in leftovers:
            task.cancel()
        await asyncio.gather(*leftovers, return_exceptions=True)
