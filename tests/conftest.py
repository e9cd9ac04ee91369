"""Options of the whole suite."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak-seconds",
        type=float,
        default=15.0,
        help="how long the soak test strikes its modems with faults (default: 15)",
    )


@pytest.fixture(autouse=True)
def _own_log_level() -> Iterator[None]:
    """A command that is run within a test sets the level for the whole process."""
    logger = logging.getLogger("modemgw")
    before = logger.level
    yield
    logger.setLevel(before)
