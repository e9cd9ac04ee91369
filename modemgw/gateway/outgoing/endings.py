"""How an attempt ends: each end is recorded, and says what becomes of the message."""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import Random

from modemgw.clock import SteadyClock
from modemgw.config import TypeSection, TypesSection
from modemgw.gateway.errors import NotYet
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.outgoing import life, progress
from modemgw.gateway.outgoing.accounts import Accounts, Sent
from modemgw.gateway.outgoing.job import FRILLS_REFUSED, Job, PartState
from modemgw.gateway.outgoing.life import Happening
from modemgw.gateway.outgoing.queue import Queue
from modemgw.gateway.outgoing.receipts import Matched, Receipts
from modemgw.gateway.outgoing.retry import Action, decide
from modemgw.modem import ErrorClass, ErrorCode, NotSubmitted, SubmitAmbiguous, SubmitRefused
from modemgw.store import AttemptKey, Store, Transaction
from modemgw.store.records import AttemptState, ErrorInfo, MessageStatus, RetryAt

logger = logging.getLogger(__name__)

BREATH_S = 1.0
"""Pause after a modem failed before anything was sent, or while the database takes nothing."""


class Endings:
    """The ends of the attempts that one modem makes."""

    def __init__(
        self,
        modem_id: str,
        *,
        queue: Queue,
        store: Store,
        sims: Sims,
        receipts: Receipts,
        accounts: Accounts,
        on_settled: Callable[[Matched], None],
        types: TypesSection,
        receipt_timeout_s: float,
        clock: SteadyClock,
        random: Random,
    ) -> None:
        """`on_settled` hears, after the commit, of each doubt that a report has settled."""
        self._modem_id = modem_id
        self._queue = queue
        self._store = store
        self._sims = sims
        self._receipts = receipts
        self._accounts = accounts
        self._on_settled = on_settled
        self._types = types
        self._receipt_timeout_s = receipt_timeout_s
        self._clock = clock
        self._random = random

    def reconfigure(self, types: TypesSection, receipt_timeout_s: float) -> None:
        """Go by other policies from the next part on."""
        self._types, self._receipt_timeout_s = types, receipt_timeout_s

    def _policy(self, job: Job) -> TypeSection:
        """The policy of a job's message type."""
        section: TypeSection = getattr(self._types, job.type)
        return section

    def accepted(self, job: Job, key: AttemptKey, sim: Sim, reference: int | None) -> None:
        """The network has the part; its TP-MR is `reference`, where the modem told one."""
        job.part(key.part - 1).state = PartState.ACCEPTED
        if job.part_count > 1:
            job.sim = sim.iccid
        ended = self._clock.date()
        # After an earlier try, a report on that one may have told more than "sent".
        single, subject = job.part_count == 1 and key.n == 1, job.subject
        iccid, to = sim.iccid, job.to
        sent = Sent(iccid, to, job.key, job.type)
        self._accounts.look(self._modem_id)

        def accept(tx: Transaction) -> list[Matched]:
            accepted = AttemptState.ACCEPTED
            if tx.attempts.finish(key, accepted, reference=reference, ended_at=ended):
                self._accounts.accepted(tx, key, sent, ended)
            if single:
                life.move(tx, subject, Happening.ACCEPTED, likely=MessageStatus.SENDING)
            else:
                progress.refresh(tx, key.message)
            return self._receipts.ended(tx, key, iccid, to, reference)

        self._store.write(accept, keep=True, then=self._settle)
        sim.in_the_air.discard(key)
        sim.tally.accepted += 1
        if job.part_count == 1 or job.complete:
            self._sims.tallies.sent(job.id, job.type, job.due_at, iccid, receipt=job.asks_receipt)
        self._queue.matchmaking.sent_by(job, sim.iccid)
        breaker = sim.breaker
        noted = breaker.state is not None
        if breaker.succeeded():
            self._queue.health_changed(self._modem_id)
            self._tell_sim("sim.restored", sim, None)
        if noted:
            self._sims.keep_breaker(sim)

    def not_sent(self, job: Job, key: AttemptKey, sim: Sim, failure: NotSubmitted) -> bool:
        """The modem failed before the part went out. Returns False: nothing may follow now."""
        error = ErrorInfo("not-sent", str(failure), permanent=False)
        self._finish(job, key, sim, AttemptState.NOT_SENT, error)
        sim.tally.not_sent += 1
        sim.plan.give_back()
        logger.info("modem %s: message %s not sent: %s", self._modem_id, job.id, failure)
        # Not the message's fault: it costs no try, and others may carry it at once.
        pause = BREATH_S if self._store.problem is not None else 0.0
        if self._queue.matchmaking.another(job, sim.iccid):
            now = self._clock.time()
            job.avoid, job.avoid_until = frozenset({sim.iccid}), now + BREATH_S
        else:
            pause = BREATH_S
        self._queue.add(job, at=self._clock.time() + pause)
        return False

    def refused(self, job: Job, key: AttemptKey, sim: Sim, refusal: SubmitRefused) -> bool:
        """The network or the modem said no. Returns whether the next part may follow now."""
        verdict = refusal.verdict
        error = ErrorInfo(
            code="error" if refusal.code is None else _slug(refusal.code),
            detail=str(refusal),
            permanent=verdict.error_class in (ErrorClass.RECIPIENT, ErrorClass.MESSAGE),
        )
        if verdict.error_class is ErrorClass.AMBIGUOUS:
            return self.ambiguous(job, key, sim, error)
        breaker, before = sim.breaker, sim.breaker.state
        if breaker.refused(verdict.error_class, job.to, self._clock.time()):
            self._queue.health_changed(self._modem_id)
            self._tell_sim("sim.blocked", sim, error)
        if breaker.state != before:
            self._sims.keep_breaker(sim)
        if verdict.error_class is not ErrorClass.ACCEPTED:
            sim.tally.refused[verdict.error_class] += 1
        part = job.part(key.part - 1)
        part.refusals += 1
        if error.code in FRILLS_REFUSED and not job.bare:
            job.bare = True
            self._finish(job, key, sim, AttemptState.REFUSED, error)
            self._queue.add(job)
            return False
        decision = decide(
            verdict,
            part.refusals,
            self._policy(job),
            another_sim=job.sim is None and self._queue.matchmaking.another(job, sim.iccid),
            random=self._random,
        )
        logger.info("modem %s: message %s refused: %s", self._modem_id, job.id, error.code)
        if decision.action is Action.ACCEPT:
            self.accepted(job, key, sim, None)
            return True
        now = self._clock.time()
        elsewhere = decision.action is Action.ELSEWHERE
        retry = None
        if decision.action is not Action.FAIL:
            retry = RetryAt(self._clock.date() + decision.wait_s, elsewhere)
        self._finish(job, key, sim, AttemptState.REFUSED, error, retry)
        if decision.action is Action.FAIL:
            self.give_up(job, MessageStatus.FAILED, error)
        elif elsewhere:
            job.avoid, job.avoid_until = job.avoid | {sim.iccid}, now + decision.wait_s
            self._queue.add(job)
        else:
            self._queue.add(job, at=now + decision.wait_s)
        return False

    def _tell_sim(self, type: str, sim: Sim, error: ErrorInfo | None) -> None:
        data = {"modem": self._modem_id, "sim": sim.iccid}
        if error is not None:
            data["reason"] = error.detail
            logger.error("modem %s: SIM %s is taken out: %s", self._modem_id, sim.iccid, error.code)
        self._store.write(lambda tx: tx.events.emit(type, data), keep=True)

    def ambiguous(self, job: Job, key: AttemptKey, sim: Sim, error: ErrorInfo) -> bool:
        """Nobody knows whether the part went out. Returns True: the next one may follow."""
        part, ended = job.part(key.part - 1), self._clock.date()
        part.state, part.doubted_at = PartState.AMBIGUOUS, self._clock.time()
        iccid, to = sim.iccid, job.to
        job.sim = iccid
        sim.tally.ambiguous += 1

        def doubt(tx: Transaction) -> list[Matched]:
            tx.attempts.finish(key, AttemptState.AMBIGUOUS, error=error, ended_at=ended)
            return self._receipts.ended(tx, key, iccid, to)

        self._store.write(doubt, keep=True, then=self._settle)
        sim.in_the_air.discard(key)
        logger.warning(
            "modem %s: nobody knows whether message %s part %d was sent: %s",
            self._modem_id,
            job.id,
            key.part,
            error.code,
        )
        return True

    def _settle(self, settled: list[Matched]) -> None:
        for matched in settled:
            self._on_settled(matched)

    def _finish(
        self,
        job: Job,
        key: AttemptKey,
        sim: Sim,
        state: AttemptState,
        error: ErrorInfo,
        retry: RetryAt | None = None,
    ) -> None:
        ended, iccid, to = self._clock.date(), sim.iccid, job.to
        refused = Sent(iccid, to, job.key, job.type) if state is AttemptState.REFUSED else None

        def finish(tx: Transaction) -> list[Matched]:
            done = tx.attempts.finish(key, state, error=error, ended_at=ended, retry=retry)
            if refused is not None and done:
                self._accounts.refused(tx, refused, ended)
            return self._receipts.ended(tx, key, iccid, to)

        self._store.write(finish, keep=True, then=self._settle)
        sim.in_the_air.discard(key)

    def give_up(self, job: Job, status: MessageStatus, error: ErrorInfo) -> None:
        """Nothing more is done for a message: it ends like this, or in doubt."""
        self._queue.remove(job)
        subject, happening = job.subject, life.given_up(job.ended(status))
        self._store.write(lambda tx: life.move(tx, subject, happening, error=error), keep=True)

    def put_off(self, job: Job, later: NotYet) -> None:
        """It is not its time yet: it waits until then, and shows why if nothing can be out."""
        job.due_at = self._clock.steady(later.until)
        if job.unsent:
            job.status = MessageStatus.SCHEDULED
            subject = job.subject
            why = ErrorInfo(later.code, str(later), permanent=False)

            def write(tx: Transaction) -> None:
                if life.move(tx, subject, Happening.PUT_OFF, error=why) is MessageStatus.SCHEDULED:
                    tx.messages.set_send_at(subject.n, later.until)

            self._store.write(write, keep=True)
        self._queue.add(job)

    def put_back(self, job: Job) -> None:
        """After a turn: what still is to be sent waits again, what is in doubt waits for word."""
        if job.complete:
            self._queue.remove(job)
        elif job.pending():
            self._queue.add(job)
        else:
            await_word(job, self._queue, self._policy(job), self._receipt_timeout_s)


def await_word(
    job: Job,
    queue: Queue,
    policy: TypeSection,
    receipt_timeout_s: float,
) -> None:
    """Hold a job with ambiguous parts until its policy says what is to be done.

    A report may settle it earlier. Without a receipt asked for, none will come: then nothing is
    waited for but `ambiguous_wait`.
    """
    short = policy.ambiguous == "retry" or not job.receipt
    since = max(job.part(i).doubted_at for i in job.ambiguous())
    queue.hold(job, since + (policy.ambiguous_wait if short else receipt_timeout_s))


EXPIRED = ErrorInfo("expired", "its validity ended before it could be sent", permanent=False)
STOPPED = "the gateway, or its work with this modem, was ended while the modem was sending"


def error_of(doubt: SubmitAmbiguous) -> ErrorInfo:
    """A doubt as it is kept with its attempt."""
    code = "no-answer" if doubt.code is None else _slug(doubt.code)
    return ErrorInfo(code, doubt.reason, permanent=False)


def _slug(code: ErrorCode) -> str:
    """A modem's error as the API names it: `cms-21`, `cme-30`, `error`."""
    kind = code.kind.lower()
    return kind if code.number is None else f"{kind}-{code.number}"
