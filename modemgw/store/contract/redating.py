"""When the wall clock was set, what this run had dated by it before is dated right.

Only rows that a run has written itself are touched, and of those the newest: how far off the clock
was is known for them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class DatesView(Protocol):
    """What was dated by a clock that was wrong: what can be asked."""

    def marks(self) -> dict[str, int]:
        """How far each table goes: what comes later is of this run."""


class Dates(DatesView, Protocol):
    """What was dated by a clock that was wrong."""

    def redate(
        self,
        by_s: float,
        since: float,
        until: float,
        after: Mapping[str, int],
        waiting: Sequence[int],
    ) -> None:
        """Move what was dated from `since` to `until` by `by_s` seconds.

        `after`: the marks of when the run began. `waiting`: messages that it found waiting.
        """
