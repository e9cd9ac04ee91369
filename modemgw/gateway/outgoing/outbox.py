"""Accepted messages on their way out: stored, queued, and recovered after a crash."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from modemgw.clock import SteadyClock
from modemgw.config import Config
from modemgw.gateway.errors import Conflict
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.following import Rest
from modemgw.gateway.outgoing import life, progress
from modemgw.gateway.outgoing.batches import Batches
from modemgw.gateway.outgoing.carriers import STICKY_RECIPIENTS
from modemgw.gateway.outgoing.claim import Claim
from modemgw.gateway.outgoing.endings import EXPIRED, await_word
from modemgw.gateway.outgoing.job import Job, PartState, job_of, jobs_of
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.lanes import Lanes
from modemgw.gateway.outgoing.life import Happening
from modemgw.gateway.outgoing.matchmaking import Matchmaking
from modemgw.gateway.outgoing.punctuality import Punctuality
from modemgw.gateway.outgoing.queue import Queue
from modemgw.gateway.outgoing.receipts import Matched, Receipts
from modemgw.gateway.outgoing.rerouting import reroute
from modemgw.gateway.outgoing.routes import route_for
from modemgw.store import AttemptKey, LeaseHeld, Store, StoreConflict, StoreUnavailable, Transaction
from modemgw.store.records import ErrorInfo, Mailing, MessageStatus

logger = logging.getLogger(__name__)

INTERRUPTED = ErrorInfo(
    "interrupted", "the gateway ended while the modem was sending", permanent=False
)
REDATE_S = 60.0
"""A clock that is set by less spoils no date that matters."""
NO_WORD = ErrorInfo(
    "no-word",
    "the modem gave no answer after it had the PDU, and no status report came: "
    "it may or may not have been sent",
    permanent=False,
)


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What a start found in the store."""

    waiting: int
    """Messages that still want a modem."""
    interrupted: int
    """Attempts that were in the air when the last run ended: nobody knows of them."""
    homeless: tuple[str, ...] = ()
    """What to tell of messages whose route or modem the configuration no longer has."""

    def lines(self) -> list[str]:
        """What to tell a person; nothing when there is nothing to tell."""
        told = []
        if self.waiting:
            told.append(f"{self.waiting} accepted messages wait to be sent")
        if self.interrupted:
            told.append(
                f"{self.interrupted} parts were in the air when the last run ended: "
                "they are ambiguous, their type's policy settles them"
            )
        return [*told, *self.homeless]


class Outbox:
    """Owns the queue and the lanes. Use the queue as a context manager while lanes run.

    `ask_again`: see Lane. `expect_callbacks` is called before messages are committed that name an
    address to call back; `take_up` with each message that the last run left.
    """

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        receipts: Receipts,
        sims: Sims,
        clock: SteadyClock,
        random: Random,
        ask_again: Callable[[Job], None] = lambda job: None,
        expect_callbacks: Callable[[], None] = lambda: None,
        take_up: Callable[[Job], None] = lambda job: None,
    ) -> None:
        self._take_up_job = take_up
        self._expect_callbacks = expect_callbacks
        self._config = config
        self._store = store
        self._receipts = receipts
        self.clock = clock
        """What the queue, the limits and every wait go by."""
        self.claim = Claim(store, clock)
        """That the messages of the store are this process's to carry."""
        self._held: str | None = None
        self.recovered = False
        """Whether what the last run left was taken up; before that nothing new is accepted."""
        self._marks: dict[str, int] = {}
        """How far the tables went when this run began."""
        self._found: list[int] = []
        """Messages that were found waiting then."""
        self._routes = {route.id for route in config.routes}
        self._sticky: set[str] = set()
        """Sticky routes of whose recipients the store was asked which SIM wrote to them."""
        self._began = self.clock.time()
        self._sims = sims
        self.queue = Queue(
            Matchmaking(config.routes, self._began),
            clock=self.clock,
            on_due=self._due,
            on_expired=self._expired,
            on_overdue=self._overdue,
            on_quota=self._tell_quota,
            on_timer=self.clock.look,
        )
        self.queue.matchmaking.set_priorities(config.type.priorities)
        self.punctuality = Punctuality(
            config, store=store, clock=clock, find=self.queue.matchmaking.get
        )
        self.batches = Batches(store, self.queue, self.clock, tariffs=receipts.accounts.tariffs)
        """What was sent together, and may be held back."""
        self.lanes = Lanes(
            config,
            queue=self.queue,
            store=store,
            sims=sims,
            receipts=receipts,
            accounts=receipts.accounts,
            on_settled=self.settle,
            ask_again=ask_again,
            clock=clock,
            random=random,
        )
        self.clock.follow(self._clock_set)

    async def recover(self) -> RecoveryReport:
        """Take up what the last run left, before any lane runs; again when it failed.

        Raises StoreUnavailable: then nothing of it was taken up.
        """
        self._marks = await self._store.read(lambda view: view.dates.marks())
        try:
            keys = await self._store.write(self._take_up)
        except LeaseHeld as held:
            self._held = f"{held}: it is waited for"
            raise StoreUnavailable(self._held) from held
        self._held = None
        rerouted = await reroute(self._store, self.queue, self._config)
        await self._remember_sims()
        await self.batches.recover()
        now = self.clock.time()
        jobs = await self._store.read(
            lambda view: [
                job_of(w.n, w.message, now) for w in view.messages.waiting(life.part_status)
            ]
        )
        for job in jobs:
            self._take_up_job(job)
        self._found = [job.n for job in jobs]
        fresh = []
        for job in jobs:
            if job.complete:
                await self._store.write(lambda tx, n=job.n: progress.refresh(tx, n))  # type: ignore[misc]
        for job in jobs:
            if job.complete:
                continue
            if job.pending():
                fresh.append(job)
            else:
                self._await_word(job)
            if job.status is MessageStatus.SCHEDULED and job.due_at <= now:
                self._due(job)
        self.queue.add_all(fresh)
        self.punctuality.watch(job for job in jobs if not job.complete)
        self.recovered = True
        homeless = (*rerouted.lines(), *self.pinned_to_nobody())
        return RecoveryReport(waiting=len(jobs), interrupted=len(keys), homeless=homeless)

    async def _remember_sims(self) -> None:
        """A recipient keeps its SIM over a restart, and from before its route became sticky."""
        sticky = {route.id for route in self._config.routes if route.policy == "sticky"}
        new = sorted(sticky - self._sticky)
        if new:
            for to, sim in await self._store.read(
                lambda view: list(view.attempts.last_sims(new, STICKY_RECIPIENTS))
            ):
                self.queue.matchmaking.remember(to, sim)
        self._sticky = sticky

    def _take_up(self, tx: Transaction) -> list[AttemptKey]:
        self.claim.take(tx)
        tx.messages.erase_ended(self._config.type.erased)
        keys = tx.attempts.interrupted(INTERRUPTED)
        for key in keys:
            begun = tx.attempts.find(key)
            if begun is not None:
                self._receipts.ended(tx, key, begun.sim, begun.to)
        return keys

    @property
    def not_yet(self) -> str | None:
        """Why nothing is accepted as yet, or None when it is."""
        return (
            None if self.recovered else self._held or "what the last run left is not taken up yet"
        )

    async def accept(
        self,
        accepted: Sequence[Mailing],
        *,
        first: Callable[[Transaction], None] | None = None,
        then: Callable[[Transaction, int], None] | None = None,
        committed: Callable[[int], None] | None = None,
    ) -> None:
        """Commit messages, with what else belongs to the same transaction, and queue them.

        `first` may refuse with StoreConflict, and so may `then`, which is told the number of the
        first message. `committed` is told it, too, before any of them is queued. Raises
        StoreUnavailable.
        """
        if self.not_yet is not None:
            raise StoreUnavailable(self._store.problem or self.not_yet)
        accepted = [self._with_known_routes(mailing) for mailing in accepted]
        ahead_s = self.clock.ahead_s
        if any(mailing.common.callback_url is not None for mailing in accepted):
            self._expect_callbacks()

        def write(tx: Transaction) -> tuple[int, list[Job]]:
            if first is not None:
                first(tx)
            first_n = tx.messages.insert(accepted)
            jobs: list[Job] = []  # made here, where they keep nobody in the loop waiting
            for mailing in accepted:
                status, reference = mailing.common.status, mailing.common.reference
                if status is MessageStatus.QUEUED:
                    told = life.about("", reference, status)
                    tx.events.emit_all(
                        "message.queued", [told | {"id": id} for id, _, _ in mailing.recipients]
                    )
                jobs += jobs_of(first_n + len(jobs), mailing, ahead_s)
            if then is not None:
                then(tx, first_n)
            return first_n, jobs

        def queue(done: tuple[int, list[Job]]) -> None:
            first_n, jobs = done
            if committed is not None:
                committed(first_n)
            self.queue.add_all(jobs)
            self.punctuality.watch(jobs)

        await self._store.write(write, then=queue)

    def _with_known_routes(self, mailing: Mailing) -> Mailing:
        """The routes may have changed since a mailing was checked."""
        common = mailing.common
        if common.modem is not None or self._routes.issuperset(r for _, _, r in mailing.recipients):
            return mailing
        choose = partial(
            route_for, self._config, type=common.type, key=common.key, tags=common.tags
        )
        return Mailing(
            common,
            [
                (id, to, route if route in self._routes else choose(to=to) or route)
                for id, to, route in mailing.recipients
            ],
        )

    async def cancel(self, n: int) -> None:
        """Cancel a message of which nothing can have gone out. Raises Conflict."""
        job = self.queue.matchmaking.get(n)
        if job is None or not job.unsent or not self.queue.matchmaking.is_waiting(job):
            raise Conflict("it may have gone out, or it is over: only what waits can be canceled")
        self.queue.remove(job)

        subject = job.subject

        def write(tx: Transaction) -> None:
            gone_out = tx.messages.gone_out(n)
            if gone_out or life.move(tx, subject, Happening.CANCELED) is None:
                raise StoreConflict("it may have gone out, or it is over")

        def put_back(done: asyncio.Future[None]) -> None:
            if done.exception() and not isinstance(done.exception(), StoreConflict):
                self.queue.add(job)

        written = self._store.write(write)
        written.add_done_callback(put_back)
        try:
            await asyncio.shield(written)  # once asked for, it is done: the caller may leave
        except StoreConflict as error:
            raise Conflict(str(error)) from error

    def settle(self, matched: Matched) -> None:
        """A report told what became of an ambiguous attempt: its message needs no more doubt."""
        job = self.queue.matchmaking.get(matched.key.message)
        if job is None:
            return
        part = job.part(matched.key.part - 1)
        if part.state is PartState.AMBIGUOUS or self.queue.matchmaking.is_waiting(job):
            part.state = PartState.ACCEPTED
        if job.complete:
            self.queue.remove(job)

    # --- another configuration

    def follow(self, config: Config) -> Rest:
        """See Follower: other routes and policies. What waits for word already keeps its time."""
        self._config = config
        self._routes = {route.id for route in config.routes}
        self.queue.matchmaking.set_priorities(config.type.priorities)
        self.queue.set_routes(config.routes)
        self.lanes.reconfigure(config)
        self.punctuality.configure(config, list(self.queue.matchmaking.jobs()))
        self._store.write(lambda tx: tx.messages.erase_ended(config.type.erased), keep=True)
        return self.reroute()

    async def reroute(self) -> list[str]:
        """Route anew what waits for a route that is gone. Returns what to tell of it."""
        await self._remember_sims()
        try:
            return (await reroute(self._store, self.queue, self._config)).lines()
        except StoreUnavailable as error:
            return [f"messages whose route is gone could not be routed anew, reload again: {error}"]

    def pinned_to_nobody(self) -> list[str]:
        """What to tell of messages that wait for modems which are not configured."""
        here = {modem.id for modem in self._config.modem}
        jobs = self.queue.matchmaking.jobs()
        waiting = Counter(job.modem for job in jobs if job.modem and job.waiting)
        return [
            f"{count} messages wait for modem {id}, which is not configured: "
            "it may come back under this id until their validity ends"
            for id, count in sorted(waiting.items())
            if id not in here
        ]

    # --- time

    def _clock_set(self, by_s: float) -> None:
        """The machine's clock was set while we ran."""
        way = "ahead" if by_s > 0 else "back"
        logger.warning("the machine's clock was set %s by %.0f s", way, abs(by_s))
        self.queue.clock_set(by_s)
        if abs(by_s) < REDATE_S:
            return
        before_s = self.clock.ahead_s - by_s
        since = self._began + before_s - REDATE_S
        until = self.clock.time() + before_s + REDATE_S
        marks, found = self._marks, self._found
        if marks:
            self._store.write(
                lambda tx: tx.dates.redate(by_s, since, until, marks, found), keep=True
            )
        at_work = self.lanes.sims_at_work()
        self._sims.clock_set(at_work, self.lanes.carried(), self.queue.limits_changed)

    def _due(self, job: Job) -> None:
        if job.status is MessageStatus.SCHEDULED:
            job.status = MessageStatus.QUEUED
            subject = job.subject
            self._store.write(lambda tx: life.move(tx, subject, Happening.DUE), keep=True)

    def _expired(self, job: Job) -> None:
        self._give_up(job, job.ended(MessageStatus.EXPIRED), EXPIRED)

    def _overdue(self, job: Job) -> None:
        """No word came of an ambiguous part: once more by its type's policy, or never."""
        doubtful = [job.part(i) for i in job.ambiguous()]
        policy = getattr(self._config.type, job.type)
        again = policy.ambiguous == "retry" and not any(p.duplicate_risk for p in doubtful)
        if not again or job.expires_at <= self.clock.time():
            self.queue.remove(job)
            self._give_up(job, MessageStatus.UNKNOWN, NO_WORD)
            return
        logger.warning("message %s is sent once more: it may reach its recipient twice", job.id)
        for part in doubtful:
            part.state = PartState.PENDING
            part.duplicate_risk = True
        if job.part_count == 1:
            job.sim = None
        self.queue.add(job)

    def _tell_quota(self, lane: LaneState) -> None:
        assert lane.used_up_until is not None, "that is what is told"
        until = self.clock.wall(lane.used_up_until)
        data = {"modem": lane.id, "sim": lane.iccid, "until": until}
        logger.warning("modem %s: the limits of SIM %s are used up", lane.id, lane.iccid)
        self._store.write(lambda tx: tx.events.emit("sim.quota", data), keep=True)

    def _await_word(self, job: Job) -> None:
        policy = getattr(self._config.type, job.type)
        timeout = self._config.gateway.receipt_timeout
        await_word(job, self.queue, policy, timeout)

    def _give_up(self, job: Job, status: MessageStatus, error: ErrorInfo) -> None:
        subject, happening = job.subject, life.given_up(status)
        self._store.write(lambda tx: life.move(tx, subject, happening, error=error), keep=True)
