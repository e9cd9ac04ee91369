"""Every unit of work in these tests is run twice, and once undone in between.

The store does so when a neighbour of a unit fails or the disk is full. A unit that touches memory,
instead of leaving that to what follows the commit, behaves differently the second time.
"""

from __future__ import annotations

import pytest
from labs.units import run_units_twice


@pytest.fixture(autouse=True)
def _units_are_run_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    run_units_twice(monkeypatch)
