"""The lanes of all modems: they come and go with them, each with the SIM that its modem has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from modemgw.clock import SteadyClock
from modemgw.config import Config, Limits, ModemSection
from modemgw.gateway.fleet.lanes import Held
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.outgoing.accounts import Accounts
from modemgw.gateway.outgoing.endings import Endings
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.lane import Lane, Transmitter
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.queue import Queue
from modemgw.gateway.outgoing.receipts import Matched, Receipts
from modemgw.modem import SimIdentity
from modemgw.store import Store


@dataclass(slots=True, eq=False)
class _Entry:
    """A lane, and what is wanted of it."""

    lane: Lane
    endings: Endings
    limits: Limits
    """As the configuration wants them; the plan of its SIM may still have to follow."""
    last_word: object = None
    """Who has said last that the modem can send; None: it cannot."""


class Lanes:
    """See `modemgw.gateway.fleet.lanes.Lanes`."""

    def __init__(
        self,
        config: Config,
        *,
        queue: Queue,
        store: Store,
        sims: Sims,
        receipts: Receipts,
        accounts: Accounts,
        on_settled: Callable[[Matched], None],
        ask_again: Callable[[Job], None],
        clock: SteadyClock,
        random: Random,
    ) -> None:
        self._config = config
        self._queue = queue
        self._store = store
        self._sims = sims
        self._receipts = receipts
        self._accounts = accounts
        self._on_settled = on_settled
        self._ask_again = ask_again
        self._clock = clock
        self._random = random
        self._entries: dict[str, _Entry] = {}

    def add(self, modem: Transmitter, section: ModemSection) -> Lane:
        """A lane for a modem; run it in a task."""
        self._queue.add_lane(LaneState(section.id, section.routes, section.weight))
        endings = Endings(
            modem.id,
            queue=self._queue,
            store=self._store,
            sims=self._sims,
            receipts=self._receipts,
            accounts=self._accounts,
            on_settled=self._on_settled,
            types=self._config.type,
            receipt_timeout_s=self._config.gateway.receipt_timeout,
            clock=self._clock,
            random=self._random,
        )
        lane = Lane(
            modem,
            queue=self._queue,
            store=self._store,
            receipts=self._receipts,
            endings=endings,
            ask_again=self._ask_again,
            clock=self._clock,
            random=self._random,
        )
        self._entries[section.id] = _Entry(lane, endings, self._config.limits_of(section))
        return lane

    def remove(self, id: str) -> None:
        """Forget a modem whose lane has ended."""
        self._queue.remove_lane(id)
        del self._entries[id]

    async def set_ready(self, id: str, sim: SimIdentity) -> None:
        """A modem can send with this SIM: count what the SIM has sent before, and let it work.

        The last word counts: who is overtaken by another SIM, or by `set_unready`, changes nothing.
        """
        entry = self._entries.get(id)
        if entry is None:  # it was removed meanwhile
            return
        word = entry.last_word = object()
        while True:
            limits = entry.limits
            loaded = await self._sims.of(sim.iccid, limits)
            if self._entries.get(id) is not entry or entry.last_word is not word:
                return
            if entry.limits == limits:
                self._queue.set_ready(id, True, loaded)
                return

    def set_unready(self, id: str) -> None:
        """A modem cannot send just now."""
        entry = self._entries.get(id)
        if entry is not None:
            entry.last_word = None
            self._queue.set_ready(id, False, None)

    def probe(self, id: str) -> None:
        """An administrator wants a modem's SIM to be tried now, if it was taken out."""
        if id not in self._entries:
            return
        sim = self._state(id).sim
        if sim is not None:
            sim.breaker.probe(self._clock.time())
        self._queue.health_changed(id)

    def drain(self) -> None:
        """Let every lane finish the part in the air and stop."""
        for entry in self._entries.values():
            entry.lane.drain()

    # --- another configuration

    def reconfigure(self, config: Config) -> None:
        """Go by other policies. What waits for word already keeps its time."""
        self._config = config
        for entry in self._entries.values():
            entry.endings.reconfigure(config.type, config.gateway.receipt_timeout)

    async def change(self, section: ModemSection) -> bool:
        """Give a modem its routes, weight and limits as they are now. True when limits changed.

        Raises StoreUnavailable when its SIM's use could not be counted: the old limits go on.
        """
        id, limits, entry = section.id, self._config.limits_of(section), self._entries[section.id]
        self._queue.change_lane(id, routes=section.routes, weight=section.weight)
        changed, entry.limits = limits != entry.limits, limits
        sim = self._state(id).sim
        counted = sim is not None and await self._sims.count_anew(sim, limits, self.carried())
        if counted and self._entries.get(id) is entry:
            self._queue.health_changed(id)
        return changed

    # --- how they stand

    def held(self, id: str) -> Held | None:
        """Why a modem that is ready sends nothing, by the wall clock. Raises KeyError."""
        held = self._state(id).held(self._clock.time())
        return None if held is None else replace(held, until=self._clock.wall(held.until))

    def waiting_for(self, id: str) -> int:
        """How many messages wait that a modem might carry. Raises KeyError."""
        return self._queue.matchmaking.waiting_for(self._state(id))

    def sims_at_work(self) -> list[Sim]:
        """The SIMs that lanes have, or had last."""
        sims = (self._state(id).sim for id in self._entries)
        return [sim for sim in sims if sim is not None]

    def carried(self) -> list[int]:
        """Messages in the hands of lanes, by number."""
        jobs = self._queue.matchmaking.jobs()
        return [job.n for job in jobs if not job.waiting and job.pending()]

    def _state(self, id: str) -> LaneState:
        return self._queue.matchmaking.lane(id)
