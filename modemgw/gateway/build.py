"""The composition root: makes the parts, owns their tasks, starts and stops them in order.

A door takes the parts it needs from here, as protocols of its own. What is added has a place each:
a part that doors ask, an attribute; work in the background, a line in `_background`; what goes by
the configuration, a place in `_followers`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from random import Random
from secrets import token_bytes

from modemgw.clock import Clock, SteadyClock, SystemClock
from modemgw.config import Config, TypesSection
from modemgw.gateway.access import Access
from modemgw.gateway.admission.admission import Admission
from modemgw.gateway.admission.limits import REPLIES_KEY
from modemgw.gateway.admission.numbering import e164
from modemgw.gateway.admission.templates import Templates
from modemgw.gateway.audit import Audit
from modemgw.gateway.budgets.budgets import Budgets
from modemgw.gateway.bus import EventBus
from modemgw.gateway.changes import in_force, lines
from modemgw.gateway.consent.consents import Consents
from modemgw.gateway.consent.register import ConsentRegister
from modemgw.gateway.deliveries import Deliveries
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.confirmations import Confirmation, Confirmations
from modemgw.gateway.deliveries.handlers import Handlers
from modemgw.gateway.deliveries.payload import Tell, told_plainly
from modemgw.gateway.deliveries.trying import Place, Trials
from modemgw.gateway.deliveries.webhooks import Webhooks
from modemgw.gateway.fleet.balances import Balances
from modemgw.gateway.fleet.fleet import Fleet
from modemgw.gateway.fleet.modems import Modems
from modemgw.gateway.fleet.sim_views import SimViews
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.following import Follower, finish, switch
from modemgw.gateway.incoming.broadcasts import Broadcasts
from modemgw.gateway.incoming.calls import Calls
from modemgw.gateway.incoming.conversations import Conversations
from modemgw.gateway.incoming.inbounds import Inbounds
from modemgw.gateway.incoming.intake import Intake
from modemgw.gateway.incoming.keywords import Keywords
from modemgw.gateway.incoming.loop_guard import LoopGuard
from modemgw.gateway.incoming.reassembly import Incoming
from modemgw.gateway.keys import Keys
from modemgw.gateway.outgoing.accounts import Accounts
from modemgw.gateway.outgoing.costs import told
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.messages import Messages
from modemgw.gateway.outgoing.outbox import Outbox, RecoveryReport
from modemgw.gateway.outgoing.receipts import Receipts
from modemgw.gateway.supervision import Keeper
from modemgw.gateway.upkeep.alerts.alerts import Alerts
from modemgw.gateway.upkeep.alerts.mailing import Mailing
from modemgw.gateway.upkeep.alerts.notices import KEY as ALERTS_KEY
from modemgw.gateway.upkeep.alerts.notices import Notices
from modemgw.gateway.upkeep.alerts.readings import ClockSteps, Sources, read
from modemgw.gateway.upkeep.health import Health
from modemgw.gateway.upkeep.metrics import Figures, sending, system
from modemgw.gateway.upkeep.privacy import Privacy
from modemgw.gateway.upkeep.readiness.checklist import Checklist
from modemgw.gateway.upkeep.readiness.facts import Seat
from modemgw.gateway.upkeep.retention import Housekeeping
from modemgw.gateway.upkeep.sampling import Sampler
from modemgw.gateway.upkeep.type_views import TypeViews
from modemgw.gateway.upkeep.usage import Usage
from modemgw.gateway.verifications.codes import FILE_NAME as PEPPER_NAME
from modemgw.gateway.verifications.codes import PEPPER_BYTES, read_pepper
from modemgw.gateway.verifications.verifications import Verifications
from modemgw.modem import Timings
from modemgw.store import Store, StoreError, StoreUnavailable
from modemgw.store.sqlite import FILE_NAME, open_store

logger = logging.getLogger(__name__)

RECOVER_EVERY_S = 1.0
"""How often a start that found the database not writable looks whether it is by now."""


class Gateway:
    """The running gateway: its parts, for the doors to take. Make one with `Gateway.open`."""

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        clock: Clock,
        random: Random,
        timings: Timings | None = None,
        paused: Iterable[str] = (),
        tell: Tell = told_plainly,
        pepper: bytes,
    ) -> None:
        self._config = config
        self._store = store
        self._started = asyncio.Event()
        self._changing = asyncio.Lock()
        self.found = RecoveryReport(0, 0)
        self.keeper = Keeper(clock=clock, random=random)
        """Keeps every task in the background going; what runs beside the gateway may use it."""

        self._tariffs = Tariffs(config, operator_of=lambda modem: self._fleet.operator_of(modem))
        receipts = Receipts(Accounts(self._tariffs))
        steady = SteadyClock(clock)
        sims = Sims(store=store, clock=steady, random=random)
        self._outbox = Outbox(
            config,
            store=store,
            receipts=receipts,
            sims=sims,
            clock=steady,
            random=random,
            ask_again=self._ask_again,
            expect_callbacks=lambda: self._deliveries.expect_callbacks(),
            take_up=lambda job: self.verifications.take_up(job),
        )
        register = ConsentRegister()
        self.budgets = Budgets(store, steady, self._tariffs)
        """What may be spent, and how much of it is taken."""
        self._outbox.queue.matchmaking.spending = self.budgets
        self.templates = Templates(config, store=store, clock=clock)
        """Texts by name, and what may be done with them."""
        self.sending = Admission(
            config,
            store=store,
            outbox=self._outbox,
            tariffs=self._tariffs,
            clock=clock,
            random=random,
            consents=register,
            budgets=self.budgets,
            templates=self.templates.catalogue,
        )
        """Sends, and shows what would be sent."""
        self._loop_guard = LoopGuard(
            config,
            answers=self.sending,
            own_numbers=lambda: self._fleet.own_numbers(),
            store=store,
            clock=clock,
        )
        answering = Answering(
            self.sending.reply, self.sending.forward, self.sending.send, self._loop_guard
        )
        self._confirmation = Confirmation(config.opt_out, store, answering)
        self.verifications = Verifications(
            config,
            store=store,
            sending=self.sending,
            clock=steady,
            random=random,
            pepper=pepper,
            templates=self.templates.catalogue,
            on_their_way=lambda: {job.id for job in self._outbox.queue.matchmaking.jobs()},
        )
        """Proves numbers by codes."""
        self._deliveries = Deliveries(
            config.handler,
            store=store,
            answering=answering,
            smtp=config.smtp,
            clock=clock,
            random=random,
            webhooks=config.webhooks,
            tell=told(tell, self._tariffs),
            own=(Confirmations(self._confirmation),),
        )
        keywords = Keywords(config, register, self._deliveries.has_the_word)
        incoming = Incoming(
            random=random,
            number_of=lambda modem, sim: self._fleet.number_of(modem, sim),
            keywords=keywords,
        )
        self._intake = Intake(
            store=store,
            incoming=incoming,
            receipts=receipts,
            on_settled=self._outbox.settle,
            reassembly_timeout_s=config.gateway.reassembly_timeout,
            clock=clock,
        )
        self._calls = Calls(
            config, store=store, number_of=lambda modem, sim: self._fleet.number_of(modem, sim)
        )
        self._fleet = Fleet(
            config,
            store=store,
            lanes=self._outbox.lanes,
            sims=sims,
            tariffs=self._tariffs,
            received=self._intake.received,
            called=self._calls.take,
            broadcast=Broadcasts(store, clock).take,
            alarmed=lambda: self.alerts.wake(),
            clock=clock,
            random=random,
            timings=timings,
            paused=paused,
            keeper=self.keeper,
        )
        self._housekeeping = Housekeeping(
            config,
            store=store,
            intake=self._intake,
            forgetful=(self.sending, self.verifications, self._loop_guard),
            clock=clock,
        )

        self.messages = Messages(store, self._outbox, self._tariffs)
        """What was accepted, and how far it came."""
        self.batches = self._outbox.batches
        """What was sent together: how far it came, held back, called off."""
        self.inbounds = Inbounds(store)
        """What was received."""
        self.consents = Consents(
            store,
            register,
            clock=clock,
            read_number=lambda text: e164(text, self._config.gateway.default_region),
        )
        """Who may be sent what."""
        self.conversations = Conversations(store)
        """What was sent to a number and received from it, as one."""
        self.events = EventBus(store)
        """What happens."""
        self.handlers = Handlers(self._deliveries, store)
        """Who gets what was received, and what became of it."""
        self.trials = Trials(
            lambda: self._deliveries.subscribers,
            around=lambda: self._deliveries.around,
            preview=lambda new: self.sending.preview(new, key=REPLIES_KEY),
            places=self._places,
            asks=keywords.asked,
            clock=clock,
        )
        """What handlers would do."""
        self.webhooks = Webhooks(self._deliveries, store=store, clock=clock, random=random)
        """Who asked to be told of what happens, and what became of it."""
        self.modems = Modems(self._fleet)
        """How the modems do, and what they may be made to do."""
        self._balances = Balances(config, store=store, clock=steady, ready=self._fleet.ready_modems)
        self.sims = SimViews(
            config,
            store=store,
            sims=sims,
            tariffs=self._tariffs,
            clock=steady,
            places=self._fleet.views.places,
            ask_balance=self._balances.ask,
        )
        """The SIMs, and what they have used of their plans."""
        self.usage = Usage(store)
        """What was sent and what it cost."""
        self.types = TypeViews(
            config,
            accepted=self.sending.counts,
            tallies=lambda: self._outbox.punctuality.tallies,
        )
        """What is done with each type of messages, and how they do."""
        self.access = Access(store, clock=clock, key_seen=self.sending.key_seen)
        """Who may come in."""
        self.keys = Keys(store, self.access, clock=clock)
        """The API keys, and what may be done with them."""
        self.audit = Audit(store)
        """What admins did."""
        self.health = Health(store, outbox=self._outbox, fleet=self._fleet, keeper=self.keeper)
        """How the gateway does."""
        self._sampler = Sampler(
            store,
            config.gateway.data_dir / FILE_NAME,
            jobs=self._outbox.queue.matchmaking.jobs,
            sims=lambda: sims.tallies.sims,
            subscribers=lambda: self._deliveries.roster.all(),
            types=TypesSection.model_fields,
            clock=steady,
        )
        steps = ClockSteps(steady)
        sources = Sources(
            views=self._fleet.views.views,
            sims=sims,
            sampler=self._sampler,
            outcomes=lambda: self._deliveries.outcomes,
            late=lambda: self._outbox.punctuality.tallies,
            keeper=self.keeper,
            store=store,
        )
        mailing = Mailing(config)
        self._notices = Notices(
            send=lambda new: self.sending.send(new, key=ALERTS_KEY),
            mail=mailing.mail,
            views=self._fleet.views.views,
            clock=steady,
        )
        self.alerts = Alerts(
            config,
            store=store,
            read=lambda: read(sources, steps, self._config),
            notices=self._notices,
            clock=steady,
            random=random,
        )
        """What a person must see to."""
        self.figures = Figures(
            self._fleet.views.views,
            lambda: len(self._outbox.queue.matchmaking),
            self.sending.counts,
            lambda: self._outbox.punctuality.tallies,
            self.keeper,
            (
                lambda: sending.queue(self._sampler.last),
                lambda: sending.sims(sims),
                lambda: sending.durations(sims),
                lambda: system.balances(self._sampler.last),
                lambda: system.deliveries(self._sampler.last, self._deliveries.outcomes),
                lambda: system.store(store, self._sampler.last),
                lambda: system.loop(self._sampler),
                lambda: system.clock(steady, steps),
                lambda: system.alerts(self.alerts.standing),
            ),
        )
        """How much of everything there was."""
        self.checklist = Checklist(
            config,
            store=store,
            clock=clock,
            seats=self._seats,
            metrics_reads=lambda: self.figures.read,
        )
        """Whether all is ready for production."""

        self.privacy = Privacy(store, self.consents, self.messages, clock=clock)
        """What is kept about a number."""

        self._background: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("access", self.access.run),
            ("key uses", self.access.uses.run),
            ("targets", self._outbox.punctuality.run),
            ("batches", self.batches.run),
            ("housekeeping", self._housekeeping.run),
            ("retention", self._housekeeping.let_go),
            ("deliveries", self._deliveries.run),
            ("templates", self.templates.run),
            ("verifications", self.verifications.run),
            ("balances", self._balances.run),
            ("samples", self._sampler.run),
            ("lag", self._sampler.watch_lag),
            ("alerts", self.alerts.run),
            ("notices", self._notices.run),
        )
        """Begun together once the modems are, and cancelled when they have been drained."""
        self._followers: tuple[Follower, ...] = (
            self._fleet,  # it alone may refuse a configuration
            self._tariffs,
            self._outbox,
            self.templates,
            self.sending,
            self._confirmation,
            self._loop_guard,
            self.verifications,
            self._deliveries,
            keywords,
            self._intake,
            self._calls,
            self._housekeeping,
            self.sims,
            self.types,
            self._balances,
            self.alerts,
            mailing,
            self.checklist,
        )
        """Whoever goes by the configuration, in the order in which they switch."""

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        config: Config,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        timings: Timings | None = None,
        tell: Tell = told_plainly,
    ) -> AsyncIterator[Gateway]:
        """Open the store, recover, run the modems and send; at the end drain and close.

        `timings`: how patient the keepers of modems are; the default suits real modems. `tell`:
        what webhooks are told; the HTTP API's is modemgw.api.telling.
        Raises StoreError when the data directory or the database cannot be used.
        """
        clock = clock or SystemClock()
        random = random or Random()  # noqa: S311 - ids and jitter, not secrets
        async with open_store(
            config.gateway.data_dir,
            clock=clock,
            backup_before_migrate=config.gateway.backup_before_migrate,
        ) as store:
            pepper = await asyncio.to_thread(_pepper, config)
            gateway = cls(
                config,
                store,
                clock=clock,
                random=random,
                timings=timings,
                paused=await store.read(lambda view: view.sim_state.paused()),
                tell=tell,
                pepper=pepper,
            )
            await gateway._tariffs.load(store)
            await gateway.templates.load()
            await gateway.sending.load()
            await gateway.verifications.load()
            with contextlib.suppress(StoreUnavailable):  # then `_run` does it when the database can
                gateway.found = await gateway._outbox.recover()
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

    def _places(self) -> list[Place]:
        """The modems, and the SIMs that are in them."""
        configured = {modem.id: modem.number for modem in self._config.modem}
        found = []
        for view in self._fleet.views.views():
            id, sim = view.status.id, view.status.sim
            iccid, number = (None, None) if sim is None else (sim.iccid, sim.number)
            found.append(Place(id, iccid, configured.get(id) or number))
        return found

    def _seats(self) -> list[Seat]:
        """The SIMs that are in modems now."""
        operators = {view.status.id: view.status.operator for view in self._fleet.views.views()}
        return [
            Seat(place.modem, place.sim, place.number, operators.get(place.modem))
            for place in self._places()
            if place.sim is not None
        ]

    def _ask_again(self, job: Job) -> None:
        """See Lane."""
        self.sending.ask_again(job)
        self.verifications.at_sending(job)

    # --- start and stop

    async def _run(self, stop: asyncio.Event) -> None:
        with self._outbox.queue:
            async with asyncio.TaskGroup() as tasks:
                if not self._outbox.recovered and not await self._recover_later(stop):
                    return
                claim = tasks.create_task(self._outbox.claim.run(), name="claim")
                self._fleet.start(tasks)
                self._started.set()
                background = [
                    self.keeper.supervised(tasks, name, work) for name, work in self._background
                ]
                await stop.wait()
                timeout = self._config.gateway.drain_timeout
                if not await self._fleet.drain(timeout):
                    logger.warning("a part was still in the air after %g s", timeout)
                for task in background:
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
            wanted = in_force(self._config, config)
            rests = switch(self._followers, wanted)
            told = lines(self._config, config)
            self._config = wanted
            told += await finish(rests)
            await self.audit.record("config.reload", key=None, address="local")
            return [*told, *self._outbox.pinned_to_nobody()]


def _pepper(config: Config) -> bytes:
    """The secret that codes are made with.

    Where the data directory takes none just now, it is one of this run: codes that were sent before
    a restart are good for nothing after it. Raises StoreError for a `pepper_file` that cannot be
    used.
    """
    named = config.verifications.pepper_file
    file = named or config.gateway.data_dir / PEPPER_NAME
    try:
        return read_pepper(file)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        if named is not None:
            raise StoreError(
                f"the secret of verifications in {file} cannot be used: {why}; set "
                "verifications.pepper_file to a file that this user may read, or make"
            ) from error
        logger.warning("verifications do not survive a restart: %s cannot be used: %s", file, why)
        return token_bytes(PEPPER_BYTES)
