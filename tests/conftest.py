"""Options of the whole suite, and its order."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from labs.clock import HurriedLoop, hurry
from labs.turns import Dealing, turn_of

# Processes of ours are begun a hundred times, and workers collect alike: what is compiled is kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

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
