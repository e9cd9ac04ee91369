"""The plan of a SIM whose use is being counted anew."""

from __future__ import annotations

from random import Random

from modemgw.config import Limits
from modemgw.gateway.fleet.plan import Plan

COUNTING_S = 60.0
"""A lane that waits for the count looks again after this time; it is told much earlier."""


class Counting(Plan):
    """Lets nothing begin, and notes what the part in the air and the rest of its message bring."""

    def __init__(self, limits: Limits, random: Random) -> None:
        super().__init__(limits, random)
        self._sent: list[tuple[float, str]] = []
        self._given_back = 0

    def allowed_at(self, now: float, parts: int, to: str | None = None) -> float:
        return now + COUNTING_S

    def record(self, now: float, to: str) -> None:
        self._sent.append((now, to))

    def give_back(self) -> None:
        if self._sent:
            self._sent.pop()
        else:
            self._given_back += 1

    def pass_on(self, plan: Plan) -> None:
        """Bring another plan up to date."""
        for _ in range(self._given_back):
            plan.give_back()
        for at, to in self._sent:
            plan.record(at, to)
