"""A modem, as the gateway sees it."""

from __future__ import annotations

import logging
import random as chances
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from ..at import AtChannel, Port, Trace, Urc, open_serial
from ..clock import Clock
from ..config import ModemSection
from .arrivals import Arrivals
from .by_hand import AtAnswer, ask_by_hand
from .calls import Call
from .errors import (
    NotSubmitted,
    PortClosed,
    PromptMissing,
    SubmitAmbiguous,
    SubmitRefused,
    UssdError,
)
from .identify import SimIdentity
from .ladder import fault_of_refusal, fault_of_silence
from .locator import Locator
from .pdus import ReceivedPdu
from .pin_guard import PinGuard
from .profiles import by_name
from .sending import Submitted, dispose
from .session import Session
from .sink import ModemSink
from .snapshot import snapshot
from .states import Machine, ModemEvent, ModemState
from .status import Counters, ModemStatus
from .supervisor import Supervisor
from .timings import Timings
from .usb import SYSFS, reauthorise
from .ussd import UssdAnswer, UssdDialogue
from .verdict import ErrorClass

log = logging.getLogger(__name__)

_ON_AIR = (ModemState.READY, ModemState.SENDING, ModemState.PAUSED)


class PortOpener(Protocol):
    """How a port is opened; `open_serial` unless a test says otherwise."""

    async def __call__(self, device: str, channel: AtChannel, *, baud_rate: int) -> Port: ...


class Modem:
    """One modem of the bank. `run` keeps it alive; `submit` sends through it."""

    def __init__(
        self,
        section: ModemSection,
        sink: ModemSink,
        *,
        clock: Clock,
        pins: PinGuard,
        random: chances.Random | None = None,
        open_port: PortOpener = open_serial,
        timings: Timings | None = None,
        locator: Locator | None = None,
        sysfs: Path = SYSFS,
    ) -> None:
        """A bank shares one `pins`, which remembers PINs that must not be tried again, and one
        `locator`, for modems that are found by what they are."""
        if section.profile != "auto":
            by_name(section.profile)
        self._section = section
        self._sink = sink
        self._clock = clock
        self._open_port = open_port
        self._timings = timings or Timings()
        self._pins = pins
        self._counters = Counters()
        self._arrivals = Arrivals()
        self._locator = locator or Locator(clock=clock)
        self._strikes = 0
        self._promptless = 0
        self._sim: SimIdentity | None = None
        self._machine = Machine(clock, self._changed)
        self._supervisor = Supervisor(
            section.id,
            machine=self._machine,
            counters=self._counters,
            clock=clock,
            chance=random or chances.Random(),  # noqa: S311
            timings=self._timings,
            roaming=section.roaming,
            locate=self._locate,
            is_there=_is_there,
            open_session=self._open_session,
            keep=self._keep,
            reauthorise=(
                (
                    lambda device: reauthorise(
                        device, sysfs=sysfs, off_s=self._timings.reauthorise_off
                    )
                )
                if section.usb_reauthorize
                else None
            ),
            lost=lambda: self._locator.release(section.id),
        )
        self.id: str = section.id
        self.trace = Trace()

    # What is known

    @property
    def ready(self) -> bool:
        """Whether a part can be submitted now."""
        return self._machine.state is ModemState.READY

    @property
    def sim(self) -> SimIdentity | None:
        """The SIM that was last read in this modem."""
        return self._sim

    @property
    def state(self) -> ModemState:
        """Where the modem is in its life."""
        return self._machine.state

    @property
    def status(self) -> ModemStatus:
        """A snapshot of everything that is known."""
        return snapshot(
            self.id,
            self._supervisor,
            machine=self._machine,
            counters=self._counters,
            sim=self._sim,
        )

    @property
    def signal_history(self) -> list[tuple[float, int | None]]:
        """Wall-clock times and dBm of the last polls, oldest first."""
        return list(self._counters.signal)

    # What it is told

    async def run(self) -> None:
        """Open, identify, initialise, register, keep alive, recover; until cancelled.

        No fault of a modem is raised.
        """
        await self._supervisor.run()

    async def wait_ready(self) -> None:
        """Return when a part can be submitted."""
        await self._supervisor.ready.wait()

    async def submit(
        self, tpdu: bytes, *, authorise: Awaitable[None], more: bool = False
    ) -> Submitted:
        """Send one SMS-SUBMIT (TPDU without service centre address).

        The PDU is typed when both the prompt and `authorise` are there; `authorise` raising, or
        cancellation before that, leaves the prompt with ESC. `more`: another part follows at once.
        Raises NotSubmitted (nothing was sent), SubmitRefused (with a verdict), SubmitAmbiguous
        (typed, outcome unknown), or what `authorise` raised. One at a time.
        """
        session = self._supervisor.session
        if session is None or session.sender is None or not self.ready:
            dispose(authorise)
            raise NotSubmitted(f"the modem is {self.state}: {self._machine.reason or 'not ready'}")
        self._machine.on(ModemEvent.SUBMIT)
        self._supervisor.ready.clear()
        try:
            submitted = await session.sender.submit(tpdu, authorise=authorise, more=more)
        except SubmitRefused as error:
            self._refused(session, error)
            raise
        except PromptMissing:
            self._no_prompt(session)
            raise
        except NotSubmitted:
            session.resets.doubt()
            raise
        except SubmitAmbiguous as error:
            self._promptless = 0
            self._counters.ambiguous += 1
            session.resets.doubt()
            if error.code is not None and error.code.number == 331:
                session.changed.set()
            raise
        else:
            self._strikes = self._promptless = 0
            self._counters.sent += 1
            self._arrivals.accepted()
            self._supervisor.proved()
            return submitted
        finally:
            session.resets.part_ended()
            # With a fault the supervisor has the next word; until then nothing more is taken.
            if session.diagnosis.sound and self._machine.state is ModemState.SENDING:
                self._machine.on(ModemEvent.SUBMITTED)
                self._supervisor.evaluate()

    def hasten(self) -> None:
        """The part in the air seems to have arrived: its answer is due, or was lost."""
        session = self._supervisor.session
        if session is not None:
            session.channel.hasten(self._timings.reported)

    def _refused(self, session: Session, error: SubmitRefused) -> None:
        self._counters.refused += 1
        number = error.code.number if error.code is not None else None
        if error.verdict.error_class is ErrorClass.MODEM:
            self._strikes += 1
        on_probation = self._supervisor.on_probation
        fault = fault_of_refusal(error.verdict, number, self._strikes, on_probation=on_probation)
        if fault is not None:
            self._strikes = 0
            session.diagnosis.note(fault)

    def _no_prompt(self, session: Session) -> None:
        self._counters.timeouts += 1
        self._promptless += 1
        fault = fault_of_silence(self._promptless, on_probation=self._supervisor.on_probation)
        if fault is not None:
            self._promptless = 0
            session.diagnosis.note(fault)

    async def ussd(self, request: str, timeout_s: float = 30.0) -> UssdAnswer:
        """Send a USSD request such as `*100#`, or the reply to a menu; wait for the answer.

        Raises UssdError.
        """
        return await self._ussd_dialogue().request(request, timeout_s)

    async def ussd_cancel(self) -> None:
        """End the USSD dialogue, if there is one. Raises UssdError when the modem is not there."""
        await self._ussd_dialogue().cancel()

    def _ussd_dialogue(self) -> UssdDialogue:
        session = self._supervisor.session
        if session is None or session.ussd is None or self.state not in _ON_AIR:
            raise UssdError(f"the modem is {self.state}: {self._machine.reason or 'not ready'}")
        return session.ussd

    async def by_hand(self, command: str, timeout_s: float = 30.0) -> AtAnswer:
        """Type an AT command once no part is in the air, in any state with an open port.

        Afterwards the settings that the gateway needs are looked at, and made anew if they are
        gone. Raises AtUntypable, PortClosed, ByHandError.
        """
        session = self._supervisor.session
        if session is None:
            raise PortClosed(f"the modem is {self.state}: {self._machine.reason or 'no open port'}")
        try:
            return await ask_by_hand(session.channel, command, timeout_s)
        finally:
            session.resets.doubt()

    def pause(self) -> None:
        """Send nothing more; what comes in is still received."""
        self._supervisor.paused = True
        self._supervisor.evaluate()

    def resume(self) -> None:
        """Send again."""
        self._supervisor.paused = False
        self._supervisor.evaluate()

    def restart(self) -> None:
        """Reset the modem, or end its quarantine at once."""
        self._supervisor.restart()

    # What the supervisor needs

    async def _locate(self) -> str | None:
        device = self._section.device
        if device is None:
            assert self._section.match is not None
            return await self._locator.find(self._section.match, self.id)
        return device if _is_there(device) else None

    async def _open_session(self, device: str) -> Session:
        def make_channel(
            on_urc: Callable[[Urc], None], on_timeout: Callable[[str], None]
        ) -> AtChannel:
            return AtChannel(
                clock=self._clock,
                trace=self.trace,
                on_urc=on_urc,
                on_timeout=on_timeout,
                patience=self._timings.patience,
            )

        session = Session(
            self._section,
            clock=self._clock,
            timings=self._timings,
            guard=self._pins,
            counters=self._counters,
            arrivals=self._arrivals,
            mismatch=lambda: self._locator.forget(device),
            alarm=self._alarm,
            called=self._called,
            broadcast=self._broadcast,
            make_channel=make_channel,
        )
        port = await self._open_port(device, session.channel, baud_rate=self._section.baud_rate)
        session.channel.attach(port)
        try:
            await self._clock.sleep(self._timings.drain)
        except BaseException:
            await session.channel.close()
            raise
        return session

    async def _keep(self, session: Session, pdu: ReceivedPdu) -> None:
        assert session.sim is not None
        await self._sink.received(self.id, session.sim, pdu)
        self._counters.received += 1

    def _alarm(self, problem: str | None) -> None:
        """Something a person must see to has come up, or (None) is over."""
        if problem == self._counters.alarm:
            return
        self._counters.alarm = problem
        if problem is not None:
            log.warning("modem %s: %s", self.id, problem)
        try:
            self._sink.alarmed(self.id, problem)
        except Exception:
            log.exception("modem %s: its alarm was not taken", self.id)

    def _called(self, call: Call) -> None:
        session = self._supervisor.session
        if session is not None and session.sim is not None:
            self._sink.called(self.id, session.sim, call)

    def _broadcast(self, octets: bytes) -> None:
        session = self._supervisor.session
        if session is not None and session.sim is not None:
            self._sink.broadcast(self.id, session.sim, octets)

    def _changed(self, old: ModemState, new: ModemState, reason: str | None) -> None:
        session = self._supervisor.session
        if session is not None and session.sim is not None:
            self._sim = session.sim
        try:
            self._sink.state_changed(self.id, old, new, reason)
        except Exception:
            log.exception("modem %s: its change to %s was not taken", self.id, new)


def _is_there(device: str) -> bool:
    return "://" in device or Path(device).exists()
