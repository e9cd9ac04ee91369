"""The supervisor of one modem: finds it, brings it up, keeps it at work and mends it, for ever."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Awaitable, Callable

from ..at import AtError, PortError
from ..clock import Clock
from .ladder import Cause, Fault, Step, open_retry_s
from .mending import Mender
from .pdus import ReceivedPdu
from .registration import why_no_service
from .session import Session
from .simlock import SimReport
from .states import Machine, ModemEvent, ModemState
from .status import Counters
from .timings import Timings

log = logging.getLogger(__name__)


_BROUGHT_UP = (ModemState.REGISTERING, ModemState.READY, ModemState.PAUSED)


class Supervisor:
    """Runs one modem's life. What differs from modem to modem is handed in."""

    def __init__(
        self,
        name: str,
        *,
        machine: Machine,
        counters: Counters,
        clock: Clock,
        chance: random.Random,
        timings: Timings,
        roaming: bool,
        locate: Callable[[], Awaitable[str | None]],
        is_there: Callable[[str], bool],
        open_session: Callable[[str], Awaitable[Session]],
        keep: Callable[[Session, ReceivedPdu], Awaitable[None]],
        reauthorise: Callable[[str], Awaitable[bool]] | None,
        lost: Callable[[], None],
    ) -> None:
        self._name = name
        self._machine = machine
        self._counters = counters
        self._clock = clock
        self._chance = chance
        self._timings = timings
        self._roaming = roaming
        self._locate = locate
        self._is_there = is_there
        self._open_session = open_session
        self._keep = keep
        self._reauthorise = reauthorise
        self._tell_lost = lost
        self._mender = Mender(
            counters=counters,
            clock=clock,
            chance=chance,
            timings=timings,
            usb=reauthorise is not None,
        )
        self._kick = asyncio.Event()
        self.paused = False
        self.session: Session | None = None
        self.device: str | None = None
        self.ready = asyncio.Event()

    # From outside

    @property
    def step(self) -> int | None:
        """The step of the ladder that is being taken, or was taken last."""
        return self._mender.step

    @property
    def on_probation(self) -> bool:
        """Whether the modem was mended because it could not send, and has not sent since."""
        return self._mender.on_probation

    def evaluate(self) -> None:
        """Take up or lay down work as registration and the admin's wish demand."""
        machine, session = self._machine, self.session
        if session is not None and session.diagnosis.sound and machine.state in _BROUGHT_UP:
            problem = why_no_service(session.network.registration, roaming=self._roaming)
            if self.paused:
                if machine.state is not ModemState.PAUSED:
                    machine.on(ModemEvent.PAUSE, "paused by an administrator")
            elif machine.state is ModemState.PAUSED:
                machine.on(ModemEvent.RESUME, problem)
            if not self.paused:
                event = ModemEvent.REGISTERED if problem is None else ModemEvent.UNREGISTERED
                machine.on(event, problem)
        self._note_ready()

    def proved(self) -> None:
        """A part was accepted: the modem does its work, and the next fault is a new one."""
        self._mender.begin_again()

    def restart(self) -> None:
        """Reset the modem, or end its quarantine."""
        if self.session is None:
            self._kick.set()
        else:
            self._mender.begin_again(Step.REINIT)
            self.session.diagnosis.note(Fault(Cause.REFUSING, "restarted by an administrator"))

    def _note_ready(self) -> None:
        if self._machine.state is ModemState.READY:
            if self._counters.ready_since is None:
                self._counters.ready_since = self._clock.time()
            self.ready.set()
        else:
            self.ready.clear()
            if self._machine.state is not ModemState.SENDING:
                self._counters.ready_since = None

    # The life

    async def run(self) -> None:
        """Until cancelled. No fault of a modem ends it."""
        try:
            while True:
                try:
                    await self._one_port()
                except Exception:
                    log.exception("modem %s: unexpected; it is begun anew", self._name)
                    if self._machine.state is not ModemState.ABSENT:
                        self._event(ModemEvent.LOST, "an unexpected error, see the log")
                    await self._clock.sleep(self._timings.open_retry)
        finally:
            await self._drop_session()
            if self._machine.state is not ModemState.ABSENT:
                self._event(ModemEvent.LOST, "stopped")

    async def _one_port(self) -> None:
        """From an absent device to the end of one open port."""
        self.device = await self._present()
        self._event(ModemEvent.FOUND)
        failures = 0
        while True:
            try:
                self.session = await self._open_session(self.device)
                break
            except PortError as error:
                self._machine.reason = str(error)
                if error.missing or await self._locate() != self.device:
                    self._event(ModemEvent.LOST, str(error))
                    await self._clock.sleep(self._timings.absent_poll)
                    return
                failures += 1
                if failures == 1:
                    log.warning("modem %s: %s", self._name, error)
                await self._wait(
                    open_retry_s(
                        failures,
                        self._timings.open_retry,
                        self._timings.open_retry_most,
                        self._chance,
                    )
                )
        try:
            await self._while_open(self.session)
        finally:
            await self._drop_session()

    async def _present(self) -> str:
        while True:
            device = await self._locate()
            if device is not None:
                return device
            if self._machine.reason is None:
                self._machine.reason = "the device is not there"
            await self._clock.sleep(self._timings.absent_poll)

    async def _while_open(self, session: Session) -> None:
        """Bring up, serve, mend, until the port has to go."""
        fresh = True
        tries = self._timings.boot_tries
        while True:
            try:
                if fresh:
                    await self._bring_up(session, tries)
                await self._serve(session)
            except ExceptionGroup as group:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    # Before Python 3.13 a TaskGroup that fails while it is cancelled forgets the
                    # cancellation.
                    raise asyncio.CancelledError from group
                fault = session.diagnosis.of(group)
            except (AtError, Fault) as error:
                fault = session.diagnosis.of(error)
            except Exception as error:
                log.exception("modem %s: unexpected", self._name)
                fault = Fault(Cause.MISTAKE, f"unexpected: {error}")
            if fault is None:
                self._lost(session)
                return
            step = await self._mend(session, fault)
            if step is None:
                return
            fresh = step is not Step.RESYNC
            tries = self._timings.reinit_tries
            if step is Step.RESET:
                boot_s = session.profile.boot_s * self._timings.patience
                tries = math.ceil(boot_s / self._timings.answer)

    async def _bring_up(self, session: Session, tries: int) -> None:
        if self._machine.state is not ModemState.OPENING:
            self._event(ModemEvent.RESTART)
        await session.contact(tries)
        if self._machine.state is ModemState.OPENING:
            self._event(ModemEvent.OPENED)
        await session.identify()
        self._event(ModemEvent.IDENTIFIED)
        await session.open_sim(self._tell_sim)
        self._event(ModemEvent.UNLOCKED)
        await session.initialise(self._tell_wait)
        self._event(ModemEvent.INITIALISED, "looking for a network")

    def _tell_sim(self, report: SimReport) -> None:
        if self._machine.reason != report.text:
            log.info("modem %s: %s", self._name, report.text)
        self._event(ModemEvent.LOCKED, report.text)

    def _tell_wait(self, reason: str) -> None:
        if self._machine.reason != reason:
            log.info("modem %s: %s", self._name, reason)
            self._machine.reason = reason

    async def _serve(self, session: Session) -> None:
        """Receive, watch and be ready until something fails."""
        self._mender.recovered()
        async with asyncio.TaskGroup() as tasks:
            for work in session.work(lambda pdu: self._keep(session, pdu)):
                tasks.create_task(work)
            while True:
                await session.changed.wait()
                session.changed.clear()
                self.evaluate()

    # Mending

    def _lost(self, session: Session) -> None:
        reason = str(session.channel.closed.result())
        log.warning("modem %s: %s", self._name, reason)
        self._event(ModemEvent.LOST, reason)

    async def _mend(self, session: Session, fault: Fault) -> Step | None:
        """Take one step of the ladder. None: the port is closed, begin anew with the device."""
        step = self._mender.next_step(fault)
        self._event(ModemEvent.FAULT, fault.reason)
        log.warning("modem %s: %s; step %d: %s", self._name, fault.reason, step, step.name.lower())
        try:
            return await self._take(step, session)
        except AtError:
            # The step itself failed; the next one is taken on the fault that the next try meets.
            if session.channel.closed.done():
                self._lost(session)
                return None
            return await self._mend(session, Fault(Cause.SILENT, fault.reason))

    async def _take(self, step: Step, session: Session) -> Step | None:
        if step is Step.RESYNC:
            if not await self._mender.resync(session):
                return Step.REINIT
            self._event(ModemEvent.RESYNCED)
        elif step is Step.RESET:
            await self._mender.reset(session)
        elif step >= Step.REOPEN:
            device = self.device
            await self._drop_session()
            if step is Step.USB and self._reauthorise is not None and device is not None:
                await self._reauthorise(device)
            if step is Step.QUARANTINE:
                await self._quarantine()
            else:
                await self._clock.sleep(self._timings.reopen_pause)
            self._event(ModemEvent.LOST, self._machine.reason)
            return None
        return step

    async def _quarantine(self) -> None:
        wait = self._mender.quarantine_s()
        self._event(
            ModemEvent.EXHAUSTED,
            f"{self._machine.reason}; nothing helped, next try in {wait:.0f} s",
        )
        end = self._clock.monotonic() + wait
        while (rest := end - self._clock.monotonic()) > 0:
            # A person who pulls the stick and plugs it in again need not wait.
            if self.device is None or not self._is_there(self.device) or self._kick.is_set():
                self._mender.begin_again()
                break
            await self._clock.sleep(min(rest, self._timings.absent_poll))
        self._kick.clear()

    # Small things

    async def _wait(self, seconds: float) -> None:
        """Sleep, unless an administrator asks for a restart."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._kick.wait()
        self._kick.clear()

    async def _drop_session(self) -> None:
        session, self.session = self.session, None
        self.ready.clear()
        if session is not None:
            try:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    await self._take_leave(session)
            finally:
                await session.channel.close()
                self._tell_lost()

    async def _take_leave(self, session: Session) -> None:
        """Nobody will listen for a while: what the modem can keep until then it shall keep."""
        try:
            async with asyncio.timeout(self._timings.leave):
                await session.leave(lambda pdu: self._keep(session, pdu))
        except (TimeoutError, AtError) as error:
            log.warning(
                "modem %s: it could not be told to store reports meanwhile: %s",
                self._name,
                str(error) or "no answer in time",
            )
        except Exception:
            log.exception("modem %s: what it has handed over last could not be kept", self._name)

    def _event(self, event: ModemEvent, reason: str | None = None) -> None:
        self._machine.on(event, reason)
        self._note_ready()
