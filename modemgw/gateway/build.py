"""The gateway: the verbs that the doors call, and the tasks behind them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from random import Random
from typing import Any

from prometheus_client import CollectorRegistry

from modemgw.clock import Clock, SteadyClock, SystemClock
from modemgw.config import Config, Limits
from modemgw.gateway.admission.admission import Admission
from modemgw.gateway.admission.results import Accepted, AcceptedBatch, Idempotency, Preview
from modemgw.gateway.bus import EventBus
from modemgw.gateway.changes import in_force, lines
from modemgw.gateway.deliveries import Deliveries
from modemgw.gateway.deliveries.handlers import Handlers, HandlerView, Replay
from modemgw.gateway.errors import FieldProblem, NotFound, Rejected
from modemgw.gateway.fleet.modems import Fleet, ModemView
from modemgw.gateway.fleet.sim_views import SimView, SimViews
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.incoming.intake import Inbox
from modemgw.gateway.incoming.reassembly import Incoming
from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.outbox import Outbox, RecoveryReport
from modemgw.gateway.outgoing.receipts import Receipts
from modemgw.gateway.supervision import Keeper
from modemgw.gateway.upkeep.metrics import registry_of
from modemgw.gateway.upkeep.retention import Housekeeping
from modemgw.modem import Timings, TraceLine, UssdAnswer, UssdUntypable
from modemgw.store import (
    Delivery,
    DeliveryQuery,
    InboundQuery,
    MessageQuery,
    Store,
    StoreUnavailable,
)
from modemgw.store.contract import keys
from modemgw.store.records import Event, Inbound, Key, Message, NewMessage, Page
from modemgw.store.sqlite import open_store

logger = logging.getLogger(__name__)

KEY_CACHE_S = 5.0
"""How long a revoked key may go on working."""
KEY_CACHE_SIZE = 1024
RECOVER_EVERY_S = 1.0
"""How often a start that found the database not writable looks whether it is by now."""


class Gateway:
    """The running gateway. Make one with `Gateway.open`."""

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        clock: Clock,
        random: Random,
        timings: Timings | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._random = random
        self._timings = timings
        self._known_keys: dict[bytes, tuple[float, Key | None]] = {}
        self._bus = EventBus(store)
        self._started = asyncio.Event()
        self._changing = asyncio.Lock()
        self.found = RecoveryReport(0, 0)
        self.keeper = Keeper(clock=clock, random=random)
        """Keeps every task in the background going; what runs beside the gateway may use it."""

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        config: Config,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        timings: Timings | None = None,
    ) -> AsyncIterator[Gateway]:
        """Open the store, recover, run the modems and send; at the end drain and close.

        `timings`: how patient the keepers of modems are; the default suits real modems.
        Raises StoreError when the data directory or the database cannot be used.
        """
        clock = clock or SystemClock()
        random = random or Random()  # noqa: S311 - ids and jitter, not secrets
        async with open_store(
            config.gateway.data_dir,
            clock=clock,
            backup_before_migrate=config.gateway.backup_before_migrate,
        ) as store:
            gateway = cls(config, store, clock=clock, random=random, timings=timings)
            await gateway._set_up()
            stop = asyncio.Event()
            owner = asyncio.current_task()
            runner = asyncio.create_task(gateway._run(stop), name="gateway")
            runner.add_done_callback(
                lambda _: None if stop.is_set() or not owner else owner.cancel()
            )
            try:
                yield gateway
            finally:
                stop.set()
                await runner

    async def _set_up(self) -> None:
        receipts = Receipts()
        steady = SteadyClock(self._clock)
        self._sims = Sims(store=self._store, clock=steady, random=self._random)
        self._outbox = Outbox(
            self._config,
            store=self._store,
            receipts=receipts,
            sims=self._sims,
            clock=steady,
            random=self._random,
            ask_again=lambda job: self._admission.ask_again(job),
        )
        self._admission = Admission(
            self._config,
            store=self._store,
            outbox=self._outbox,
            clock=self._clock,
            random=self._random,
        )
        self._deliveries = Deliveries(
            self._config.handler,
            store=self._store,
            reply=self._admission.reply,
            clock=self._clock,
            random=self._random,
        )
        self._handlers = Handlers(self._deliveries, self._store)
        incoming = Incoming(
            random=self._random,
            number_of=lambda modem, sim: self._fleet.number_of(modem, sim),
        )
        self._inbox = Inbox(
            store=self._store,
            incoming=incoming,
            receipts=receipts,
            on_settled=self._outbox.settle,
            reassembly_timeout_s=self._config.gateway.reassembly_timeout,
            clock=self._clock,
        )
        self._housekeeping = Housekeeping(
            self._config,
            store=self._store,
            inbox=self._inbox,
            forgetful=(self._admission,),
            clock=self._clock,
        )
        self._fleet = Fleet(
            self._config,
            store=self._store,
            lanes=self._outbox.lanes,
            sims=self._sims,
            received=self._inbox.received,
            clock=self._clock,
            random=self._random,
            timings=self._timings,
            paused=await self._store.read(lambda view: view.sim_state.paused()),
            keeper=self.keeper,
        )
        self._sim_views = SimViews(
            store=self._store,
            sims=self._sims,
            clock=steady,
            places=self._fleet.places,
            limits_of=self._limits_of,
        )
        await self._admission.load()
        with contextlib.suppress(StoreUnavailable):  # then `_run` does it when the database can
            self.found = await self._outbox.recover()

    async def _run(self, stop: asyncio.Event) -> None:
        with self._outbox.queue:
            async with asyncio.TaskGroup() as modems:
                if not self._outbox.recovered and not await self._recover_later(stop):
                    return
                claim = modems.create_task(self._outbox.claim.run(), name="claim")
                self._fleet.start(modems)
                self._started.set()
                followers = [
                    modems.create_task(self.keeper.keep(name, work), name=name)
                    for name, work in (
                        ("housekeeping", self._housekeeping.run),
                        ("retention", self._housekeeping.let_go),
                        ("deliveries", self._deliveries.run),
                    )
                ]
                await stop.wait()
                timeout = self._config.gateway.drain_timeout
                if not await self._fleet.drain(timeout):
                    logger.warning("a part was still in the air after %g s", timeout)
                for task in followers:
                    task.cancel()
                await self._deliveries.close()
                self._fleet.stop()
                claim.cancel()
        await self._outbox.claim.give_back()

    async def _recover_later(self, stop: asyncio.Event) -> bool:
        """The database takes no writes: until it does, it is read only. False at the end."""
        logger.warning("nothing is sent or received before the database can be written")
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECOVER_EVERY_S):
                    await stop.wait()
            if self._store.problem is None and not stop.is_set():
                with contextlib.suppress(StoreUnavailable):
                    self.found = await self._outbox.recover()
                    for line in self.found.lines():
                        logger.info("%s", line)
                    return True
        return False

    # --- another configuration

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config

    async def reconfigure(self, config: Config) -> list[str]:
        """Go by another configuration. Returns when everything is done, with a line for each thing.

        One after the other, and within `gateway.drain_timeout` for modems that have to go. What is
        read at the start only stays as it is. Raises ValueError for a modem's profile that there is
        not: then nothing has changed. Cancelled midway, some of it is done; call it again.
        """
        await self._started.wait()
        async with self._changing:
            begin = self._fleet.plan(config)
            told = lines(self._config, config)
            config = self._config = in_force(self._config, config)
            self._admission.reconfigure(config)
            self._outbox.reconfigure(config)
            self._deliveries.reconfigure(config.handler)
            self._inbox.reassembly_timeout_s = config.gateway.reassembly_timeout
            self._housekeeping.reconfigure(config)
            told += await _together(
                self._fleet.reconfigure(config, begin),
                self._outbox.reroute(),
                self._admission.load(),
            )
            return [*told, *self._outbox.pinned_to_nobody()]

    # --- sending

    @property
    def ready(self) -> bool:
        """Whether a modem can send."""
        return self._fleet.ready

    @property
    def alarms(self) -> dict[str, str]:
        """What a person must see to though messages may be sent, by modem."""
        return self._fleet.alarms

    @property
    def troubles(self) -> list[str]:
        """What does not work as it should though the gateway runs: a line each."""
        return self.keeper.troubles()

    @property
    def accepting(self) -> str | None:
        """Why new work is refused, or None when it is not."""
        return self._store.problem or self._outbox.not_yet

    @property
    def stalled(self) -> str | None:
        """Why only a restart helps, or None: the database's writer hangs or is dead."""
        return self._store.stalled

    async def send(
        self, new: NewMessage, *, key: str, idempotency: Idempotency | None = None
    ) -> Accepted:
        """Accept a message: when this returns it is committed.

        Raises Rejected (with every field that is wrong), TooMany, IdempotencyConflict,
        Unavailable.
        """
        return await self._admission.send(new, key=key, idempotency=idempotency)

    async def send_batch(
        self, news: Iterable[NewMessage], *, key: str, idempotency: Idempotency | None = None
    ) -> AcceptedBatch:
        """Accept what can be accepted of a batch, in one transaction.

        Raises IdempotencyConflict, Unavailable.
        """
        return await self._admission.send_batch(news, key=key, idempotency=idempotency)

    def preview(self, new: NewMessage, *, key: str) -> Preview:
        """What a message would be sent as; sends nothing. Raises Rejected as `send` would."""
        return self._admission.preview(new, key=key)

    async def message(self, id: str) -> Message:
        """A message and its history. Raises NotFound."""
        found = await self._store.look_up(lambda view: view.messages.get(id, life.part_status))
        if found is None:
            raise NotFound(f"there is no message {id!r}")
        return found

    async def messages(self, query: MessageQuery) -> Page[Message]:
        """A page of messages, newest first. Raises Rejected for a cursor that is not ours."""
        try:
            return await self._store.read(lambda view: view.messages.find(query, life.part_status))
        except (ValueError, OverflowError) as error:
            raise _bad_cursor() from error

    async def cancel(self, id: str) -> Message:
        """Cancel a message of which nothing can have gone out. Raises NotFound, Conflict."""
        n = await self._store.look_up(lambda view: view.messages.number_of(id))
        if n is None:
            raise NotFound(f"there is no message {id!r}")
        await self._outbox.cancel(n)
        return await self.message(id)

    async def batch(self, id: str) -> tuple[dict[str, Any], dict[str, int]]:
        """What is known of a batch, and its messages counted by status. Raises NotFound."""
        found = await self._store.read(lambda view: view.messages.batch_counts(id))
        if found is None:
            raise NotFound(f"there is no batch {id!r}")
        return found

    # --- receiving

    async def inbound(self, id: str) -> Inbound:
        """A received message. Raises NotFound."""
        found = await self._store.look_up(lambda view: view.inbound.get(id))
        if found is None:
            raise NotFound(f"there is no inbound message {id!r}")
        return found

    async def inbounds(self, query: InboundQuery) -> Page[Inbound]:
        """A page of received messages, newest first. Raises Rejected for a foreign cursor."""
        try:
            return await self._store.read(lambda view: view.inbound.find(query))
        except (ValueError, OverflowError) as error:
            raise _bad_cursor() from error

    def events(self, after: int | None = None) -> AsyncIterator[Event]:
        """Events with an id above `after` (default: from now on), then live, without end."""
        return self._bus.follow(after)

    def event_groups(self, after: int | None = None) -> AsyncIterator[list[Event]]:
        """As `events`, as many at a time as there are."""
        return self._bus.groups(after)

    # --- handlers

    async def handlers(self) -> list[HandlerView]:
        """Every handler, and how many of its deliveries have not been made."""
        return await self._handlers.all()

    async def deliveries(self, query: DeliveryQuery) -> Page[Delivery]:
        """A page of a handler's deliveries, newest first. Raises NotFound, Rejected (cursor)."""
        return await self._handlers.deliveries(query)

    async def replay(self, handler: str, wanted: Replay) -> int:
        """Have ended deliveries made once more; returns how many. Raises NotFound, Rejected."""
        return await self._handlers.replay(handler, wanted)

    # --- modems

    def modems(self) -> list[ModemView]:
        """Every modem as it is now."""
        return self._fleet.views()

    def modem(self, id: str) -> ModemView:
        """A modem as it is now. Raises NotFound."""
        return self._fleet.view(id)

    async def sims(self) -> list[SimView]:
        """Every SIM that was ever seen, by ICCID."""
        return await self._sim_views.all()

    async def sim(self, iccid: str) -> SimView:
        """A SIM, in a modem now or seen before. Raises NotFound."""
        return await self._sim_views.one(iccid)

    def _limits_of(self, modem: str) -> Limits:
        """Those of the SIM in a modem, also where the modem is not configured any more."""
        for section in self._config.modem:
            if section.id == modem:
                return self._config.limits_of(section)
        return self._config.sim_limits

    def pause_modem(self, id: str) -> ModemView:
        """Send nothing more through a modem. Raises NotFound."""
        self._fleet.pause(id)
        return self._fleet.view(id)

    def resume_modem(self, id: str) -> ModemView:
        """Let a paused modem work again. Raises NotFound."""
        self._fleet.resume(id)
        return self._fleet.view(id)

    def restart_modem(self, id: str) -> ModemView:
        """Let a modem begin anew with its identification. Raises NotFound."""
        self._fleet.modem(id).restart()
        return self._fleet.view(id)

    async def ussd(self, id: str, code: str, timeout_s: float) -> UssdAnswer:
        """Send a USSD request. Raises NotFound, Conflict (not ready), Rejected, ModemError."""
        try:
            return await self._fleet.ready_modem(id).ussd(code, timeout_s=timeout_s)
        except UssdUntypable as error:
            raise Rejected([FieldProblem("code", str(error), "untypable")]) from error

    async def end_ussd(self, id: str) -> None:
        """End a modem's USSD dialogue, if there is one. Raises NotFound, Conflict, ModemError."""
        await self._fleet.ready_modem(id).ussd_cancel()

    def trace(self, id: str, *, texts: bool = False) -> list[TraceLine]:
        """What was last said on a modem's port, oldest first. Raises NotFound.

        PINs are masked always, PDUs and USSD strings unless `texts`.
        """
        return self._fleet.modem(id).trace.lines(texts=texts)

    def follow_trace(self, id: str, tap: Callable[[TraceLine], None]) -> None:
        """Hand every line on a modem's port to `tap` as well, masked. Raises NotFound."""
        self._fleet.modem(id).trace.tap = tap

    # --- the rest

    async def authenticate(self, token: str) -> Key | None:
        """The key with this token, if it is in force."""
        hash_ = keys.digest(token)
        now = self._clock.monotonic()
        known = self._known_keys.get(hash_)
        if known is not None and now - known[0] < KEY_CACHE_S:
            return known[1]
        key = await self._store.look_up(lambda view: view.keys.find(hash_))
        if len(self._known_keys) >= KEY_CACHE_SIZE:
            self._known_keys.clear()
        if key is not None:
            self._known_keys[hash_] = (now, key)
        return key

    def metrics(self) -> CollectorRegistry:
        """The figures for Prometheus, as they are now."""
        return registry_of(
            self._fleet.views,
            lambda: len(self._outbox.queue.matchmaking),
            self._admission.counts,
            self.keeper,
        )


async def _together(*works: Awaitable[list[str] | None]) -> list[str]:
    """Do all of this side by side; returns what there is to tell.

    All of it has ended when this returns or raises, so that no later change meets what is left.
    """
    done = await asyncio.gather(*works, return_exceptions=True)
    failed = [one for one in done if isinstance(one, BaseException)]
    if failed:
        raise failed[0] if len(failed) == 1 else BaseExceptionGroup("several things failed", failed)
    return [line for one in done if isinstance(one, list) for line in one]


def _bad_cursor() -> Rejected:
    return Rejected(
        [FieldProblem("cursor", "is not a next_cursor that this list gave", "invalid-cursor")]
    )
