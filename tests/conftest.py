"""Options of the whole suite, and its order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest
from labs.clock import HurriedLoop

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak-seconds",
        type=float,
        default=15.0,
        help="how long the soak test strikes its modems with faults (default: 15)",
    )


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What the tests of modem/ wait for, they wait for in time that runs faster.

    But for serial servers, which live in threads and know only the real time.
    """
    if item.path.parent.name == "modem" and item.path.name != "test_modem_network.py":
        return {"hurried": HurriedLoop}
    return {"plain": asyncio.SelectorEventLoop}


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
