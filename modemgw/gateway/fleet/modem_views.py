"""The modems as others see them: how each does, and which SIM is where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from modemgw.config import Limits
from modemgw.gateway.fleet.lanes import Held, Lanes
from modemgw.gateway.fleet.sim_views import Place
from modemgw.gateway.fleet.stations import Stations
from modemgw.modem import ModemState, ModemStatus

NOBODY_THERE = frozenset(
    {ModemState.ABSENT, ModemState.OPENING, ModemState.IDENTIFYING, ModemState.QUARANTINED}
)
"""States in which nobody can say which SIM is in a modem."""


@dataclass(frozen=True, slots=True)
class ModemView:
    """A modem as the API shows it."""

    status: ModemStatus
    queue: int
    """Messages that wait and that it might carry."""
    routes: tuple[str, ...]
    weight: int
    limits: Limits
    held: Held | None
    """What keeps it from sending though it is ready."""


class ModemViews:
    """Looks at the stations each time; nothing is kept."""

    def __init__(
        self, stations: Stations, lanes: Lanes, order: Callable[[], Iterable[str]]
    ) -> None:
        """`order`: the ids of the modems as the configuration has them."""
        self._stations = stations
        self._lanes = lanes
        self._order = order

    @property
    def alarms(self) -> dict[str, str]:
        """What a person must see to, by modem."""
        alarms = {id: s.modem.status.alarm for id, s in self._stations.all.items()}
        return {id: alarm for id, alarm in alarms.items() if alarm is not None}

    def view(self, id: str) -> ModemView:
        """A modem as it is now. Raises NotFound."""
        station = self._stations.one(id)
        status, section = station.modem.status, station.section
        if section.number is not None and status.sim is not None:
            status = replace(status, sim=replace(status.sim, number=section.number))
        return ModemView(
            status=status,
            queue=self._lanes.waiting_for(id),
            routes=section.routes,
            weight=section.weight,
            limits=station.limits,
            held=self._lanes.held(id),
        )

    def views(self) -> list[ModemView]:
        """Every modem, in the order of the configuration; those that are leaving come last."""
        order = dict.fromkeys((*self._order(), *self._stations.all))
        return [self.view(id) for id in order if id in self._stations.all]

    def places(self) -> list[Place]:
        """The SIMs that are in modems now; of two modems that claim one, the ready one has it."""
        claims = [
            (station.ready, status.since, Place(id, sim, station.number_of(sim)))
            for id, station in self._stations.all.items()
            if (sim := (status := station.modem.status).sim) is not None
            and status.state not in NOBODY_THERE
        ]
        return [place for _, _, place in sorted(claims, key=lambda claim: claim[:2])]
