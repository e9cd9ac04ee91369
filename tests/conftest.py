"""Options of the whole suite."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from labs.clock import HurriedLoop


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
    """What the tests of modem/ wait for, they wait for in time that runs faster."""
    if item.path.parent.name == "modem":
        return {"hurried": HurriedLoop}
    return {"plain": asyncio.SelectorEventLoop}
