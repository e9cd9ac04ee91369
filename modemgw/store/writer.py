"""The one writer: a thread that commits units of work in groups.

While one commit waits for the disk, the units of work that arrive gather; they share the next
commit. So durability (`synchronous=FULL`) costs one disk flush a group, not one a message, and a
unit of work that comes alone is committed at once.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic_core import to_json

from modemgw.clock import Clock
from modemgw.store.errors import StoreConflict, StoreUnavailable
from modemgw.store.records import Event

logger = logging.getLogger(__name__)
T = TypeVar("T")

GROUP_LIMIT = 1024
"""Units of work in one commit at the most: bounds the wait of the first one."""
RETRY_S = 1.0
"""Pause before work that must not be lost is tried again on a failing disk."""


class Transaction:
    """What a unit of work writes through. Valid only while that unit runs, in the writer thread."""

    __slots__ = ("_db", "_now", "events")

    def __init__(self, db: sqlite3.Connection, now: float) -> None:
        self._db = db
        self._now = now
        self.events: list[tuple[str, float, dict[str, Any]]] = []

    @property
    def now(self) -> float:
        """UTC seconds at which the group began."""
        return self._now

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._db.execute(sql, values)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row."""
        self._db.executemany(sql, rows)

    def emit(self, type: str, data: dict[str, Any]) -> None:
        """Record an event; it is published once the group is committed."""
        self.events.append((type, self._now, data))


Work = Callable[[Transaction], T]


@dataclass(slots=True)
class _Unit:
    work: Work[Any]
    done: asyncio.Future[Any] | None
    keep: bool
    then: Callable[[Any], None] | None
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the writing connection and its thread.

    `on_events` is called in the loop's thread with what was committed, in order.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        *,
        clock: Clock,
        on_events: Callable[[list[Event]], None],
        next_event: int,
    ) -> None:
        self._db = db
        self._clock = clock
        self._on_events = on_events
        self._next_event = next_event
        self._loop = asyncio.get_running_loop()
        self._inbox: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._kept: list[_Unit] = []
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str | None:
        """Why nothing can be committed just now, or None when all is well."""
        return self._problem

    def submit(
        self,
        work: Work[T],
        *,
        keep: bool = False,
        then: Callable[[T], None] | None = None,
    ) -> asyncio.Future[T]:
        """Queue a unit of work; the future is done when it is committed.

        The future fails with StoreConflict (the work's own refusal) or StoreUnavailable. With
        `keep` the work outlives a failing disk: it is tried again until it is committed. `then` is
        called in the loop with the result of what was committed, whoever still waits.
        """
        done: asyncio.Future[T] = self._loop.create_future()
        self._inbox.put(_Unit(work, done, keep, then))
        return done

    def close(self) -> None:
        """Commit what is queued and end the thread. Blocks; call it off the loop."""
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            group, open_ = self._gather()
            if group:
                self._commit(group)
        if self._kept:
            logger.error("%d results could not be written before the end", len(self._kept))

    def _gather(self) -> tuple[list[_Unit], bool]:
        group, self._kept = self._kept, []
        try:
            unit = self._inbox.get(timeout=RETRY_S if group else None)
            while True:
                if unit is None:
                    return group, False
                group.append(unit)
                if len(group) >= GROUP_LIMIT:
                    return group, True
                unit = self._inbox.get_nowait()
        except queue.Empty:
            return group, True

    def _commit(self, group: list[_Unit]) -> None:
        try:
            events = self._attempt(group)
        except Exception as error:
            if len(group) == 1:
                self._refuse(group[0], error)
                return
            # One of them is at fault, or the disk is: alone, each shows which.
            for unit in group:
                self._commit([unit])
            return
        if self._problem is not None:
            logger.warning("the database takes writes again")
            self._problem = None
        self._call_loop(self._settle, group, events)

    def _attempt(self, group: list[_Unit]) -> list[Event]:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            transaction = Transaction(db, self._clock.time())
            for unit in group:
                unit.error = None
                try:
                    unit.result = unit.work(transaction)
                except StoreConflict as refusal:
                    unit.error = refusal
            events = self._write_events(transaction)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._next_event += len(events)
        return events

    def _write_events(self, transaction: Transaction) -> list[Event]:
        if not transaction.events:
            return []
        events = [
            Event(self._next_event + i, type_, at, data)
            for i, (type_, at, data) in enumerate(transaction.events)
        ]
        transaction.many(
            "INSERT INTO events (id, type, at, data) VALUES (?, ?, ?, ?)",
            [(e.id, e.type, e.at, to_json(e.data).decode()) for e in events],
        )
        return events

    def _refuse(self, unit: _Unit, error: Exception) -> None:
        if not _is_disk_trouble(error):
            logger.error("a unit of work failed and was rolled back", exc_info=error)
            unit.error = error
            self._call_loop(self._settle, [unit], [])
            return
        problem = f"the database cannot be written: {error}"
        if problem != self._problem:
            logger.error("%s", problem)
            self._problem = problem
        if unit.keep:
            self._kept.append(unit)
            return
        unit.error = StoreUnavailable(problem)
        self._call_loop(self._settle, [unit], [])

    def _call_loop(self, settle: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(settle, *arguments)
        except RuntimeError:  # the loop is closed: nobody waits any more
            logger.debug("committed after the loop had ended")

    def _settle(self, group: list[_Unit], events: list[Event]) -> None:
        for unit in group:
            if unit.then is not None and unit.error is None:
                self._follow_up(unit.then, unit.result)
            done = unit.done
            if done is None or done.done():
                continue
            if unit.error is not None:
                done.set_exception(unit.error)
            else:
                done.set_result(unit.result)
        if events:
            self._on_events(events)

    def _follow_up(self, then: Callable[[Any], None], result: Any) -> None:
        try:
            then(result)
        except Exception:  # the others of the group must be told
            logger.exception("what was to follow a commit failed")


def _is_disk_trouble(error: Exception) -> bool:
    """Whether the file or the disk is at fault, rather than the statement."""
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF not in _STATEMENT_CODES


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
