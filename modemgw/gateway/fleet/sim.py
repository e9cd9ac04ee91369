"""A SIM: what it may send, whether the network takes it, and what is in the air through it."""

from __future__ import annotations

from dataclasses import dataclass, field

from modemgw.gateway.fleet.breaker import Breaker
from modemgw.gateway.fleet.plan import Plan
from modemgw.gateway.fleet.tallies import SimTally
from modemgw.store import AttemptKey


@dataclass(slots=True, eq=False)
class Sim:
    """One subscription. It is the same object whatever modem it sits in; `Sims` loads and saves it.

    The clock of its service centre is not held here: reports are matched inside units of work,
    which touch no memory (see `modemgw.gateway.fleet.sims.centre_clock`).
    """

    iccid: str
    plan: Plan
    """Its limits and what it has used of them."""
    breaker: Breaker = field(default_factory=Breaker)
    """Its refusals, and whether it is taken out because of them."""
    in_the_air: set[AttemptKey] = field(default_factory=set)
    """Attempts whose end is not recorded yet: one at the most, but for a SIM that changed its modem
    while a part was in the air."""
    tally: SimTally = field(default_factory=SimTally)
    """What became of its parts and messages since the start."""
