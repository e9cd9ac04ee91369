"""A lane as matchmaking knows it."""

from __future__ import annotations

from dataclasses import dataclass

from modemgw.gateway.fleet.lanes import Held
from modemgw.gateway.fleet.sim import Sim


@dataclass(slots=True, eq=False)
class LaneState:
    """One modem with its SIM, and how it stands with what waits."""

    id: str
    routes: tuple[str, ...]
    weight: int
    sim: Sim | None = None
    """The one that it has, or had last."""
    ready: bool = False
    """Can send: registered and well, whether idle or busy."""
    used: int = 0
    """Parts since the start of the process, for least_used and weighted."""
    last_used: float = 0.0
    blocked_until: float | None = None
    """Set while its limits forbid what it would take next."""
    used_up_until: float | None = None
    """Until when its limits forbid, for long, something that it would have taken."""
    resting: bool = False
    """Its limits forbid everything for long."""
    turn: int = 0
    targets: tuple[str, ...] = ()

    @property
    def iccid(self) -> str | None:
        """The ICCID of its SIM."""
        return None if self.sim is None else self.sim.iccid

    @property
    def well(self) -> bool:
        """Ready, its SIM is not refused by the network, and its plan is not used up."""
        sim = self.sim
        return self.ready and sim is not None and not sim.breaker.open and not self.resting

    def held(self, now: float) -> Held | None:
        """What holds it back just now, if it is ready and something does."""
        if not self.ready or self.sim is None:
            return None
        if self.sim.breaker.open:
            return Held("refused", self.sim.breaker.probe_at)
        if self.blocked_until is not None and self.blocked_until > now:
            return Held("limits", self.blocked_until)
        return None
