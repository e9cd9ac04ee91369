"""Several reading connections, so that a long list keeps nobody waiting."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from modemgw.store.errors import StoreUnavailable
from modemgw.store.sqlite.trouble import describe, is_disk_trouble
from modemgw.store.sqlite.unit import SqliteView

T = TypeVar("T")

SCANS = 3
"""Connections for whatever may take long."""
CACHE_KIB = 4096
PATIENCE_S = 10.0
"""How long a query waits for a connection where there are fewer than there should be."""


class Readers:
    """A pool of reading connections, and one apart for what is looked up by its key.

    A look-up is on the way of every request (its API key) and takes microseconds: it never waits
    behind lists, however many are asked for.
    """

    def __init__(self) -> None:
        self._for_scans: queue.SimpleQueue[SqliteView] = queue.SimpleQueue()
        self._for_look_ups: queue.SimpleQueue[SqliteView] = queue.SimpleQueue()
        self._scanning = ThreadPoolExecutor(SCANS, thread_name_prefix="store-reader")
        self._looking_up = ThreadPoolExecutor(1, thread_name_prefix="store-look-up")
        self._shared: SqliteView | None = None
        self.full = False
        """Whether it has its connections; else one at the most, which all share."""

    def fill(self, open_: Callable[[], sqlite3.Connection]) -> None:
        """Open the connections. Raises StoreError or sqlite3.Error."""
        opened: list[SqliteView] = []
        try:
            while len(opened) <= SCANS:
                opened.append(_prepared(open_()))
        except BaseException:
            for view in opened:
                view.connection.close()
            raise
        self._for_look_ups.put(opened.pop())
        for view in opened:
            self._for_scans.put(view)
        self.full = True

    def share(self, db: sqlite3.Connection) -> None:
        """Read through this one connection only."""
        self._shared = view = _prepared(db)
        self._for_scans.put(view)
        self._for_look_ups.put(view)

    def unshare(self) -> None:
        """Close the one connection when it is idle. Reads wait until there are others."""
        if self._shared is not None:
            self._for_scans.get()
            self._for_look_ups.get()
            self._shared.connection.close()
            self._shared = None

    async def scan(self, query: Callable[[SqliteView], T]) -> T:
        """Run a query that may take long. Raises StoreUnavailable when the file cannot be read."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._scanning, _run, self._for_scans, query)

    async def look_up(self, query: Callable[[SqliteView], T]) -> T:
        """Run a query that finds by a key. Raises StoreUnavailable when the file cannot be read."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._looking_up, _run, self._for_look_ups, query)

    def close(self) -> None:
        """Let queries end, and close the connections. Blocks; call it off the loop."""
        self._scanning.shutdown()
        self._looking_up.shutdown()
        self.empty()

    def empty(self) -> None:
        """Close the connections that are idle."""
        for connections in (self._for_scans, self._for_look_ups):
            while not connections.empty():
                connections.get().connection.close()


def _prepared(db: sqlite3.Connection) -> SqliteView:
    db.execute("PRAGMA query_only=1")
    db.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    # From now on it holds the log open: nobody else's leaving makes SQLite remove it.
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return SqliteView(db)


def _run(views: queue.SimpleQueue[SqliteView], query: Callable[[SqliteView], T]) -> T:
    try:
        view = views.get(timeout=PATIENCE_S)
    except queue.Empty:
        raise StoreUnavailable("the database cannot be read just now") from None
    try:
        return query(view)
    except sqlite3.Error as error:
        if is_disk_trouble(error):
            raise StoreUnavailable(describe(error, "the database cannot be read")) from error
        raise
    finally:
        views.put(view)
