"""The open store: one writer in its own thread, several readers in theirs."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from modemgw.clock import Clock
from modemgw.histogram import Histogram
from modemgw.store.contract.unit import View
from modemgw.store.errors import StoreError
from modemgw.store.records import Event
from modemgw.store.sqlite import files
from modemgw.store.sqlite.group import Work
from modemgw.store.sqlite.lock import lock
from modemgw.store.sqlite.opening import create, open_as_it_is, require_usable, upgrade
from modemgw.store.sqlite.presence import Presence
from modemgw.store.sqlite.readers import Readers
from modemgw.store.sqlite.trouble import code_of, describe
from modemgw.store.sqlite.writer import Writer

logger = logging.getLogger(__name__)
T = TypeVar("T")

FILE_NAME = "modemgw.db"


class SqliteStore:
    """The store in one SQLite file (contract/store.py says what it guarantees).

    Use as an async context manager.

    Write with `write`, in units that are committed whole or not at all; read with `read` and
    `look_up`. All take a function that runs in the store's own threads: it must not touch anything
    of the loop's. `backup_before_migrate`: copy a database of an older version before it changes.

    A disk that is full at the start does not keep it from being read.
    """

    def __init__(self, path: Path, *, clock: Clock, backup_before_migrate: bool = True) -> None:
        self.path = path
        self._clock = clock
        self._backup_first = backup_before_migrate
        self._readers = Readers()
        self.last_event = 0
        """The id of the newest event that was published."""
        self._listeners: list[Callable[[list[Event]], None]] = []

    async def __aenter__(self) -> SqliteStore:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="store-opener") as opening:
            db, self.last_event, problem = await loop.run_in_executor(opening, self._set_up)
        self._writer = Writer(
            db,
            directory=self.path.parent,
            open_=self._open_writing,
            presence=self._presence,
            clock=self._clock,
            on_events=self._publish,
            next_event=self.last_event + 1,
            problem=problem,
        )
        return self

    def _set_up(self) -> tuple[sqlite3.Connection | None, int, str | None]:
        """The writing connection, the last event, and why there is no connection yet.

        Nothing is changed before the lock is ours.
        """
        files.make_directory(self.path.parent)
        self._lock = lock(self.path)
        try:
            if not self.path.exists():
                create(self.path)
                logger.info("made a new database, %s", self.path)
            require_usable(self.path)
            files.tighten(self.path)
            self._presence = Presence(self.path)
            try:
                return self._open_all()
            except BaseException:
                self._readers.close()
                self._presence.close()
                raise
        except (sqlite3.Error, OSError) as error:
            os.close(self._lock)
            why = describe(error, f"the database {self.path} cannot be opened")
            raise StoreError(why) from error
        except BaseException:
            os.close(self._lock)
            raise

    def _open_all(self) -> tuple[sqlite3.Connection | None, int, str | None]:
        with closing(open_as_it_is(self.path)) as db:
            try:
                last = self._prepare(db)
                _use_log(db)
                self._readers.fill(self._open_one)
                return self._open_writing(), last, None
            except sqlite3.Error as error:
                if code_of(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                    raise
                problem = describe(error, "the database cannot be written: no room for its log")
        self._readers.empty()
        # Not even the index of the log (`-shm`) fits on the disk: it is kept in memory. Then there
        # is one connection only; the writer opens the others when there is room.
        db = self._open_alone()
        try:
            last = self._prepare(db)
            self._readers.share(db)
        except BaseException:
            db.close()
            raise
        return None, last, problem

    def _prepare(self, db: sqlite3.Connection) -> int:
        """Bring the database up to date; returns the id of its last event."""
        upgrade(db, self.path, backup_first=self._backup_first)
        (mark,) = db.execute("PRAGMA user_version").fetchone()
        self._presence.remember(mark)
        (last,) = db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
        return int(last)

    def _open_one(self) -> sqlite3.Connection:
        return open_as_it_is(self.path)

    def _open_alone(self) -> sqlite3.Connection:
        db = self._open_one()
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        return db

    def _open_writing(self) -> sqlite3.Connection:
        if not self._readers.full:
            files.require_room(self.path.parent)
            self._readers.unshare()
            self._presence.remember(self._presence.mark)
            try:
                self._readers.fill(self._open_one)
            except BaseException:
                self._readers.share(self._open_alone())
                raise
        db = self._open_one()
        try:
            _use_log(db)
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA cache_size=-12288")
        except BaseException:
            db.close()
            raise
        return db

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        closed = await loop.run_in_executor(None, self._writer.close)
        await loop.run_in_executor(None, self._readers.close)
        if closed:
            self._presence.close()
        os.close(self._lock)

    @property
    def problem(self) -> str | None:
        """Why nothing can be committed just now, or None when all is well."""
        return self._writer.problem

    @property
    def stalled(self) -> str | None:
        """Why the writer hangs or is dead, so that only a restart helps; None when it is not."""
        return self._writer.stalled

    @property
    def commits(self) -> Histogram:
        """How long commits took, in seconds."""
        return self._writer.commits

    @property
    def last_progress(self) -> float:
        """When the writer last showed that it lives, in monotonic seconds."""
        return self._writer.last_progress

    def write(
        self, work: Work[T], *, keep: bool = False, then: Callable[[T], None] | None = None
    ) -> asyncio.Future[T]:
        """Commit a unit of work; see Writer.submit."""
        return self._writer.submit(work, keep=keep, then=then)

    async def read(self, query: Callable[[View], T]) -> T:
        """Run a query that may take long. Raises StoreUnavailable when the file cannot be read."""
        return await self._readers.scan(query)

    async def look_up(self, query: Callable[[View], T]) -> T:
        """Run a query that finds a few rows by a key: it never waits behind `read`."""
        return await self._readers.look_up(query)

    def on_events(self, listener: Callable[[list[Event]], None]) -> None:
        """Call `listener` in the loop with every group of events, once it is committed."""
        self._listeners.append(listener)

    def _publish(self, events: list[Event]) -> None:
        self.last_event = events[-1].id
        for listener in self._listeners:
            listener(events)


def _use_log(db: sqlite3.Connection) -> None:
    """Write ahead (a restored backup does not): readers and the writer do not wait for another."""
    if db.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        db.execute("PRAGMA journal_mode=WAL")
