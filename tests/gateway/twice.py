"""A writer that runs each unit of work twice, as it does when a neighbour in the group fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from modemgw.store import Transaction
from modemgw.store.writer import Writer


def run_units_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time, what a unit wrote is rolled back. What it did besides would stay."""
    submit = Writer.submit

    def twice(self: Writer, work: Callable[[Transaction], Any], **more: Any) -> Any:
        def unit(tx: Transaction) -> Any:
            events = len(tx.events)
            tx.execute("SAVEPOINT first_time")
            try:
                work(tx)
            finally:
                tx.execute("ROLLBACK TO first_time")
                tx.execute("RELEASE first_time")
                del tx.events[events:]
            return work(tx)

        return submit(self, unit, **more)

    monkeypatch.setattr(Writer, "submit", twice)
