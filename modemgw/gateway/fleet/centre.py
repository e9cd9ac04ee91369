"""The clock of a SIM's service centre, as its status reports show it: pure."""

from __future__ import annotations

from dataclasses import dataclass

SLACK_S = 60.0
"""How far our idea of a service centre's clock may be off."""
DRIFT_S = 2.0
"""A clock that is less off than was thought is not written down again."""


@dataclass(frozen=True, slots=True)
class CentreClock:
    """Our idea of the clock of a service centre. Both in seconds ahead of ours."""

    ahead_s: float | None = None
    """The offset that is believed; None: nothing is known."""
    rival_s: float | None = None
    """One that was seen against it, once."""

    def seen(self, offset_s: float) -> CentreClock:
        """The idea to have of it after a report that is sure to be about its part.

        One report alone does not change a belief: it takes two in a row that say the same.
        """
        believed, rival = self.ahead_s, self.rival_s
        if believed is None or abs(offset_s - believed) <= SLACK_S:
            return CentreClock(offset_s)
        if rival is not None and abs(offset_s - rival) <= SLACK_S:
            return CentreClock(offset_s)
        return CentreClock(believed, offset_s)

    def is_news_to(self, known: CentreClock) -> bool:
        """Whether it says more than is known already: then it is worth writing down."""
        if self.ahead_s is None or known.ahead_s is None:
            return self != known
        return self.rival_s != known.rival_s or abs(self.ahead_s - known.ahead_s) > DRIFT_S
