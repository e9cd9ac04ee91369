"""Keeps one fault that comes again and again from filling the log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

KEPT = 1000
"""Kinds of line that are known at a time; the oldest are forgotten."""


@dataclass(slots=True)
class _Allowance:
    """So many lines at once, and then so many a second."""

    left: float
    at: float
    left_out: int = 0

    def take(self, now: float, burst: float, per_second: float) -> bool:
        self.left = min(burst, self.left + max(0.0, now - self.at) * per_second)
        self.at = now
        if self.left < 1:
            self.left_out += 1
            return False
        self.left -= 1
        return True


class Repeats(logging.Filter):
    """Leaves out warnings and errors that have been told often enough, and then says how many.

    The same line is told five times, and then every ten seconds; different lines of one place in
    the code a hundred times, and then twice a second. `clock`: seconds that never go back.
    """

    SAME = (5.0, 0.1)
    PLACE = (100.0, 2.0)

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._known: dict[Hashable, _Allowance] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether `record` is told; the number of those before that were not is added to it."""
        if record.levelno < logging.WARNING:
            return True
        told = record.getMessage()
        place = (record.name, record.pathname, record.lineno, _cause(record))
        with self._lock:
            now = self._clock()
            same = self._allowance((place, told), self.SAME[0], now)
            whole = self._allowance(place, self.PLACE[0], now)
            if not (same.take(now, *self.SAME) and whole.take(now, *self.PLACE)):
                return False
            left_out = same.left_out + whole.left_out
            same.left_out = whole.left_out = 0
        if left_out:
            record.msg, record.args = f"{told} (and {left_out:,} more like it, left out)", ()
        return True

    def _allowance(self, kind: Hashable, burst: float, now: float) -> _Allowance:
        found = self._known.pop(kind, None) or _Allowance(burst, now)
        self._known[kind] = found  # the newest is last
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return found


def _cause(record: logging.LogRecord) -> Hashable:
    """What kind of exception it was, and the line that raised it."""
    if not record.exc_info or record.exc_info[0] is None:
        return None
    kind, _, trace = record.exc_info
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = None if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return kind, where
