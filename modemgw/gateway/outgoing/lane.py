"""One modem's line of work: take a message, send its parts, record how each attempt goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import Random
from typing import Protocol

from modemgw.clock import SteadyClock
from modemgw.config import TypeSection, TypesSection
from modemgw.gateway.admission import content
from modemgw.gateway.errors import Rejected
from modemgw.gateway.fleet.breaker import Breaker
from modemgw.gateway.outgoing import life, progress
from modemgw.gateway.outgoing.job import FRILLS_REFUSED, Job, PartProgress, PartState
from modemgw.gateway.outgoing.life import Happening
from modemgw.gateway.outgoing.matchmaking import LaneState
from modemgw.gateway.outgoing.queue import Dispatcher
from modemgw.gateway.outgoing.receipts import Matched, Receipts
from modemgw.gateway.outgoing.retry import Action, backoff, decide
from modemgw.modem import (
    ErrorClass,
    ErrorCode,
    NotSubmitted,
    SimIdentity,
    SubmitAmbiguous,
    SubmitRefused,
    Submitted,
)
from modemgw.sms import Address, Submit, Validity
from modemgw.store import AttemptKey, Store, StoreConflict, StoreError, Transaction
from modemgw.store.records import AttemptState, ErrorInfo, MessageStatus, Retry

logger = logging.getLogger(__name__)

BREATH_S = 1.0
"""Pause after a modem failed before anything was sent, or while the database takes nothing."""

MAX_FAULTS = 5
"""So many faults of the gateway with one message in hand, and it is given up."""
FAULT_WAIT_S = 10.0
"""How long it is left alone after the first one; longer after each."""
LEFT_TO_OTHERS_S = 60.0
"""How long others may have it before the lane that met the fault tries again."""


class Sender(Protocol):
    """What a lane wants of a modem (modemgw.modem.Modem is one)."""

    id: str

    @property
    def sim(self) -> SimIdentity | None: ...

    async def wait_ready(self) -> None: ...

    async def submit(
        self, tpdu: bytes, *, authorise: asyncio.Future[None], more: bool = False
    ) -> Submitted: ...

    def hasten(self) -> None: ...


class Lane:
    """Carries messages through one modem, one part after another."""

    def __init__(
        self,
        modem: Sender,
        *,
        dispatcher: Dispatcher,
        store: Store,
        receipts: Receipts,
        on_settled: Callable[[Matched], None],
        keep_breaker: Callable[[str, Breaker], None],
        types: TypesSection,
        receipt_timeout_s: float,
        clock: SteadyClock,
        random: Random,
    ) -> None:
        self._modem = modem
        self._dispatcher = dispatcher
        self._store = store
        self._receipts = receipts
        self._on_settled = on_settled
        self._keep_breaker = keep_breaker
        self._types = types
        self._receipt_timeout_s = receipt_timeout_s
        self._clock = clock
        self._random = random
        self._draining = False
        self._waiting: asyncio.Task[None] | None = None
        self._begun: tuple[AttemptKey, SimIdentity] | None = None
        """The attempt whose end is not recorded yet."""

    def reconfigure(self, types: TypesSection, receipt_timeout_s: float) -> None:
        """Go by other policies from the next part on."""
        self._types, self._receipt_timeout_s = types, receipt_timeout_s

    def drain(self) -> None:
        """Finish the part that is in the air and take no more."""
        self._draining = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()

    async def run(self) -> None:
        """Work until drained or cancelled."""
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None
        while not self._draining:
            # No task for each job: with work at hand the end of one part and the beginning of the
            # next are handed to the store in one step of the loop, and share a commit.
            self._waiting = task
            try:
                while self._store.problem is not None:  # no attempt could be recorded
                    await self._clock.sleep(BREATH_S)
                await self._modem.wait_ready()
                job = await self._dispatcher.next(self._modem.id)
            except asyncio.CancelledError:
                if self._draining and task.uncancel() == 0:
                    return
                raise
            finally:
                self._waiting = None
            try:
                await self._carry(job)
            except Exception as error:
                self._rescue(job, error)
                raise
            del job  # while the next one is waited for, nobody needs its text

    @property
    def _state(self) -> LaneState:
        return self._dispatcher.core.lane(self._modem.id)

    def policy(self, job: Job) -> TypeSection:
        """The policy of a job's message type."""
        section: TypeSection = getattr(self._types, job.type)
        return section

    async def _carry(self, job: Job) -> None:
        pending = job.pending()
        for position, index in enumerate(pending):
            if self._draining:
                break
            if job.part(index).state is not PartState.PENDING:
                continue  # a report on an earlier try has come meanwhile
            if job.expires_at <= self._clock.time():
                self._give_up(job, MessageStatus.EXPIRED, EXPIRED)
                return
            more = position + 1 < len(pending)
            if not await self._send_part(job, index, more=more):
                return
        self._put_back(job)

    def _rescue(self, job: Job, error: Exception) -> None:
        """After a fault of ours with a message in hand: it is neither lost nor sent twice.

        An attempt whose end was not recorded is ambiguous. A message that meets a fault each time
        must not stop one lane after another: it waits longer each time, and then it is given up.
        """
        why = ErrorInfo("fault", f"a fault of the gateway: {type(error).__name__}", permanent=False)
        begun, self._begun = self._begun, None
        try:
            if begun is not None:
                self._ambiguous(job, *begun, why)
            core = self._dispatcher.core
            if core.get(job.n) is not job or core.is_waiting(job):
                return
            job.faults += 1
            if job.pending() and job.faults >= MAX_FAULTS:
                self._give_up(job, MessageStatus.FAILED, why)
            elif job.pending():
                at = self._clock.time() + backoff(FAULT_WAIT_S, job.faults, self._random)
                sim = self._modem.sim
                if sim is not None and core.another(job, sim.iccid):
                    # It may be this lane's fault: let others try it first.
                    job.avoid, job.avoid_until = job.avoid | {sim.iccid}, at + LEFT_TO_OTHERS_S
                self._dispatcher.add(job, at=at)
            else:
                self._put_back(job)
        except Exception:
            logger.exception(
                "modem %s: message %s waits for the next start", self._modem.id, job.id
            )

    async def _send_part(self, job: Job, index: int, *, more: bool) -> bool:
        """One attempt. False when the rest of the message must not follow now."""
        sim = self._modem.sim
        if sim is None:
            self._dispatcher.add(job, at=self._clock.time() + BREATH_S)
            return False
        self._clock.look()
        now, dated = self._clock.time(), self._clock.date()
        try:
            tpdu = self._tpdu(job, index, now)
        except (ValueError, Rejected) as error:  # accepted by another version, with other rules
            why = ErrorInfo("not-encodable", str(error), permanent=True)
            self._give_up(job, MessageStatus.FAILED, why)
            return False
        part = job.part(index)
        part.tries += 1
        key = AttemptKey(job.n, index + 1, part.tries)
        self._state.throttle.record(now, job.to)
        self._state.used += 1
        self._begun = key, sim
        authorise = self._store.write(self._beginning(job, key, sim.iccid, dated, part))
        self._receipts.on_early[key] = self._modem.hasten
        try:
            done = await self._modem.submit(tpdu, authorise=authorise, more=more)
        except NotSubmitted as failure:
            return self._not_sent(job, key, sim, failure)
        except SubmitRefused as refusal:
            return self._refused(job, key, sim, refusal)
        except SubmitAmbiguous as doubt:
            return self._ambiguous(job, key, sim, _error_of(doubt))
        except StoreConflict as overtaken:  # it is over already, so nothing was sent
            logger.info("modem %s: message %s: %s", self._modem.id, job.id, overtaken)
            self._begun = None
            self._state.throttle.give_back()
            self._dispatcher.remove(job)
            return False
        except StoreError as failure:  # the attempt could not be recorded, so nothing was sent
            job.status = MessageStatus.QUEUED
            return self._not_sent(job, key, sim, NotSubmitted(str(failure)))
        except asyncio.CancelledError:
            self._ambiguous(job, key, sim, ErrorInfo("stopped", STOPPED, permanent=False))
            self._put_back(job)  # the modem may go while the gateway stays
            raise
        except Exception as error:
            # A fault of ours must not stop the lane, and says nothing about what went out.
            logger.exception("modem %s: sending failed in an unforeseen way", self._modem.id)
            return self._ambiguous(job, key, sim, ErrorInfo("fault", repr(error), permanent=False))
        finally:
            del self._receipts.on_early[key]
        self._accepted(job, key, sim, done.reference)
        return True

    def _beginning(
        self, job: Job, key: AttemptKey, iccid: str, now: float, part: PartProgress
    ) -> Callable[[Transaction], None]:
        first = job.status is not MessageStatus.SENDING
        job.status = MessageStatus.SENDING
        modem, to, risk, asked = self._modem.id, job.to, part.duplicate_risk, job.asks_receipt
        subject = job.subject

        def begin(tx: Transaction) -> None:
            # A report on an earlier try may have told more meanwhile: then it is over.
            if (first or risk) and life.move(tx, subject, Happening.BEGUN) is None:
                raise StoreConflict("it has come to an end meanwhile, and is not sent")
            tx.attempts.begin(
                key,
                modem=modem,
                sim=iccid,
                to=to,
                started_at=now,
                duplicate_risk=risk,
                receipt_asked=asked,
            )

        return begin

    def _tpdu(self, job: Job, index: int, now: float) -> bytes:
        # A message of one part bears no reference: others with its text share the work.
        parts = content.split(job.content, job.n & 0xFF if job.part_count > 1 else 0)
        return Submit(
            destination=Address.parse(job.to),
            user_data=parts.parts[index],
            dcs=parts.dcs,
            validity=None if job.bare else Validity.relative(job.expires_at - now),
            status_report_request=job.asks_receipt,
        ).encode()

    # --- how an attempt ends

    def _accepted(self, job: Job, key: AttemptKey, sim: SimIdentity, reference: int | None) -> None:
        job.part(key.part - 1).state = PartState.ACCEPTED
        if job.part_count > 1:
            job.sim = sim.iccid
        ended = self._clock.date()
        # After an earlier try, a report on that one may have told more than "sent".
        single, subject = job.part_count == 1 and key.n == 1, job.subject

        def accept(tx: Transaction) -> list[Matched]:
            tx.attempts.finish(key, AttemptState.ACCEPTED, reference=reference, ended_at=ended)
            if single:
                life.move(tx, subject, Happening.ACCEPTED)
            else:
                progress.refresh(tx, key.message)
            return self._receipts.ended(tx, key, reference)

        self._store.write(accept, keep=True, then=self._settle)
        self._begun = None
        self._dispatcher.core.sent_by(job, sim.iccid)
        breaker = self._state.breaker
        noted = breaker.state is not None
        if breaker.succeeded():
            self._dispatcher.health_changed(self._modem.id)
            self._tell_sim("sim.restored", sim, None)
        if noted:
            self._keep_breaker(sim.iccid, breaker)

    def _not_sent(self, job: Job, key: AttemptKey, sim: SimIdentity, failure: NotSubmitted) -> bool:
        error = ErrorInfo("not-sent", str(failure), permanent=False)
        self._finish(key, sim, AttemptState.NOT_SENT, error)
        self._state.throttle.give_back()
        logger.info("modem %s: message %s not sent: %s", self._modem.id, job.id, failure)
        # Not the message's fault: it costs no try, and others may carry it at once.
        pause = BREATH_S if self._store.problem is not None else 0.0
        if self._dispatcher.core.another(job, sim.iccid):
            now = self._clock.time()
            job.avoid, job.avoid_until = frozenset({sim.iccid}), now + BREATH_S
        else:
            pause = BREATH_S
        self._dispatcher.add(job, at=self._clock.time() + pause)
        return False

    def _refused(self, job: Job, key: AttemptKey, sim: SimIdentity, refusal: SubmitRefused) -> bool:
        verdict = refusal.verdict
        error = ErrorInfo(
            code="error" if refusal.code is None else _slug(refusal.code),
            detail=str(refusal),
            permanent=verdict.error_class in (ErrorClass.RECIPIENT, ErrorClass.MESSAGE),
        )
        if verdict.error_class is ErrorClass.AMBIGUOUS:
            return self._ambiguous(job, key, sim, error)
        breaker, before = self._state.breaker, self._state.breaker.state
        if breaker.refused(verdict.error_class, job.to, self._clock.time()):
            self._dispatcher.health_changed(self._modem.id)
            self._tell_sim("sim.blocked", sim, error)
        if breaker.state != before:
            self._keep_breaker(sim.iccid, breaker)
        part = job.part(key.part - 1)
        part.refusals += 1
        if error.code in FRILLS_REFUSED and not job.bare:
            job.bare = True
            self._finish(key, sim, AttemptState.REFUSED, error)
            self._dispatcher.add(job)
            return False
        decision = decide(
            verdict,
            part.refusals,
            self.policy(job),
            another_sim=job.sim is None and self._dispatcher.core.another(job, sim.iccid),
            random=self._random,
        )
        logger.info("modem %s: message %s refused: %s", self._modem.id, job.id, error.code)
        if decision.action is Action.ACCEPT:
            self._accepted(job, key, sim, None)
            return True
        now = self._clock.time()
        elsewhere = decision.action is Action.ELSEWHERE
        retry = None
        if decision.action is not Action.FAIL:
            retry = Retry(self._clock.date() + decision.wait_s, elsewhere)
        self._finish(key, sim, AttemptState.REFUSED, error, retry)
        if decision.action is Action.FAIL:
            self._give_up(job, MessageStatus.FAILED, error)
        elif elsewhere:
            job.avoid, job.avoid_until = job.avoid | {sim.iccid}, now + decision.wait_s
            self._dispatcher.add(job)
        else:
            self._dispatcher.add(job, at=now + decision.wait_s)
        return False

    def _tell_sim(self, type: str, sim: SimIdentity, error: ErrorInfo | None) -> None:
        data = {"modem": self._modem.id, "sim": sim.iccid}
        if error is not None:
            data["reason"] = error.detail
            logger.error("modem %s: SIM %s is taken out: %s", self._modem.id, sim.iccid, error.code)
        self._store.write(lambda tx: tx.events.emit(type, data), keep=True)

    def _ambiguous(self, job: Job, key: AttemptKey, sim: SimIdentity, error: ErrorInfo) -> bool:
        part, ended = job.part(key.part - 1), self._clock.date()
        part.state, part.doubted_at = PartState.AMBIGUOUS, self._clock.time()
        job.sim = sim.iccid

        def doubt(tx: Transaction) -> list[Matched]:
            tx.attempts.finish(key, AttemptState.AMBIGUOUS, error=error, ended_at=ended)
            return self._receipts.ended(tx, key)

        self._store.write(doubt, keep=True, then=self._settle)
        self._begun = None
        logger.warning(
            "modem %s: nobody knows whether message %s part %d was sent: %s",
            self._modem.id,
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
        key: AttemptKey,
        sim: SimIdentity,
        state: AttemptState,
        error: ErrorInfo,
        retry: Retry | None = None,
    ) -> None:
        ended = self._clock.date()

        def finish(tx: Transaction) -> list[Matched]:
            tx.attempts.finish(key, state, error=error, ended_at=ended, retry=retry)
            return self._receipts.ended(tx, key)

        self._store.write(finish, keep=True, then=self._settle)
        self._begun = None

    def _give_up(self, job: Job, status: MessageStatus, error: ErrorInfo) -> None:
        self._dispatcher.remove(job)
        subject, happening = job.subject, life.given_up(job.ended(status))
        self._store.write(lambda tx: life.move(tx, subject, happening, error=error), keep=True)

    def _put_back(self, job: Job) -> None:
        """After a turn: what still is to be sent waits again, what is in doubt waits for word."""
        if job.complete:
            self._dispatcher.remove(job)
        elif job.pending():
            self._dispatcher.add(job)
        else:
            await_word(job, self._dispatcher, self.policy(job), self._receipt_timeout_s)


def await_word(
    job: Job,
    dispatcher: Dispatcher,
    policy: TypeSection,
    receipt_timeout_s: float,
) -> None:
    """Hold a job with ambiguous parts until its policy says what is to be done.

    A report may settle it earlier. Without a receipt asked for, none will come: then nothing is
    waited for but `ambiguous_wait`.
    """
    short = policy.ambiguous == "retry" or not job.receipt
    since = max(job.part(i).doubted_at for i in job.ambiguous())
    dispatcher.hold(job, since + (policy.ambiguous_wait if short else receipt_timeout_s))


EXPIRED = ErrorInfo("expired", "its validity ended before it could be sent", permanent=False)
STOPPED = "the gateway, or its work with this modem, was ended while the modem was sending"


def _error_of(doubt: SubmitAmbiguous) -> ErrorInfo:
    code = "no-answer" if doubt.code is None else _slug(doubt.code)
    return ErrorInfo(code, doubt.reason, permanent=False)


def _slug(code: ErrorCode) -> str:
    """A modem's error as the API names it: `cms-21`, `cme-30`, `error`."""
    kind = code.kind.lower()
    return kind if code.number is None else f"{kind}-{code.number}"
