"""The backends that have to pass the tests of the contract. A new one is added to `BACKENDS`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from memory_store import MemoryStore, State

from modemgw.clock import Clock, SystemClock
from modemgw.store import Store
from modemgw.store.sqlite import FILE_NAME, SqliteStore

Open = Callable[[], AbstractAsyncContextManager[Store]]
"""Opens the store, and opens it again as the last one left it."""


class SetClock(SystemClock):
    """A clock whose wall time is set by hand."""

    now = 1_795_000_000.0

    def time(self) -> float:
        return self.now


def sqlite(directory: Path, clock: Clock) -> Open:
    return lambda: SqliteStore(directory / FILE_NAME, clock=clock)


def memory(directory: Path, clock: Clock) -> Open:
    state = [State()]
    return lambda: MemoryStore(state, clock)  # some nouns only


BACKENDS = {"sqlite": sqlite, "memory": memory}


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=sorted(BACKENDS))
def open_store(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Open:
    return BACKENDS[request.param](tmp_path, clock)
