"""One modem's line of work: take a message, send its parts, record how each attempt goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import Random
from typing import Protocol

from modemgw.clock import SteadyClock
from modemgw.gateway.errors import NotYet, Rejected, TooMany
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.outgoing import content, life
from modemgw.gateway.outgoing.endings import BREATH_S, EXPIRED, STOPPED, Endings, error_of
from modemgw.gateway.outgoing.job import Job, PartProgress, PartState
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.life import Happening
from modemgw.gateway.outgoing.queue import Queue
from modemgw.gateway.outgoing.receipts import Receipts
from modemgw.gateway.outgoing.retry import backoff
from modemgw.modem import NotSubmitted, SimIdentity, SubmitAmbiguous, SubmitRefused, Submitted
from modemgw.sms import Address, Submit, Validity
from modemgw.store import AttemptKey, Store, StoreConflict, StoreError, Transaction
from modemgw.store.records import ErrorInfo, MessageStatus

logger = logging.getLogger(__name__)

MAX_FAULTS = 5
"""So many faults of the gateway with one message in hand, and it is given up."""
FAULT_WAIT_S = 10.0
"""How long it is left alone after the first one; longer after each."""
LEFT_TO_OTHERS_S = 60.0
"""How long others may have it before the lane that met the fault tries again."""


class Transmitter(Protocol):
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
    """Carries messages through one modem, one part after another.

    `ask_again` is called with each message that was taken for sending, unless the network has a
    part of it already: half a message would be worse. It raises Rejected, and the message ends with
    the first problem as its error; TooMany, and the message waits so long; or NotYet, and it is
    scheduled anew.
    """

    def __init__(
        self,
        modem: Transmitter,
        *,
        queue: Queue,
        store: Store,
        receipts: Receipts,
        endings: Endings,
        ask_again: Callable[[Job], None],
        clock: SteadyClock,
        random: Random,
    ) -> None:
        self._modem = modem
        self._queue = queue
        self._store = store
        self._receipts = receipts
        self._ends = endings
        self._ask_again = ask_again
        self._clock = clock
        self._random = random
        self._draining = False
        self._waiting: asyncio.Task[None] | None = None
        self._sim: Sim | None = None
        """The SIM through which it has sent last."""

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
                job = await self._queue.next(self._modem.id)
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
        return self._queue.matchmaking.lane(self._modem.id)

    async def _carry(self, job: Job) -> None:
        if not self._may_still_be_sent(job):
            await asyncio.sleep(0)  # as many as may be refused one after another: let others in
            return
        pending = job.pending()
        for position, index in enumerate(pending):
            if self._draining:
                break
            if job.part(index).state is not PartState.PENDING:
                continue  # a report on an earlier try has come meanwhile
            if job.expires_at <= self._clock.time():
                self._ends.give_up(job, MessageStatus.EXPIRED, EXPIRED)
                return
            more = position + 1 < len(pending)
            if not await self._send_part(job, index, more=more):
                return
        self._ends.put_back(job)

    def _may_still_be_sent(self, job: Job) -> bool:
        """Whether nothing has come up since it was accepted; otherwise its case is settled here."""
        if job.progress and any(part.state is PartState.ACCEPTED for part in job.progress):
            return True
        try:
            self._ask_again(job)
        except Rejected as refusal:
            error = ErrorInfo(refusal.problems[0].code, str(refusal), permanent=True)
            logger.info("message %s is not sent after all: %s", job.id, error.code)
            self._ends.give_up(job, MessageStatus.FAILED, error)
        except TooMany as refusal:
            wait_s = max(refusal.retry_after_s, BREATH_S)
            self._queue.add(job, at=self._clock.time() + wait_s)
        except NotYet as later:
            self._ends.put_off(job, later)
        else:
            return True
        return False

    def _rescue(self, job: Job, error: Exception) -> None:
        """After a fault of ours with a message in hand: it is neither lost nor sent twice.

        An attempt whose end was not recorded is ambiguous. A message that meets a fault each time
        must not stop one lane after another: it waits longer each time, and then it is given up.
        """
        why = ErrorInfo("fault", f"a fault of the gateway: {type(error).__name__}", permanent=False)
        try:
            used = self._sim
            if used is not None:
                for key in [one for one in used.in_the_air if one.message == job.n]:
                    used.in_the_air.discard(key)
                    self._ends.ambiguous(job, key, used, why)
            matchmaking = self._queue.matchmaking
            if matchmaking.get(job.n) is not job or matchmaking.is_waiting(job):
                return
            job.faults += 1
            if job.pending() and job.faults >= MAX_FAULTS:
                self._ends.give_up(job, MessageStatus.FAILED, why)
            elif job.pending():
                at = self._clock.time() + backoff(FAULT_WAIT_S, job.faults, self._random)
                sim = self._state.sim
                if sim is not None and matchmaking.another(job, sim.iccid):
                    # It may be this lane's fault: let others try it first.
                    job.avoid, job.avoid_until = job.avoid | {sim.iccid}, at + LEFT_TO_OTHERS_S
                self._queue.add(job, at=at)
            else:
                self._ends.put_back(job)
        except Exception:
            logger.exception(
                "modem %s: message %s waits for the next start", self._modem.id, job.id
            )

    async def _send_part(self, job: Job, index: int, *, more: bool) -> bool:
        """One attempt. False when the rest of the message must not follow now."""
        sim, identity = self._state.sim, self._modem.sim
        if sim is None or identity is None or identity.iccid != sim.iccid:
            self._queue.add(job, at=self._clock.time() + BREATH_S)
            return False
        self._sim = sim
        self._clock.look()
        now, dated = self._clock.time(), self._clock.date()
        try:
            tpdu = self._tpdu(job, index, now)
        except (ValueError, Rejected) as error:  # accepted by another version, with other rules
            why = ErrorInfo("not-encodable", str(error), permanent=True)
            self._ends.give_up(job, MessageStatus.FAILED, why)
            return False
        part = job.part(index)
        part.tries += 1
        key = AttemptKey(job.n, index + 1, part.tries)
        sim.plan.record(now, job.to)
        self._state.used += 1
        sim.in_the_air.add(key)
        authorise = self._store.write(self._beginning(job, key, sim.iccid, dated, part))
        self._receipts.on_early[key] = self._modem.hasten
        try:
            done = await self._modem.submit(tpdu, authorise=authorise, more=more)
        except NotSubmitted as failure:
            return self._ends.not_sent(job, key, sim, failure)
        except SubmitRefused as refusal:
            return self._ends.refused(job, key, sim, refusal)
        except SubmitAmbiguous as doubt:
            return self._ends.ambiguous(job, key, sim, error_of(doubt))
        except StoreConflict as overtaken:  # it is over already, so nothing was sent
            logger.info("modem %s: message %s: %s", self._modem.id, job.id, overtaken)
            sim.in_the_air.discard(key)
            sim.plan.give_back()
            self._queue.remove(job)
            return False
        except StoreError as failure:  # the attempt could not be recorded, so nothing was sent
            job.status = MessageStatus.QUEUED
            return self._ends.not_sent(job, key, sim, NotSubmitted(str(failure)))
        except asyncio.CancelledError:
            self._ends.ambiguous(job, key, sim, ErrorInfo("stopped", STOPPED, permanent=False))
            self._ends.put_back(job)  # the modem may go while the gateway stays
            raise
        except Exception as error:
            # A fault of ours must not stop the lane, and says nothing about what went out.
            logger.exception("modem %s: sending failed in an unforeseen way", self._modem.id)
            fault = ErrorInfo("fault", repr(error), permanent=False)
            return self._ends.ambiguous(job, key, sim, fault)
        finally:
            del self._receipts.on_early[key]
        self._ends.accepted(job, key, sim, done.reference)
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
            if (first or risk) and life.move(
                tx, subject, Happening.BEGUN, likely=MessageStatus.QUEUED if first else None
            ) is None:
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
