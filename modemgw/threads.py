"""Threads for calls that may block, kept apart by purpose so that no kind can starve another.

asyncio's own pool has a handful of threads for everything, and the process waits for them when it
ends. A port that hangs while it is opened, or a name server that is silent, must cost neither.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_Call = tuple["Future[Any]", Callable[[], Any]]


class DaemonThreads(Executor):
    """At most `most` threads, made when they are needed; calls beyond wait for one to be free.

    For `loop.run_in_executor`. The end of the process waits for none of them.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._lock = threading.Condition()
        self._waiting: deque[_Call] = deque()
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call `fn` in one of the threads. Raises RuntimeError after `shutdown`."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the threads for {self._name} have ended")
            self._waiting.append((future, lambda: fn(*args, **kwargs)))
            if len(self._waiting) <= self._idle:
                self._lock.notify()
            elif self._threads < self._most:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no more threads to be had: those that are there must do
                    if self._threads == 0:
                        self._waiting.pop()
                        raise
                else:
                    self._threads += 1
        return future

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = False) -> None:
        """Let the threads end when they have nothing more to do. `wait` is not heeded."""
        with self._lock:
            self._closed = True
            if cancel_futures:
                for future, _ in self._waiting:
                    future.cancel()
                self._waiting.clear()
            self._lock.notify_all()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            future, work = call
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:  # a thread must not die of what it was given
                future.set_exception(error)
            else:
                future.set_result(result)
            del call, future, work

    def _next(self) -> _Call | None:
        with self._lock:
            self._idle += 1
            try:
                while not self._waiting:
                    if self._closed:
                        return None
                    self._lock.wait()
                return self._waiting.popleft()
            finally:
                self._idle -= 1
