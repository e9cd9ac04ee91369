"""Another configuration of the modems: they come, change and go while the others work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from modemgw.config import Config, ModemSection
from modemgw.gateway.fleet.lanes import Lanes
from modemgw.gateway.fleet.stations import Station, Stations, place_of
from modemgw.modem import Modem
from modemgw.store import StoreUnavailable

logger = logging.getLogger(__name__)

IN_PLACE = frozenset({"routes", "weight", "limits", "number"})
"""Keys of a modem that its supervisor does not need: they change while it works."""
REMOVED = "removed from the configuration"
BEGUN_ANEW = "its configuration has changed"


class Reshaping:
    """Compares the modems at work with those that are wanted, and has them come and go."""

    def __init__(
        self,
        config: Config,
        stations: Stations,
        lanes: Lanes,
        *,
        make: Callable[[ModemSection], Modem],
        lost: Callable[[str, str], None],
    ) -> None:
        """`make` raises ValueError for a profile that there is not. `lost` is told the id of a
        modem that could send and has gone, and why."""
        self._stations = stations
        self._lanes = lanes
        self._make = make
        self._lost = lost
        self.wanted = {s.id: s for s in config.modem}
        """The modems of the configuration in force, by id."""

    def plan(self, config: Config) -> dict[str, Modem]:
        """The modems that have to begin, or to begin anew. Raises ValueError; changes nothing."""
        return {
            section.id: self._make(section)
            for section in config.modem
            if (station := self._stations.all.get(section.id)) is None
            or station.leaves is not None
            or not _differing(station.section, section) <= IN_PLACE
        }

    async def carry_out(self, config: Config, begin: dict[str, Modem]) -> list[str]:
        """Have the modems of `config`, where `begin` is its plan. Returns what was done.

        What has to go is drained within `gateway.drain_timeout`; what is new begins at once, unless
        another one has to leave its port first. What has begun is finished even when the caller is
        cancelled.
        """
        if self._stations.closed:
            return []
        stations, tasks = self._stations.all, self._stations.tasks
        wanted = self.wanted = {s.id: s for s in config.modem}
        told, changing = [], []
        for id, station in stations.items():
            section = wanted.get(id)
            if section is None:
                told.append(f"modem {id}: removed")
                self._dismiss(station, config.gateway.drain_timeout, REMOVED)
            elif id in begin:
                keys = ", ".join(sorted(_differing(station.section, section)))
                told.append(f"modem {id}: begins anew: {keys} changed")
                _inherit(begin[id], station.modem)
                self._dismiss(station, config.gateway.drain_timeout, BEGUN_ANEW)
            else:
                changing.append((station, section))
        at_work = {
            tasks.create_task(
                self._told(id, self._come(wanted[id], modem, config)), name=f"begin {id}"
            )
            for id, modem in begin.items()
        }
        told += [f"modem {id}: added" for id in begin if id not in stations]
        told += [await self._change(*change, config) for change in changing]
        at_work |= {s.leaves for s in stations.values() if s.leaves is not None}
        if at_work:
            await asyncio.wait(at_work)
        told += [task.result() for task in at_work if not task.cancelled()]
        return [line for line in told if line]

    def _dismiss(self, station: Station, timeout_s: float, why: str) -> None:
        """Begin to let a modem go."""
        if station.leaves is not None:
            return
        id, ready = station.id, station.ready
        station.lane.drain()
        self._stations.wake_to_end(station)
        station.ready = False
        self._lanes.set_unready(id)
        station.leaves = self._stations.tasks.create_task(
            self._told(id, self._leave(station, timeout_s, why if ready else None)),
            name=f"end of {id}",
        )

    async def _told(self, id: str, work: Awaitable[str]) -> str:
        """What is to be told of one modem's coming or going; a failure concerns no other modem."""
        try:
            return await work
        except Exception as error:
            logger.exception("modem %s: its change failed", id)
            return f"modem {id}: its change failed, restart the daemon: {error}"

    async def _leave(self, station: Station, timeout_s: float, lost: str | None) -> str:
        in_time = await self._stations.leave(station, timeout_s)
        if lost is not None:
            self._lost(station.id, lost)
        if in_time:
            return ""
        return f"modem {station.id}: a part was still in the air after {timeout_s:g} s"

    async def _come(self, section: ModemSection, modem: Modem, config: Config) -> str:
        """Let a modem begin, after those that have its id or its place."""
        place = place_of(section)
        before = {
            station.leaves
            for station in self._stations.all.values()
            if station.leaves is not None and (station.id == section.id or station.place == place)
        }
        if before:
            await asyncio.wait(before)
        unwanted = self._stations.closed or self.wanted.get(section.id) != section
        if not unwanted and section.id not in self._stations.all:
            self._stations.settle_in(section, modem, config.limits_of(section))
        return ""

    async def _change(self, station: Station, section: ModemSection, config: Config) -> str:
        """Give a modem at work what changes in place."""
        changed = _differing(station.section, section)
        station.section, station.limits = section, config.limits_of(section)
        try:
            if await self._lanes.change(section):
                changed.add("limits")
        except StoreUnavailable as error:
            return (
                f"modem {section.id}: what its SIM has sent could not be counted; its limits are "
                f"the old ones until the next reload: {error}"
            )
        return f"modem {section.id}: {', '.join(sorted(changed))} changed" if changed else ""


def _differing(old: ModemSection, new: ModemSection) -> set[str]:
    """The keys whose values differ."""
    return {key for key in ModemSection.model_fields if getattr(old, key) != getattr(new, key)}


def _inherit(modem: Modem, before: Modem) -> None:
    """Let whoever follows the old modem's trace follow the new one's."""
    modem.trace.tap = before.trace.tap
