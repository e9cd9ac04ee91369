"""The modems and their lanes, each in tasks of its own: a fault in one never delays another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from modemgw.clock import Clock
from modemgw.config import Config, Limits, ModemSection
from modemgw.gateway.errors import Conflict, NotFound
from modemgw.gateway.outbox import Outbox
from modemgw.modem import (
    Locator,
    Modem,
    ModemSink,
    ModemState,
    ModemStatus,
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


@dataclass(frozen=True, slots=True)
class ModemView:
    """A modem as the API shows it."""

    status: ModemStatus
    queue: int
    """Messages that wait and that it might carry."""
    routes: tuple[str, ...]
    weight: int
    limits: Limits


class Fleet(ModemSink):
    """Owns the modems. It is the sink of each: what they receive goes to the inbox."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        outbox: Outbox,
        received: Callable[[str, SimIdentity, ReceivedPdu], Awaitable[None]],
        clock: Clock,
        random: Random,
        timings: Timings | None = None,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._received = received
        self._tasks: asyncio.TaskGroup | None = None
        self._sections = {s.id: s for s in config.modem}
        self._limits = {s.id: config.limits_of(s) for s in config.modem}
        locator = Locator(clock=clock)  # one for all: each port is asked once and has one owner
        self._modems = {
            s.id: Modem(s, self, clock=clock, random=random, timings=timings, locator=locator)
            for s in config.modem
        }
        self._lanes = {s.id: outbox.add_lane(self._modems[s.id], s) for s in config.modem}
        self._ready: set[str] = set()
        self._lane_tasks: list[asyncio.Task[None]] = []
        self._modem_tasks: list[asyncio.Task[None]] = []

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to run every modem and its lane in `tasks`."""
        self._tasks = tasks
        for id, modem in self._modems.items():
            self._modem_tasks.append(tasks.create_task(modem.run(), name=f"modem {id}"))
            lane = self._lanes[id]
            self._lane_tasks.append(tasks.create_task(lane.run(), name=f"lane {id}"))

    async def drain(self, timeout_s: float) -> bool:
        """Let the parts in the air finish. False when some did not within `timeout_s`."""
        self._outbox.drain()
        if not self._lane_tasks:
            return True
        _, running = await asyncio.wait(self._lane_tasks, timeout=timeout_s)
        return not running

    def stop(self) -> None:
        """Cancel every modem, and what of the lanes is left."""
        for task in (*self._lane_tasks, *self._modem_tasks):
            task.cancel()

    # --- what modems tell

    async def received(self, modem_id: str, sim: SimIdentity, pdu: ReceivedPdu) -> None:
        """See ModemSink."""
        await self._received(modem_id, sim, pdu)

    def state_changed(
        self, modem_id: str, old: ModemState, new: ModemState, reason: str | None
    ) -> None:
        """See ModemSink."""
        section = self._sections[modem_id]
        ready = new in CAN_SEND
        if ready and modem_id not in self._ready:
            self._ready.add(modem_id)
            assert self._tasks is not None
            self._tasks.create_task(self._let_work(section), name=f"ready {modem_id}")
            self._tell("modem.ready", modem_id, None)
        elif not ready:
            if modem_id in self._ready:
                self._ready.discard(modem_id)
                self._outbox.set_unready(section.id)
            if new in _EVENTS:
                self._tell(_EVENTS[new], modem_id, reason)
        level = logging.DEBUG if {old, new} <= CAN_SEND else logging.INFO
        logger.log(level, "modem %s: %s%s", modem_id, new, f" ({reason})" if reason else "")

    async def _let_work(self, section: ModemSection) -> None:
        sim = self._modems[section.id].sim
        if sim is not None:
            await self._outbox.set_ready(section.id, sim.iccid)
        if section.id not in self._ready:  # it was lost again meanwhile
            self._outbox.set_unready(section.id)

    def _tell(self, type: str, modem_id: str, reason: str | None) -> None:
        data = {"modem": modem_id} if reason is None else {"modem": modem_id, "reason": reason}
        self._store.write(lambda tx: tx.emit(type, data), keep=True)

    # --- what the doors ask

    @property
    def ready(self) -> bool:
        """Whether any modem can send."""
        return bool(self._ready)

    def view(self, id: str) -> ModemView:
        """A modem as it is now. Raises NotFound."""
        modem, section = self.modem(id), self._sections[id]
        core = self._outbox.dispatcher.core
        return ModemView(
            status=modem.status,
            queue=core.waiting_for(core.lane(id)),
            routes=section.routes,
            weight=section.weight,
            limits=self._limits[id],
        )

    def views(self) -> list[ModemView]:
        """Every modem, in the order of the configuration."""
        return [self.view(id) for id in self._sections]

    def modem(self, id: str) -> Modem:
        """A modem. Raises NotFound."""
        try:
            return self._modems[id]
        except KeyError:
            raise NotFound(f"there is no modem {id!r}") from None

    def number_of(self, id: str, sim: SimIdentity) -> str | None:
        """The number of the SIM in a modem: as configured, else as the SIM says."""
        section = self._sections.get(id)
        configured = None if section is None else section.number
        return configured or sim.number

    def ready_modem(self, id: str) -> Modem:
        """A modem that can be worked with now. Raises NotFound, Conflict."""
        modem = self.modem(id)
        if id not in self._ready:
            raise Conflict(
                f"modem {id} is {modem.status.state}: {modem.status.reason or 'not ready'}"
            )
        return modem
