"""Options of the whole suite, and its order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest
from labs.clock import HurriedLoop, hurry

LONG = (
    "soak",
    "floods",
    "fault_table",
    "known_failures",
    "cli_demo",
    "cli_daemon",
    "e2e_disk",
    "virtual_clients",
    "cli_descriptors",
    "e2e_schema",
    "gateway_matching",
    "crash",
)
"""Files that take long, the longest first: they are begun first, lest all wait for one at the end.

One whose only test waits is followed by a short one, which is given to the same process.
"""

HURRIED = {
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
    turns = {f"test_{name}.py": turn for turn, name in enumerate(LONG)}
    items.sort(key=lambda item: turns.get(item.path.name, len(LONG)))


@pytest.fixture(autouse=True)
def _own_log_level() -> Iterator[None]:
    """A command that is run within a test sets the level for the whole process."""
    logger = logging.getLogger("modemgw")
    before = logger.level
    yield
    logger.setLevel(before)
