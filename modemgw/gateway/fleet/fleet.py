"""The fleet: owns the modems, hears what they tell, and does what administrators want of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from random import Random

from modemgw.clock import Clock
from modemgw.config import Config, ModemSection
from modemgw.gateway.errors import Conflict
from modemgw.gateway.fleet.balances import Ready
from modemgw.gateway.fleet.lanes import Lanes
from modemgw.gateway.fleet.modem_views import ModemViews
from modemgw.gateway.fleet.pins import StoredPins
from modemgw.gateway.fleet.reshaping import Reshaping
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.fleet.stations import Station, Stations
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.following import Rest
from modemgw.gateway.supervision import Keeper
from modemgw.modem import (
    Call,
    Locator,
    Modem,
    ModemSink,
    ModemState,
    PinGuard,
    ReceivedPdu,
    SimIdentity,
    Timings,
)
from modemgw.store import Store

logger = logging.getLogger(__name__)

CAN_SEND = frozenset({ModemState.READY, ModemState.SENDING})
_EVENTS = {
    ModemState.RECOVERING: "modem.recovering",
    ModemState.QUARANTINED: "modem.quarantined",
    ModemState.ABSENT: "modem.lost",
}


class Fleet(ModemSink):
    """Owns the modems. It is the sink of each: what they receive goes to the intake."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        lanes: Lanes,
        sims: Sims,
        tariffs: Tariffs,
        received: Callable[[str, SimIdentity, ReceivedPdu], Awaitable[None]],
        called: Callable[[str, SimIdentity, Call], None],
        broadcast: Callable[[str, SimIdentity, bytes], None],
        alarmed: Callable[[], None],
        clock: Clock,
        random: Random,
        keeper: Keeper,
        timings: Timings | None = None,
        paused: Iterable[str] = (),
    ) -> None:
        """`paused`: modems that an administrator had paused before, by id; `alarmed` is called when
        a modem has an alarm, or has none any more (`views` have it)."""
        self._store = store
        self._lanes = lanes
        self._sims = sims
        self._tariffs = tariffs
        self._received = received
        self._called = called
        self._broadcast = broadcast
        self._alarmed = alarmed
        self._clock = clock
        self._random = random
        self._timings = timings
        self._pins = PinGuard(StoredPins(store))
        # One for all: a port is asked once, and has one owner.
        self._locator = Locator(clock=clock, anything=config.gateway.probe_any_tty)
        self._paused = set(paused)
        self._stations = Stations(lanes, keeper, self._paused)
        self._reshaping = Reshaping(
            config, self._stations, lanes, make=self.make, lost=partial(self._tell, "modem.lost")
        )
        self.views = ModemViews(self._stations, lanes, lambda: self._reshaping.wanted)
        """How the modems do."""
        for section in config.modem:
            self._stations.settle_in(section, self.make(section), config.limits_of(section))

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

    # --- start and stop

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to run every modem and its lane in `tasks`."""
        self._stations.start(tasks)

    async def drain(self, timeout_s: float) -> bool:
        """Let the parts in the air finish. False when some did not within `timeout_s`."""
        return await self._stations.drain(timeout_s)

    def stop(self) -> None:
        """Cancel every modem, and what of the lanes is left."""
        self._stations.stop()

    def follow(self, config: Config) -> Rest:
        """See Follower. Raises ValueError for a modem's profile that there is not."""
        return self._reshape(config, self._reshaping.plan(config))

    async def _reshape(self, config: Config, begin: dict[str, Modem]) -> list[str]:
        self._locator.anything = config.gateway.probe_any_tty
        return await self._reshaping.carry_out(config, begin)

    # --- what administrators tell

    def pause(self, id: str) -> None:
        """Send nothing more through a modem, until `resume`: also after a restart, whatever becomes
        of the modem meanwhile. Raises NotFound."""
        self._stations.one(id).modem.pause()
        self._paused.add(id)
        self._keep_pause(id, True)

    def resume(self, id: str) -> None:
        """Let a paused modem work again, and try its SIM if it was taken out. Raises NotFound."""
        self._stations.one(id).modem.resume()
        self._lanes.probe(id)
        self._paused.discard(id)
        self._keep_pause(id, False)

    def _keep_pause(self, id: str, pause: bool) -> None:
        self._store.write(lambda tx: tx.sim_state.set_paused(id, pause), keep=True)

    @property
    def ready(self) -> bool:
        """Whether any modem can send."""
        return self._stations.any_can_send

    def ready_modems(self) -> list[Ready]:
        """The modems that can send now."""
        return [
            Ready(station.section, station.modem)
            for station in self._stations.all.values()
            if station.ready
        ]

    def modem(self, id: str) -> Modem:
        """A modem. Raises NotFound."""
        return self._stations.one(id).modem

    def operator_of(self, id: str) -> str | None:
        """The name of the network that a modem shows."""
        station = self._stations.all.get(id)
        return None if station is None else station.modem.status.operator

    def ready_modem(self, id: str) -> Modem:
        """A modem that can be worked with now. Raises NotFound, Conflict."""
        station = self._stations.one(id)
        status = station.modem.status
        if not station.ready:
            raise Conflict(f"modem {id} is {status.state}: {status.reason or 'not ready'}")
        return station.modem

    def number_of(self, id: str, sim: SimIdentity) -> str | None:
        """The number of the SIM in a modem: as configured, else as the SIM says."""
        station = self._stations.all.get(id)
        return sim.number if station is None else station.number_of(sim)

    def own_numbers(self) -> Iterator[str]:
        """The numbers of the SIMs here, as configured and as the SIMs say."""
        for station in self._stations.all.values():
            if station.section.number is not None:
                yield station.section.number
            if station.sim is not None and station.sim.number is not None:
                yield station.sim.number

    # --- what modems tell

    async def received(self, modem_id: str, sim: SimIdentity, pdu: ReceivedPdu) -> None:
        """See ModemSink."""
        await self._received(modem_id, sim, pdu)

    def state_changed(
        self, modem_id: str, old: ModemState, new: ModemState, reason: str | None
    ) -> None:
        """See ModemSink."""
        station = self._stations.all[modem_id]
        busy = old in CAN_SEND and new in CAN_SEND
        if busy and station.ready:  # twice a part
            logger.debug("modem %s: %s", modem_id, new)
            return
        level = logging.DEBUG if busy else logging.INFO
        logger.log(level, "modem %s: %s%s", modem_id, new, f" ({reason})" if reason else "")
        if station.leaves is not None:
            return  # its event follows when it has gone
        ready = new in CAN_SEND
        if ready and not station.ready:
            station.ready = True
            if station.getting_ready is not None:
                station.getting_ready.cancel()
            station.getting_ready = self._stations.supervised(
                f"readying of {modem_id}", partial(self._let_work, station)
            )
            self._tell("modem.ready", modem_id, None)
        elif not ready:
            if station.ready:
                station.ready = False
                self._lanes.set_unready(modem_id)
                if station.sim is not None:
                    self._sims.keep_seen(station.sim, modem_id, station.section.number)
            if new in _EVENTS:
                self._tell(_EVENTS[new], modem_id, reason)

    def called(self, modem_id: str, sim: SimIdentity, call: Call) -> None:
        """See ModemSink."""
        self._called(modem_id, sim, call)

    def broadcast(self, modem_id: str, sim: SimIdentity, octets: bytes) -> None:
        """See ModemSink."""
        self._broadcast(modem_id, sim, octets)

    def alarmed(self, modem_id: str, problem: str | None) -> None:
        """See ModemSink."""
        self._alarmed()

    async def _let_work(self, station: Station) -> None:
        id, sim = station.id, station.modem.sim
        if sim is not None and station.ready:
            station.sim = sim
            self._sims.keep_seen(sim, id, station.section.number)
            self._tariffs.seated(sim.iccid, sim.imsi, id)
            await self._lanes.set_ready(id, sim)
        if not station.ready:  # it was lost again meanwhile
            self._lanes.set_unready(id)

    def _tell(self, type: str, modem_id: str, reason: str | None) -> None:
        data = {"modem": modem_id} if reason is None else {"modem": modem_id, "reason": reason}
        self._store.write(lambda tx: tx.events.emit(type, data), keep=True)
