"""The modems at work, each with its lane, in tasks of their own: no fault in one delays another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from modemgw.config import Limits, ModemMatch, ModemSection
from modemgw.gateway.errors import NotFound
from modemgw.gateway.fleet.lanes import Lane, Lanes
from modemgw.gateway.supervision import Keeper
from modemgw.modem import Modem, SimIdentity


@dataclass(slots=True, eq=False)
class Station:
    """A modem with its lane, and the tasks that run them."""

    section: ModemSection
    limits: Limits
    modem: Modem
    lane: Lane
    ready: bool = False
    """Whether the modem can send."""
    modem_task: asyncio.Task[None] | None = None
    lane_task: asyncio.Task[None] | None = None
    sim: SimIdentity | None = None
    """The SIM with which the modem was ready last."""
    getting_ready: asyncio.Task[None] | None = None
    """Lets the lane work once what its SIM has sent is counted."""
    leaves: asyncio.Task[str] | None = None
    """Set once it has to go. Its result is a line for whoever changed the configuration."""

    @property
    def id(self) -> str:
        """The id of the modem."""
        return self.section.id

    @property
    def place(self) -> str | ModemMatch | None:
        """Where the modem is: no two can have the same."""
        return place_of(self.section)

    def number_of(self, sim: SimIdentity) -> str | None:
        """The number of the SIM in the modem: as configured, else as the SIM says."""
        return self.section.number or sim.number


def place_of(section: ModemSection) -> str | ModemMatch | None:
    """Where a modem is: no two can have the same."""
    return section.device or section.match


class Stations:
    """All of them. They may come and go while the others work."""

    def __init__(self, lanes: Lanes, keeper: Keeper, paused: set[str]) -> None:
        """`paused`: modems that an administrator has paused, by id, as it is at any time."""
        self.all: dict[str, Station] = {}
        """By the id of the modem."""
        self._lanes = lanes
        self._keeper = keeper
        self._paused = paused
        self._tasks: asyncio.TaskGroup | None = None
        self.closed = False
        """Whether all of them are being drained: nothing new begins."""

    def one(self, id: str) -> Station:
        """One of them. Raises NotFound."""
        try:
            return self.all[id]
        except KeyError:
            raise NotFound(f"there is no modem {id!r}") from None

    @property
    def tasks(self) -> asyncio.TaskGroup:
        """Where everything runs, once it was started."""
        assert self._tasks is not None, "it was started"
        return self._tasks

    def supervised(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run `work`, and begin it anew when it fails."""
        return self._keeper.supervised(self.tasks, name, work)

    def settle_in(self, section: ModemSection, modem: Modem, limits: Limits) -> None:
        """Give a modem its lane; both run once all of them were started."""
        if section.id in self._paused:
            modem.pause()
        lane = self._lanes.add(modem, section)
        station = self.all[section.id] = Station(section, limits, modem, lane)
        if self._tasks is not None:
            self._run(station)

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to run every modem and its lane in `tasks`."""
        self._tasks = tasks
        for station in self.all.values():
            self._run(station)

    def _run(self, station: Station) -> None:
        station.modem_task = self.supervised(f"modem {station.id}", station.modem.run)
        station.lane_task = self.supervised(f"lane {station.id}", station.lane.run)

    @property
    def any_can_send(self) -> bool:
        """Whether any modem can send, and its lane is not resting after a failure."""
        rests = self._keeper.rests
        return any(
            not (rests(f"lane {id}") or rests(f"readying of {id}"))
            for id, station in self.all.items()
            if station.ready
        )

    async def drain(self, timeout_s: float) -> bool:
        """Let the parts in the air finish. False when some did not within `timeout_s`."""
        self.closed = True
        self._lanes.drain()
        for station in self.all.values():
            self.wake_to_end(station)
        at_work = [s.lane_task for s in self.all.values() if s.lane_task is not None]
        if not at_work:
            return True
        _, running = await asyncio.wait(at_work, timeout=timeout_s)
        return not running

    def wake_to_end(self, station: Station) -> None:
        """End a lane that rests after a failure: it has no part in the air to wait for."""
        if station.lane_task is not None and self._keeper.rests(f"lane {station.id}"):
            station.lane_task.cancel()

    def stop(self) -> None:
        """Cancel every modem, and what of the lanes is left."""
        for station in self.all.values():
            for task in (station.getting_ready, station.lane_task, station.modem_task):
                if task is not None:
                    task.cancel()

    async def leave(self, station: Station, timeout_s: float) -> bool:
        """Wait for the part in the air, close the port, forget the modem.

        False when the part was still in the air after `timeout_s`.
        """
        assert station.modem_task is not None
        assert station.lane_task is not None
        _, late = await asyncio.wait([station.lane_task], timeout=timeout_s)
        for task in (station.getting_ready, station.lane_task, station.modem_task):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        del self.all[station.id]
        self._lanes.remove(station.id)
        return not late
