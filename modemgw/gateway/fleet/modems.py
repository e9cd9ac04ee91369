"""The modems and their lanes, each in tasks of its own: a fault in one never delays another.

They may come, change and go while the others work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from modemgw.clock import Clock
from modemgw.config import Config, Limits, ModemMatch, ModemSection
from modemgw.gateway.errors import Conflict, NotFound
from modemgw.gateway.fleet.lanes import Held, Lane, Lanes
from modemgw.gateway.fleet.pins import StoredPins
from modemgw.gateway.fleet.sim_views import Place
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.following import Rest
from modemgw.gateway.supervision import Keeper
from modemgw.modem import (
    Locator,
    Modem,
    ModemSink,
    ModemState,
    ModemStatus,
    PinGuard,
    ReceivedPdu,
    SimIdentity,
    Timings,
)
from modemgw.store import Store, StoreUnavailable

logger = logging.getLogger(__name__)

CAN_SEND = frozenset({ModemState.READY, ModemState.SENDING})
_EVENTS = {
    ModemState.RECOVERING: "modem.recovering",
    ModemState.QUARANTINED: "modem.quarantined",
    ModemState.ABSENT: "modem.lost",
}
NOBODY_THERE = frozenset(
    {ModemState.ABSENT, ModemState.OPENING, ModemState.IDENTIFYING, ModemState.QUARANTINED}
)
"""States in which nobody can say which SIM is in a modem."""
IN_PLACE = frozenset({"routes", "weight", "limits", "number"})
"""Keys of a modem that its keeper does not need: they change while it works."""
REMOVED = "removed from the configuration"
BEGUN_ANEW = "its configuration has changed"


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


@dataclass(slots=True, eq=False)
class _Station:
    """A modem with its lane, and what runs them."""

    section: ModemSection
    limits: Limits
    modem: Modem
    lane: Lane
    keeper: asyncio.Task[None] | None = None
    carrier: asyncio.Task[None] | None = None
    sim: SimIdentity | None = None
    """The SIM with which the modem was ready last."""
    getting_ready: asyncio.Task[None] | None = None
    """Lets the lane work once what its SIM has sent is counted."""
    leaves: asyncio.Task[str] | None = None
    """Set once it has to go; ends with what is to be told of it."""


class Fleet(ModemSink):
    """Owns the modems. It is the sink of each: what they receive goes to the intake."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        lanes: Lanes,
        sims: Sims,
        received: Callable[[str, SimIdentity, ReceivedPdu], Awaitable[None]],
        clock: Clock,
        random: Random,
        keeper: Keeper,
        timings: Timings | None = None,
        paused: Iterable[str] = (),
    ) -> None:
        """`paused`: modems that an administrator had paused before, by id."""
        self._store = store
        self._lanes = lanes
        self._sims = sims
        self._kept = keeper
        self._received = received
        self._clock = clock
        self._random = random
        self._timings = timings
        self._pins = PinGuard(StoredPins(store))
        # One for all: a port is asked once, and has one owner.
        self._locator = Locator(clock=clock, anything=config.gateway.probe_any_tty)
        self._tasks: asyncio.TaskGroup | None = None
        self._closed = False
        self._ready: set[str] = set()
        self._paused = set(paused)
        self._wanted = {s.id: s for s in config.modem}
        self._stations: dict[str, _Station] = {}
        for section in config.modem:
            self._settle_in(section, self.make(section), config.limits_of(section))

    def make(self, section: ModemSection) -> Modem:
        """A modem that is not run yet. Raises ValueError for a profile that there is not."""
        return Modem(
            section,
            self,
            clock=self._clock,
            pins=self._pins,
            random=self._random,
            timings=self._timings,
            locator=self._locator,
        )

    def _settle_in(self, section: ModemSection, modem: Modem, limits: Limits) -> None:
        if section.id in self._paused:
            modem.pause()
        lane = self._lanes.add(modem, section)
        station = self._stations[section.id] = _Station(section, limits, modem, lane)
        if self._tasks is not None:
            self._run(station, self._tasks)

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to run every modem and its lane in `tasks`."""
        self._tasks = tasks
        for station in self._stations.values():
            self._run(station, tasks)

    def _run(self, station: _Station, tasks: asyncio.TaskGroup) -> None:
        id = station.section.id
        station.keeper = self._keep(tasks, f"modem {id}", station.modem.run)
        station.carrier = self._keep(tasks, f"lane {id}", station.lane.run)

    def _keep(
        self, tasks: asyncio.TaskGroup, name: str, work: Callable[[], Awaitable[None]]
    ) -> asyncio.Task[None]:
        return self._kept.supervised(tasks, name, work)

    async def drain(self, timeout_s: float) -> bool:
        """Let the parts in the air finish. False when some did not within `timeout_s`."""
        self._closed = True
        self._lanes.drain()
        for station in self._stations.values():
            self._wake_to_end(station)
        carriers = [s.carrier for s in self._stations.values() if s.carrier is not None]
        if not carriers:
            return True
        _, running = await asyncio.wait(carriers, timeout=timeout_s)
        return not running

    def _wake_to_end(self, station: _Station) -> None:
        """A lane that rests after a failure has nothing in the air that could be waited for."""
        if station.carrier is not None and self._kept.rests(f"lane {station.section.id}"):
            station.carrier.cancel()

    def stop(self) -> None:
        """Cancel every modem, and what of the lanes is left."""
        for station in self._stations.values():
            for task in (station.getting_ready, station.carrier, station.keeper):
                if task is not None:
                    task.cancel()

    # --- another configuration

    def follow(self, config: Config) -> Rest:
        """See Follower. Raises ValueError for a modem's profile that there is not."""
        return self._reconfigure(config, self._plan(config))

    def _plan(self, config: Config) -> dict[str, Modem]:
        """The modems that have to begin, or to begin anew. Raises ValueError; changes nothing."""
        return {
            section.id: self.make(section)
            for section in config.modem
            if (station := self._stations.get(section.id)) is None
            or station.leaves is not None
            or not _differing(station.section, section) <= IN_PLACE
        }

    async def _reconfigure(self, config: Config, begin: dict[str, Modem]) -> list[str]:
        """Have the modems of `config`, where `begin` is its plan. Returns what was done.

        What has to go is drained within `gateway.drain_timeout`; what is new begins at once, unless
        another one has to leave its port first. What has begun is finished even when the caller is
        cancelled.
        """
        if self._closed:
            return []
        assert self._tasks is not None, "it was started"
        self._locator.anything = config.gateway.probe_any_tty
        wanted = self._wanted = {s.id: s for s in config.modem}
        told, changing = [], []
        for id, station in self._stations.items():
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
            self._tasks.create_task(
                self._told(id, self._come(wanted[id], modem, config)), name=f"begin {id}"
            )
            for id, modem in begin.items()
        }
        told += [f"modem {id}: added" for id in begin if id not in self._stations]
        told += [await self._change(*change, config) for change in changing]
        at_work |= {s.leaves for s in self._stations.values() if s.leaves is not None}
        if at_work:
            await asyncio.wait(at_work)
        told += [task.result() for task in at_work if not task.cancelled()]
        return [line for line in told if line]

    def _dismiss(self, station: _Station, timeout_s: float, why: str) -> None:
        """Begin to let a modem go."""
        if station.leaves is not None:
            return
        assert self._tasks is not None
        id = station.section.id
        ready = id in self._ready
        station.lane.drain()
        self._wake_to_end(station)
        self._ready.discard(id)
        self._lanes.set_unready(id)
        station.leaves = self._tasks.create_task(
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

    async def _leave(self, station: _Station, timeout_s: float, lost: str | None) -> str:
        """Wait for the part in the air, close the port, forget the modem."""
        id, keeper, carrier = station.section.id, station.keeper, station.carrier
        assert keeper is not None
        assert carrier is not None
        _, late = await asyncio.wait([carrier], timeout=timeout_s)
        for task in (station.getting_ready, carrier, keeper):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        del self._stations[id]
        self._lanes.remove(id)
        if lost is not None:
            self._tell("modem.lost", id, lost)
        return f"modem {id}: a part was still in the air after {timeout_s:g} s" if late else ""

    async def _come(self, section: ModemSection, modem: Modem, config: Config) -> str:
        """Let a modem begin, after those that have its id or its place."""
        place = _place(section)
        before = {
            station.leaves
            for station in self._stations.values()
            if station.leaves is not None
            and (station.section.id == section.id or _place(station.section) == place)
        }
        if before:
            await asyncio.wait(before)
        unwanted = self._closed or self._wanted.get(section.id) != section
        if not unwanted and section.id not in self._stations:
            self._settle_in(section, modem, config.limits_of(section))
        return ""

    async def _change(self, station: _Station, section: ModemSection, config: Config) -> str:
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

    # --- what administrators tell

    def pause(self, id: str) -> None:
        """Send nothing more through a modem, until `resume`: also after a restart, whatever becomes
        of the modem meanwhile. Raises NotFound."""
        self._station(id).modem.pause()
        self._paused.add(id)
        self._keep_pause(id, True)

    def resume(self, id: str) -> None:
        """Let a paused modem work again, and try its SIM if it was taken out. Raises NotFound."""
        self._station(id).modem.resume()
        self._lanes.probe(id)
        self._paused.discard(id)
        self._keep_pause(id, False)

    def _keep_pause(self, id: str, pause: bool) -> None:
        self._store.write(lambda tx: tx.sim_state.set_paused(id, pause), keep=True)

    # --- what modems tell
    async def received(self, modem_id: str, sim: SimIdentity, pdu: ReceivedPdu) -> None:
        """See ModemSink."""
        await self._received(modem_id, sim, pdu)

    def state_changed(
        self, modem_id: str, old: ModemState, new: ModemState, reason: str | None
    ) -> None:
        """See ModemSink."""
        level = logging.DEBUG if {old, new} <= CAN_SEND else logging.INFO
        logger.log(level, "modem %s: %s%s", modem_id, new, f" ({reason})" if reason else "")
        station = self._stations[modem_id]
        if station.leaves is not None:
            return  # what has to be told of it is told when it has gone
        ready = new in CAN_SEND
        if ready and modem_id not in self._ready:
            self._ready.add(modem_id)
            assert self._tasks is not None
            if station.getting_ready is not None:
                station.getting_ready.cancel()
            station.getting_ready = self._keep(
                self._tasks, f"readying of {modem_id}", partial(self._let_work, station)
            )
            self._tell("modem.ready", modem_id, None)
        elif not ready:
            if modem_id in self._ready:
                self._ready.discard(modem_id)
                self._lanes.set_unready(modem_id)
                if station.sim is not None:
                    self._sims.keep_seen(station.sim, modem_id, station.section.number)
            if new in _EVENTS:
                self._tell(_EVENTS[new], modem_id, reason)

    def alarmed(self, modem_id: str, problem: str | None) -> None:
        """See ModemSink."""
        self._tell("alert.raised" if problem else "alert.cleared", modem_id, problem)

    async def _let_work(self, station: _Station) -> None:
        id, sim = station.section.id, station.modem.sim
        if sim is not None and id in self._ready:
            station.sim = sim
            self._sims.keep_seen(sim, id, station.section.number)
            await self._lanes.set_ready(id, sim)
        if id not in self._ready:  # it was lost again meanwhile
            self._lanes.set_unready(id)

    def _tell(self, type: str, modem_id: str, reason: str | None) -> None:
        data = {"modem": modem_id} if reason is None else {"modem": modem_id, "reason": reason}
        self._store.write(lambda tx: tx.events.emit(type, data), keep=True)

    # --- what the doors ask

    @property
    def ready(self) -> bool:
        """Whether any modem can send."""
        return any(
            not (self._kept.rests(f"lane {id}") or self._kept.rests(f"readying of {id}"))
            for id in self._ready
        )

    @property
    def alarms(self) -> dict[str, str]:
        """What a person must see to, by modem."""
        alarms = {id: s.modem.status.alarm for id, s in self._stations.items()}
        return {id: alarm for id, alarm in alarms.items() if alarm is not None}

    def view(self, id: str) -> ModemView:
        """A modem as it is now. Raises NotFound."""
        station = self._station(id)
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
        order = dict.fromkeys((*self._wanted, *self._stations))
        return [self.view(id) for id in order if id in self._stations]

    def places(self) -> list[Place]:
        """The SIMs that are in modems now; of two modems that claim one, the ready one has it."""
        claims = [
            (station.section.id in self._ready, status.since, Place(id, sim, number))
            for id, station in self._stations.items()
            if (sim := (status := station.modem.status).sim) is not None
            and status.state not in NOBODY_THERE
            for number in [self.number_of(id, sim)]
        ]
        return [place for _, _, place in sorted(claims, key=lambda claim: claim[:2])]

    def modem(self, id: str) -> Modem:
        """A modem. Raises NotFound."""
        return self._station(id).modem

    def _station(self, id: str) -> _Station:
        try:
            return self._stations[id]
        except KeyError:
            raise NotFound(f"there is no modem {id!r}") from None

    def number_of(self, id: str, sim: SimIdentity) -> str | None:
        """The number of the SIM in a modem: as configured, else as the SIM says."""
        station = self._stations.get(id)
        configured = None if station is None else station.section.number
        return configured or sim.number

    def ready_modem(self, id: str) -> Modem:
        """A modem that can be worked with now. Raises NotFound, Conflict."""
        modem = self.modem(id)
        if id not in self._ready:
            raise Conflict(
                f"modem {id} is {modem.status.state}: {modem.status.reason or 'not ready'}"
            )
        return modem


def _place(section: ModemSection) -> str | ModemMatch | None:
    """Where a modem is: no two can have the same."""
    return section.device or section.match


def _differing(old: ModemSection, new: ModemSection) -> set[str]:
    """The keys that are not the same."""
    return {key for key in ModemSection.model_fields if getattr(old, key) != getattr(new, key)}


def _inherit(modem: Modem, before: Modem) -> None:
    """Who follows a modem's trace follows the one that takes its place."""
    modem.trace.tap = before.trace.tap
