"""A database that cannot be written just now: why, when to try again, and how often to say so."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import deque

from modemgw.store.errors import StoreError

logger = logging.getLogger(__name__)

RETRY_MOST = 8.0
"""The longest pause between two tries, in multiples of the first."""
CALM_S = 60.0
"""Trouble that comes back within this time is the same trouble: pauses go on from where they were,
and so many changes as SAID are told within it."""
SAID = 4

RESTORE = (
    "stop modemgw, look with `modemgw db check`, and restore a backup "
    "(move the damaged file's -wal and -shm away with it)"
)

_STATEMENT_CODES = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
    }
)
"""Primary result codes that blame the statement: trying it again would change nothing."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def code_of(error: BaseException) -> int:
    """SQLite's primary result code; SQLITE_ERROR for what has none."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def is_disk_trouble(error: BaseException) -> bool:
    """Whether the file or the disk is at fault, rather than the statement."""
    return isinstance(error, sqlite3.DatabaseError) and code_of(error) not in _STATEMENT_CODES


def wants_room(error: BaseException) -> bool:
    """Whether less might have fitted."""
    return isinstance(error, sqlite3.Error) and code_of(error) == sqlite3.SQLITE_FULL


def leaves_connection(error: BaseException) -> bool:
    """Whether the connection is as good as before."""
    return wants_room(error) or (isinstance(error, sqlite3.Error) and code_of(error) in _BUSY)


def describe(error: BaseException, what: str) -> str:
    """One sentence: `what` failed, why, and what to do where there is something."""
    if isinstance(error, StoreError):
        return str(error)
    reason = getattr(error, "strerror", None) or str(error) or repr(error)
    if isinstance(error, sqlite3.Error):
        if code_of(error) in _DAMAGED:
            return f"{what}: {reason}; {RESTORE}"
        if code_of(error) in _BUSY:
            return f"{what}: {reason} by another program"
    return f"{what}: {reason}"


class Trouble:
    """The state of one database's writing. Belongs to the writer's thread; others only read it."""

    def __init__(self) -> None:
        self.problem: str | None = None
        """Why nothing can be committed just now, or None when all is well."""
        self._pauses = 1.0
        self._retry_at = 0.0
        self._ended_at = -CALM_S
        self._told: str | None = None
        self._told_at: deque[float] = deque([-CALM_S] * SAID, maxlen=SAID)

    def begin(self, problem: str, retry_s: float) -> None:
        """A try has failed; the next is due after `retry_s`, or more when others failed before."""
        now = time.monotonic()
        if self.problem is None and now - self._ended_at >= CALM_S:
            self._pauses = 1.0
        self._retry_at = now + retry_s * self._pauses
        self._pauses = min(self._pauses * 2, RETRY_MOST)
        self.problem = problem
        self.tell()

    def end(self) -> None:
        """It takes writes again."""
        if self.problem is not None:
            self.problem, self._ended_at = None, time.monotonic()
            self.tell()

    def due_in(self) -> float:
        """Seconds until the next try is due; 0 when it is, or all is well."""
        return 0.0 if self.problem is None else max(0.0, self._retry_at - time.monotonic())

    def tell(self) -> None:
        """Log what has changed since it was last told; at most SAID changes in CALM_S seconds."""
        now = time.monotonic()
        if self.problem == self._told or now - self._told_at[0] < CALM_S:
            return
        self._told = self.problem
        self._told_at.append(now)
        if self.problem is None:
            logger.warning("the database takes writes again")
        else:
            logger.error("%s", self.problem)
