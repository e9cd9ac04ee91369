"""A writer that runs each unit of work twice, as it does when a neighbour in the group fails."""

from __future__ import annotations

import pytest

from modemgw.store.sqlite.writer import Writer


def run_units_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time, what a unit wrote is rolled back. What it did besides would stay."""
    monkeypatch.setattr(Writer, "rehearse", True)
