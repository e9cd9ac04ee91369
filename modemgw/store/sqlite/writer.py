"""The one writer: a thread that commits units of work in groups.

While one commit waits for the disk, the units of work that arrive gather; they share the next
commit. So durability (`synchronous=FULL`) costs one disk flush a group, not one a message, and a
unit of work that comes alone is committed at once.

A unit that fails is undone alone. Savepoints would cost every unit for the sake of few, so a group
has them only after one of it has failed with something written: then it is run again. A commit that
fails undoes the whole group, and what must not be lost is run again. So a unit touches nothing but
its transaction: what is to follow in memory follows the commit (`then`). `Writer.rehearse` shows
those that do not keep to it.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from modemgw.clock import Clock
from modemgw.histogram import Histogram
from modemgw.store.errors import StoreUnavailable
from modemgw.store.records import Event
from modemgw.store.sqlite import files
from modemgw.store.sqlite.group import Group, RunAgain, Unit, Work
from modemgw.store.sqlite.presence import Presence
from modemgw.store.sqlite.trouble import (
    Trouble,
    describe,
    leaves_connection,
    wants_room,
)
from modemgw.store.sqlite.unit import SqliteTransaction

logger = logging.getLogger(__name__)
T = TypeVar("T")

GROUP_LIMIT = 1024
"""Units of work in one commit at the most: bounds the wait of the first one."""
RETRY_S = 1.0
"""Pause before work that must not be lost is tried again on a failing disk; it grows eightfold."""
IDLE_S = 0.5
"""How often a writer with nothing to do looks whether its database is still there."""
LOOK_AGAIN_S = 0.05
"""How often the database's presence is looked at closely while there is much to commit."""
STALL_S = 10.0
"""A writer that makes no progress for so long hangs: nobody waits for it any longer."""
TICK_S = 1.0
"""How often the event loop looks whether the writer makes progress."""
CLOSE_S = 10.0
"""How long the end waits for the last commit."""
COMMIT_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


class Writer:
    """Owns the writing connection and its thread.

    `open_` opens the writing connection, and another when one is of no use any more. `on_events` is
    called in the loop's thread with what was committed, in order.
    """

    rehearse: ClassVar[bool] = False
    """For tests: run every unit once and undo it, before it is run in earnest."""

    def __init__(
        self,
        db: sqlite3.Connection | None,
        *,
        directory: Path,
        open_: Callable[[], sqlite3.Connection],
        presence: Presence,
        clock: Clock,
        on_events: Callable[[list[Event]], None],
        next_event: int,
        problem: str | None = None,
    ) -> None:
        self._db = db
        self._tx: SqliteTransaction | None = None
        """What units write through on that connection."""
        self._directory = directory
        self._open = open_
        self._presence = presence
        self._clock = clock
        self._on_events = on_events
        self._next_event = next_event
        self._loop = asyncio.get_running_loop()
        self._inbox: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._kept: list[Unit] = []
        """What the disk refused and must not be lost, in the order of submission."""
        self.commits = Histogram(COMMIT_SECONDS)
        """How long groups took, with their commit; the thread's own."""
        self._waited_for: deque[Unit] = deque()
        """What may be refused; belongs to the loop."""
        self._trouble = Trouble()
        if problem is not None:
            self._trouble.begin(problem, RETRY_S)
        self.last_progress = time.monotonic()
        """When the thread last did anything (monotonic seconds); it does at least every IDLE_S."""
        self.stalled: str | None = None
        """Why no answer can be expected of the thread, or None when it makes progress."""
        self._looked_at = 0.0
        self._savepoints = False
        """Whether the group at hand has them: one of it has failed with something written."""
        self._seen_progress, self._still_s = self.last_progress, 0.0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()
        self._loop.call_later(TICK_S, self._watch)

    @property
    def problem(self) -> str | None:
        """Why nothing can be committed just now, or None when all is well."""
        return self.stalled or self._trouble.problem

    # --- in the loop

    def submit(
        self,
        work: Work[T],
        *,
        keep: bool = False,
        then: Callable[[T], None] | None = None,
    ) -> asyncio.Future[T]:
        """Queue a unit of work; the future is done when it is committed.

        The future fails with StoreConflict (the work's own refusal) or StoreUnavailable, within
        STALL_S seconds and a little. With `keep` the work outlives a failing disk: it is tried
        again until it is committed, and nothing that was submitted later is committed before it.
        `then` is called in the loop with the result of what was committed, whoever still waits.
        `work` may be run more than once.
        """
        done: asyncio.Future[T] = self._loop.create_future()
        unit = Unit(work, done, keep, then)
        if not keep:
            if self.stalled is not None:
                done.set_exception(StoreUnavailable(self.stalled))
                return done
            self._waited_for.append(unit)
        self._inbox.put(unit)
        return done

    def _watch(self) -> None:
        """Ticks are counted, not seconds: a machine that slept has not made the writer hang."""
        if self._closing:
            return
        moved = self.last_progress != self._seen_progress
        self._seen_progress = self.last_progress
        self._still_s = 0.0 if moved else self._still_s + TICK_S
        if not self._thread.is_alive():
            self._stall("the thread that writes the database has ended; restart modemgw")
        elif self._still_s >= STALL_S:
            self._stall(f"the database has not answered for {self._still_s:.0f} s")
        elif self.stalled is not None:
            logger.warning("the database answers again")
            self.stalled = None
        self._loop.call_later(TICK_S, self._watch)

    def _stall(self, problem: str) -> None:
        if self.stalled is None:
            logger.critical("%s", problem)
        self.stalled = problem
        while self._waited_for:
            unit = self._waited_for.popleft()
            unit.withdrawn = True
            if not unit.done.done():
                unit.done.set_exception(StoreUnavailable(problem))

    def _settle(self, group: list[Unit], events: Sequence[Event]) -> None:
        for unit in group:
            if unit.then is not None and unit.error is None:
                self._follow_up(unit.then, unit.result)
            done = unit.done
            if done.done():
                continue
            if unit.error is not None:
                done.set_exception(unit.error)
            else:
                done.set_result(unit.result)
        waited_for = self._waited_for
        while waited_for and waited_for[0].done.done():
            waited_for.popleft()
        if events:
            self._on_events(list(events))

    def _follow_up(self, then: Callable[[Any], None], result: Any) -> None:
        try:
            then(result)
        except Exception:  # the others of the group must be told
            logger.exception("what was to follow a commit failed")

    def close(self) -> bool:
        """Commit what is queued and end the thread. Blocks; call it off the loop.

        False when the thread still hangs after CLOSE_S seconds: then the connection is its own.
        """
        self._closing = True
        self._inbox.put(None)
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            logger.error("the database has not answered for %g s: ended without it", CLOSE_S)
            return False
        if self._db is not None:
            self._db.close()
        return True

    # --- in the thread

    def _run(self) -> None:
        open_ = True
        while open_:
            try:
                open_ = self._turn()
            except Exception:  # whatever it is: without this thread nothing is kept at all
                logger.exception("a turn of the database's writer failed")
                time.sleep(RETRY_S)
        if self._kept:
            logger.error("%d results could not be written before the end", len(self._kept))

    def _turn(self) -> bool:
        units, open_ = self._gather()
        self.last_progress = time.monotonic()
        if open_ and self._kept and self._trouble.due_in():
            self._put_off(units)
        elif units or self._kept:
            kept, self._kept = self._kept, []
            self._work_off([*kept, *(unit for unit in units if not unit.withdrawn)])
        elif self._trouble.problem is not None:
            if not self._trouble.due_in():
                self._probe()
        else:
            self._look()
        self._trouble.tell()
        return open_

    def _gather(self) -> tuple[list[Unit], bool]:
        due_in = self._trouble.due_in()
        wait = min(IDLE_S, due_in) if due_in else 0.0 if self._kept else IDLE_S
        group: list[Unit] = []
        try:
            unit = self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait()
            while unit is not None:
                group.append(unit)
                if len(group) >= GROUP_LIMIT:
                    return group, True
                unit = self._inbox.get_nowait()
        except queue.Empty:
            return group, True
        return group, False

    def _work_off(self, units: list[Unit]) -> None:
        try:
            for start in range(0, len(units), GROUP_LIMIT):
                refused = self._commit(units[start : start + GROUP_LIMIT])
                if refused:
                    self._put_off([*refused, *units[start + GROUP_LIMIT :]])
                    return
        except BaseException:  # a fault of ours must not cost what was promised
            self._put_off([unit for unit in units if not unit.over])
            raise

    def _put_off(self, units: list[Unit]) -> None:
        """Keep what must not be lost, in its order, and refuse the rest."""
        self._kept += [unit for unit in units if unit.keep]
        refused = [unit for unit in units if not unit.keep]
        if refused:
            problem = self._trouble.problem or "the database cannot be written"
            for unit in refused:
                unit.error = StoreUnavailable(problem)
            self._tell(refused)

    def _commit(self, group: list[Unit]) -> list[Unit]:
        """Commit a group. Returns those that the disk refused: from the first one on, in order."""
        self._savepoints = False
        while True:
            try:
                events, changes = self._attempt(group)
                break
            except RunAgain as again:
                self._savepoints = True
                group = [u for u in group if not (u.withdrawn or u is again.unit)]
                if again.unit is not None:
                    self._tell([again.unit])
            except Exception as error:
                self._note(error)
                if len(group) > 1 and wants_room(error):
                    return self._commit_each(group)
                return group
        if self._trouble.problem is not None and (changes or not self._trouble.due_in()):
            self._probe()
        self._tell(group, events)
        return []

    def _commit_each(self, group: list[Unit]) -> list[Unit]:
        """Alone, smaller ones may fit. But nothing overtakes what must not be lost."""
        too_large = 0
        for i, unit in enumerate(group):
            if refused := self._commit([unit]):
                too_large += 1
                if unit.keep or too_large > 1:
                    return group[i:]
                self._put_off(refused)
        return []

    def _attempt(self, units: list[Unit]) -> tuple[list[Event], int]:
        """Run and commit a group. Returns its events, and how many rows it changed.

        Raises what is no unit's own fault: then nothing is committed.
        """
        if self.last_progress - self._looked_at > LOOK_AGAIN_S:
            self._presence.require()
            self._looked_at = self.last_progress
        db = self._connection()
        if self._tx is None or self._tx.connection is not db:
            self._tx = SqliteTransaction(db)
        group = Group(self._tx, units, alive=self._alive, rehearse=self.rehearse)
        began = time.monotonic()
        try:
            done = group.commit(self._clock.time(), self._next_event, savepoints=self._savepoints)
        except BaseException:
            self._roll_back(db)
            raise
        if done is None:
            self._roll_back(db)
            return [], 0
        self.commits.observe(time.monotonic() - began)
        self._presence.glance()
        events, _ = done
        self._next_event += len(events)
        return done

    def _alive(self) -> None:
        self.last_progress = time.monotonic()

    def _roll_back(self, db: sqlite3.Connection) -> None:
        self._tx = None
        try:
            if db.in_transaction:
                db.execute("ROLLBACK")
            undone = not db.in_transaction
        except sqlite3.Error as error:
            logger.warning("a transaction cannot be undone: %s", error)
            undone = False
        if not undone:
            self._drop_connection()

    def _drop_connection(self) -> None:
        """Closing it undoes what it had begun. The next turn opens another."""
        db, self._db = self._db, None
        if db is not None:
            try:
                db.close()
            except sqlite3.Error as error:
                logger.warning("a connection to the database cannot be closed: %s", error)

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            db = self._open()
            (last,) = db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
            self._next_event = max(self._next_event, last + 1)
            self._db = db
        return self._db

    def _look(self) -> None:
        try:
            self._presence.require()
        except StoreUnavailable as error:
            self._note(error)

    def _probe(self) -> None:
        """Write something: only what was written shows that writing works again."""
        try:
            self._presence.require()
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                db.execute(f"PRAGMA user_version={self._presence.mark}")
                db.execute("COMMIT")
            except BaseException:
                self._roll_back(db)
                raise
            files.require_room(self._directory)
        except Exception as error:
            self._note(error)
        else:
            self._trouble.end()

    def _note(self, error: Exception) -> None:
        if not leaves_connection(error):
            self._drop_connection()
        self._trouble.begin(describe(error, "the database cannot be written"), RETRY_S)

    def _tell(self, units: list[Unit], events: Sequence[Event] = ()) -> None:
        for unit in units:
            unit.over = True
        try:
            self._loop.call_soon_threadsafe(self._settle, units, events)
        except RuntimeError:  # the loop is closed: nobody waits any more
            logger.debug("committed after the loop had ended")
