"""An open store: units of work that are committed whole or not at all, queries, and its health."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from modemgw.histogram import Histogram
from modemgw.store.contract.unit import Transaction, View
from modemgw.store.records import Event

T = TypeVar("T")


class Store(Protocol):
    """What survives a crash.

    Units of work and queries are functions that run in the store's own threads, at the same time as
    the event loop: they touch nothing but what they are handed, for a unit may be run more than
    once before it is committed. What is to follow in memory follows the commit (`then`).
    """

    def write(
        self,
        work: Callable[[Transaction], T],
        *,
        keep: bool = False,
        then: Callable[[T], None] | None = None,
    ) -> asyncio.Future[T]:
        """Commit a unit of work. Once the future is done, neither a crash nor a power loss undoes
        it.

        A unit is committed whole or not at all; one that fails takes no other with it. Units are
        committed in the order in which they were submitted: a later one sees what an earlier one
        wrote, and one with `keep` is overtaken by none. `then` is called in the event loop with
        the result of what was committed, whoever still waits, and before the future is done.

        The future fails with what the unit raised (StoreConflict for its own refusal), or with
        StoreUnavailable, within a bounded time, when the store takes no writes just now. With
        `keep` a store that fails does not fail the unit: it is tried again until it is committed.
        """

    async def read(self, query: Callable[[View], T]) -> T:
        """Run a query that may take long. It sees all that was committed when it was asked for,
        and no unit by halves.

        Raises StoreUnavailable when the store cannot be read just now.
        """

    async def look_up(self, query: Callable[[View], T]) -> T:
        """Run a query that finds a few things by a key: it never waits behind `read`."""

    def on_events(self, listener: Callable[[list[Event]], None]) -> None:
        """Call `listener` in the event loop with every group of events, once it is committed.

        Ids only ever grow, over restarts too; groups come in the order of their ids.
        """

    @property
    def last_event(self) -> int:
        """The id of the newest event that was published; 0 when there was none yet."""

    @property
    def problem(self) -> str | None:
        """Why nothing can be committed just now, or None when all is well."""

    @property
    def stalled(self) -> str | None:
        """Why only a restart helps (the store hangs), or None when it does not."""

    @property
    def last_progress(self) -> float:
        """When the store last showed that it lives, in monotonic seconds."""

    @property
    def commits(self) -> Histogram:
        """How long commits took since the start, in seconds."""
