"""Options of the whole suite, and its order."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from labs.clock import HurriedLoop, hurry
from labs.turns import Dealing, turn_of
from sqlite_utils import Database

from modemgw.store.sqlite import schema

# Processes of ours are begun a hundred times, and workers collect alike: what is compiled is kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Whoever runs the tests may have gateways of his own: none of them is meant.
os.environ["MODEMGW_CONTEXTS"] = os.devnull

HURRIED = {
    "test_e2e_batches.py",
    "test_e2e_dispatch.py",
    "test_e2e_fates.py",
    "test_e2e_faults.py",
    "test_e2e_pause.py",
    "test_e2e_pins.py",
    "test_e2e_reload.py",
    "test_e2e_repetitions.py",
    "test_e2e_replies.py",
    "test_fault_table.py",
    "test_floods.py",
    "test_known_failures.py",
    "test_stopped.py",
    "test_virtual_bank.py",
}
"""Beside the tests of modem/: files whose gateways and banks live by a time that jumps."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak-seconds",
        type=float,
        default=15.0,
        help="how long the soak test strikes its modems with faults (default: 15)",
    )


def is_hurried(item: pytest.Item) -> bool:
    """Whether what the test waits for is of its own process, and time may jump to it.

    Not so for serial servers, which live in threads and know only the real time.
    """
    return item.path.name in HURRIED or (
        item.path.parent.name == "modem" and item.path.name != "test_modem_network.py"
    )


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"hurried": HurriedLoop} if is_hurried(item) else {"plain": asyncio.SelectorEventLoop}


@pytest.fixture(autouse=True)
def _hurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_hurried(request.node):
        hurry(monkeypatch)


_MAKE_TABLES = {"test_cli_local.py", "test_store_opening.py"}
"""What making them step by step is about."""
_TABLES = sqlite3.connect(":memory:", check_same_thread=False)
schema.migrate(Database(_TABLES))
_TURNS = threading.Lock()


@pytest.fixture(autouse=True)
def _tables_made_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """New databases are copies of one: making all their tables takes longer than most tests.

    Those of older versions are brought up to date step by step, as ever.
    """
    step_by_step = schema.migrate

    def migrate(db: Database) -> None:
        if db.conn.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            with _TURNS:  # threads of several stores may want one at the same time
                _TABLES.backup(db.conn)
        else:
            step_by_step(db)

    if request.node.path.name not in _MAKE_TABLES:
        monkeypatch.setattr(schema, "migrate", migrate)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn_of(item.path.name))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are processors: some tests wait for other processes."""
    return len(os.sched_getaffinity(0)) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return Dealing(config, log)


@pytest.fixture(autouse=True)
def _own_log_level() -> Iterator[None]:
    """A command that is run within a test sets the level for the whole process."""
    logger = logging.getLogger("modemgw")
    before = logger.level
    yield
    logger.setLevel(before)
