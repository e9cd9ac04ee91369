"""Opening the database: a writing connection in its own thread, a reading one in another."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import sqlite_utils

from modemgw.clock import Clock
from modemgw.store import schema
from modemgw.store.errors import StoreError
from modemgw.store.lock import lock
from modemgw.store.records import Event
from modemgw.store.writer import Work, Writer

T = TypeVar("T")

FILE_NAME = "modemgw.db"
BUSY_TIMEOUT_MS = 10_000
"""How long a statement waits for another process (`modemgw keys`, a backup) to let go."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database in `path` (created when absent), migrated and in WAL mode.

    Raises StoreError: not writable, not a database, damaged, or written by a newer version.
    """
    directory = path.parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the data directory {directory} cannot be made: {error.strerror}; "
            "create it, or set gateway.data_dir to a directory that this user may write"
        ) from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StoreError(
            f"the data directory {directory} is not writable for this user; "
            "give it the rights, or set gateway.data_dir"
        )
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            _prepare(db, path)
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise StoreError(f"the database {path} cannot be opened: {error}") from error
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    db.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA cache_size=-12288")
    wrapped = sqlite_utils.Database(db)
    newer = schema.unknown_migrations(wrapped)
    if newer:
        raise StoreError(
            f"{path} was written by a newer modemgw (it has {', '.join(newer)}); "
            "install that version, or start with another data_dir"
        )
    schema.migrate(wrapped)


class Store:
    """What survives a crash. Use as an async context manager.

    Write with `write`, in units that are committed whole or not at all; read with `read`. Both take
    a function that runs in the store's own threads: it must not touch anything of the loop's.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self.last_event = 0
        """The id of the newest event that was published."""
        self._listeners: list[Callable[[list[Event]], None]] = []

    async def __aenter__(self) -> Store:
        loop = asyncio.get_running_loop()
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        try:
            db = await loop.run_in_executor(self._reading, connect, self.path)
            self._reader = await loop.run_in_executor(self._reading, connect, self.path)
            self._lock = lock(self.path)
        except BaseException:
            self._reading.shutdown(wait=False)
            raise
        self._reader.execute("PRAGMA query_only=1")
        self._db = db
        (last,) = db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
        self.last_event = last
        self._writer = Writer(db, clock=self._clock, on_events=self._publish, next_event=last + 1)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._writer.close)
        await loop.run_in_executor(self._reading, self._reader.close)
        self._reading.shutdown()
        self._db.close()
        os.close(self._lock)

    @property
    def problem(self) -> str | None:
        """Why nothing can be committed just now, or None when all is well."""
        return self._writer.problem

    def write(
        self, work: Work[T], *, keep: bool = False, then: Callable[[T], None] | None = None
    ) -> asyncio.Future[T]:
        """Commit a unit of work; see Writer.submit."""
        return self._writer.submit(work, keep=keep, then=then)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` on the reading connection, in its thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, query, self._reader)

    def on_events(self, listener: Callable[[list[Event]], None]) -> None:
        """Call `listener` in the loop with every group of events, once it is committed."""
        self._listeners.append(listener)

    def _publish(self, events: list[Event]) -> None:
        self.last_event = events[-1].id
        for listener in self._listeners:
            listener(events)
