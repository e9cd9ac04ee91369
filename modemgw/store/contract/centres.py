"""Service centres: how far the clock of each SIM's centre is ahead of ours."""

from __future__ import annotations

from typing import Protocol


class CentresView(Protocol):
    """The clocks of service centres: what can be asked."""

    def clock(self, sim: str) -> tuple[float | None, float | None]:
        """What is thought of the clock of a SIM's service centre, and what was seen against it.

        Seconds by which it is ahead of ours; None: nothing is known.
        """


class Centres(CentresView, Protocol):
    """The clocks of service centres."""

    def set_clock(self, sim: str, offset: float, rival: float | None) -> None:
        """Keep what is thought of a service centre's clock, see `clock`."""
