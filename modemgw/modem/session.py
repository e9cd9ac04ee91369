"""One open port: what was learned over it, and what is done with it until it fails.

Everything here dies with the port; nothing of it can be mistaken for the next port's truth.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from ..at import AtChannel, ChannelClosed, Charset, CommandFailed, Urc, UrcKind
from ..clock import Clock
from ..config import ConfigError, ModemSection
from .arrivals import Arrivals
from .identify import Identity, SimIdentity, ask, identify, identify_sim, read_iccid
from .initialise import Setup, choose_charset, cnmi_holds, greet, initialise, switch_on
from .ladder import Cause, Fault
from .leaving import leave
from .locator import matches
from .patience import Patience, PatientLine
from .pdus import ReceivedPdu
from .pin_guard import PinGuard, SimPlace
from .profiles import Profile, by_name, select
from .receiving import Receiver
from .registration import (
    Network,
    Registration,
    poll_operator,
    poll_registration,
    poll_signal,
    selects_operator_itself,
)
from .sending import Sender
from .simlock import PIN_TAKEN, LockState, SimReport, sim_state, unlock
from .status import Counters
from .timings import Timings
from .ussd import UssdDialogue

log = logging.getLogger(__name__)

_BANNER_S = 30.0
_SEARCH_S = 180.0
_REGISTERED = (Registration.HOME, Registration.ROAMING)


class Session:
    """A modem behind an open port. The supervisor calls its steps in the order of their lines."""

    def __init__(
        self,
        section: ModemSection,
        *,
        clock: Clock,
        timings: Timings,
        guard: PinGuard,
        counters: Counters,
        arrivals: Arrivals,
        mismatch: Callable[[], None],
        alarm: Callable[[str | None], None],
        make_channel: Callable[[Callable[[Urc], None], Callable[[str], None]], AtChannel],
    ) -> None:
        self._section = section
        self._clock = clock
        self._timings = timings
        self._guard = guard
        self._counters = counters
        self._arrivals = arrivals
        self._mismatch = mismatch
        self._alarm = alarm
        self._fault: asyncio.Future[Fault] = asyncio.get_running_loop().create_future()
        self._in_bring_up = True
        self._up_at = 0.0
        self._ringing = asyncio.Event()
        self._unregistered = asyncio.Event()
        self._doubted = asyncio.Event()
        self._settings: tuple[object, ...] = ()
        self._after_part: Fault | None = None
        self._typed: tuple[SimPlace, str] | None = None
        self._unregistered_since: float | None = None
        self._radio_restarted_at = float("-inf")
        self.channel = make_channel(self._hear, self._timed_out)
        self.channel.on_flood = self._flooded
        self.profile: Profile = select(None, None)
        self.identity = Identity()
        self.sim: SimIdentity | None = None
        self.setup = Setup()
        self.network = Network()
        self.sender: Sender | None = None
        self.charset = Charset.IRA
        """AT+CSCS: how names and USSD texts are spelled."""
        self.ussd: UssdDialogue | None = None
        self.changed = asyncio.Event()
        """Set when registration may have changed."""

    # Bringing up

    async def contact(self, tries: int) -> None:
        """Find into step with whatever state the modem is in, and set its framing."""
        self._in_bring_up = True
        self._fault = asyncio.get_running_loop().create_future()
        self.channel.numeric = True
        await self.channel.resync(
            tries=tries, answer_s=self._timings.answer, quiet_s=self._timings.quiet
        )
        await greet(self.channel)

    async def identify(self) -> None:
        """Learn who the modem is, and choose its profile."""
        self.identity = await identify(self.channel)
        self._counters.identity = self.identity
        name = self._section.profile
        self.profile = (
            select(self.identity.manufacturer, self.identity.model)
            if name == "auto"
            else by_name(name)
        )
        self.channel.gap_s = self.profile.gap_s * self._timings.patience
        await switch_on(self.channel)

    async def open_sim(self, tell: Callable[[SimReport], None]) -> None:
        """Return when the SIM can be used; `tell` hears why it cannot yet."""
        told: SimReport | None = None
        taken = False
        patience = self._clock.monotonic() + self._timings.sms_ready
        while (report := await sim_state(self.channel)).state is not LockState.READY:
            if report.state is LockState.PIN:
                # Asked for still, right after it was taken: it is not typed on and on.
                report = PIN_TAKEN if taken else await self._unlock(tell)
                taken = report == PIN_TAKEN
            if report != told:
                tell(report)
                told = report
            waiting = report.state is LockState.BUSY
            if not waiting:
                patience = self._clock.monotonic() + self._timings.sms_ready
            elif self._clock.monotonic() > patience:
                raise Fault(Cause.REFUSING, report.text)
            pause = self._timings.sim_poll if waiting else self._timings.sim_absent_poll
            await self._pause_or_fault(pause)
        if taken and self._typed is not None:
            await self._guard.accepted(*self._typed)

    async def _unlock(self, tell: Callable[[SimReport], None]) -> SimReport:
        try:
            pin = self._section.read_pin()
        except ConfigError as error:
            return SimReport(LockState.PIN, str(error))
        patience = self._patience(lambda reason: tell(SimReport(LockState.BUSY, reason)))
        line = PatientLine(self.channel, patience)
        iccid = await read_iccid(line, self.profile.iccid)
        place = self._place(iccid)
        self._typed = None if pin is None else (place, pin)
        return await unlock(self.channel, self._guard, place, pin, self.profile.pin_tries)

    def _place(self, iccid: str | None) -> SimPlace:
        return SimPlace(self.identity.imei or self._section.id, iccid)

    async def initialise(self, tell: Callable[[str], None]) -> None:
        """All settings; afterwards the modem can send and receive. `tell` hears what takes long."""
        self.charset = await choose_charset(self.channel)
        self.ussd = UssdDialogue(self.channel, self.profile, self.charset)
        self.sim = await self._read_sim(self._patience(tell))
        match = self._section.match
        if match is not None and not matches(match, self.identity.imei, self.sim.iccid):
            self._mismatch()
            raise Fault(Cause.PORT, "another modem or SIM than the configured one is at this port")
        self.setup = await initialise(
            self.channel,
            self.profile,
            self._section.smsc,
            self._patience(tell),
        )
        self.sender = Sender(
            self.channel,
            self.profile,
            self._timings,
            setup=self.setup,
        )
        self._settings = await self._read_settings()
        await self._settle_pin(self.sim.iccid)

    async def _settle_pin(self, iccid: str) -> None:
        """The SIM is open: a PIN whose answer was lost with the daemon was the right one."""
        with contextlib.suppress(ConfigError):
            pin = self._section.read_pin()
            if pin is not None:
                await self._guard.works(self._place(iccid), pin)

    async def _read_sim(self, patience: Patience) -> SimIdentity:
        """Whose SIM it is. READY is often said seconds before the SIM's files can be read."""
        unread = "the SIM gives neither its ICCID nor its IMSI"
        line = PatientLine(self.channel, patience)
        while True:
            sim = await identify_sim(line, self.profile.iccid, self._section.number, self.charset)
            if sim is not None:
                return sim
            if not await patience.left(unread):
                raise Fault(Cause.REFUSING, unread)

    def _patience(self, tell: Callable[[str], None]) -> Patience:
        return Patience(self._clock, self._timings.sms_ready, self._timings.sim_poll, tell)

    # At work

    async def receive(self, keep: Callable[[ReceivedPdu], Awaitable[None]]) -> None:
        """Empty the modem of messages, until cancelled."""

        def filled(used: int, size: int) -> None:
            self._counters.storage = (used, size)

        receiver = Receiver(
            self.channel,
            self.setup,
            self._timings,
            self._clock,
            self._arrivals,
            keep,
            filled,
            self._alarm,
        )
        self.channel.echo.seen = False
        self._in_bring_up = False
        self._up_at = self._clock.monotonic()
        await receiver.run()

    async def leave(self, keep: Callable[[ReceivedPdu], Awaitable[None]]) -> None:
        """Have the modem keep what comes from now on, and keep what it has said so far.

        Raises what the channel raises, and what `keep` raises: then something is still unkept.
        """
        if self.up and self.sound and self.channel.in_sync:
            setting = await leave(self.channel, self.setup.leaving, self.setup.cnmi)
            log.debug("modem %s: left with CNMI %s", self._section.id, setting)
        while self._arrivals.direct:
            await keep(self._arrivals.direct[0])
            self._arrivals.direct.popleft()

    async def watch(self) -> None:
        """Poll registration, signal, operator and settings, until cancelled."""
        now = self._clock.monotonic()
        next_settings = now + self._timings.settings_check
        next_operator = now
        while True:
            await poll_registration(self.channel, self.network)
            await poll_signal(self.channel, self.network)
            self._counters.signal.append((self._clock.time(), self.network.signal_dbm))
            self.changed.set()
            now = self._clock.monotonic()
            registered = self.network.registration in _REGISTERED
            if registered and now >= next_operator:
                next_operator = now + self._timings.operator_poll
                await poll_operator(self.channel, self.network, self.charset)
            if not registered:
                await self._check_sim()
            await self._restart_radio()
            self.check_echo()
            if now >= next_settings:
                next_settings = now + self._timings.settings_check
                await self._check_settings()
            await self._until_next_look()

    async def _until_next_look(self) -> None:
        """The time between two polls; a network that is lost meanwhile is looked for soon."""
        self._unregistered.clear()
        registered = self.network.registration in _REGISTERED
        rest = self._timings.poll if registered else self._timings.search_poll
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await self._unregistered.wait()
        if self._unregistered.is_set():
            await self._clock.sleep(self._timings.search_poll)

    async def feel_pulse(self) -> None:
        """Ask a silent modem whether it is there, until cancelled.

        A modem that hangs, or was reset without a word, is known of before the next part is due.
        """
        while True:
            await self._clock.sleep(self._timings.pulse)
            if self.channel.silence_s >= self._timings.pulse:
                with contextlib.suppress(CommandFailed):
                    await self.channel.ping()
                self.check_echo()

    async def refuse_calls(self) -> None:
        """Hang up on callers, until cancelled: a ringing modem sends badly or not at all."""
        while True:
            await self._ringing.wait()
            if await ask(self.channel, "AT+CHUP") is None:
                await ask(self.channel, "ATH")
            # It goes on ringing for a moment; and who rings like mad is not answered like mad.
            await self._clock.sleep(self._timings.pulse)
            self._ringing.clear()

    async def _restart_radio(self) -> None:
        """Look for a network anew (TS 27.007 7.3) when there has been none for long."""
        now = self._clock.monotonic()
        if self.network.registration in (*_REGISTERED, Registration.DENIED):
            self._unregistered_since = None
            return
        if self._unregistered_since is None:
            self._unregistered_since = now
        if (
            now - self._unregistered_since >= self._timings.radio_after
            and now - self._radio_restarted_at >= self._timings.radio_every
        ):
            self._radio_restarted_at = now
            if not await selects_operator_itself(self.channel):
                log.warning(
                    "modem %s: no network; its operator was chosen by hand, and is left so",
                    self._section.id,
                )
                return
            log.info("modem %s: no network; the search is begun anew", self._section.id)
            await ask(self.channel, "AT+COPS=2", timeout_s=_SEARCH_S)
            await ask(self.channel, "AT+COPS=0", timeout_s=_SEARCH_S)

    async def fail(self) -> None:
        """Raise the next fault, or ChannelClosed when the port is gone."""
        await asyncio.wait([self._fault, self.channel.closed], return_when=asyncio.FIRST_COMPLETED)
        self.raise_fault()
        raise ChannelClosed(str(self.channel.closed.result()))

    @property
    def pending_fault(self) -> Fault | None:
        """The fault that waits to be mended. Whatever else is wrong comes of a flood, if there is
        one.
        """
        if self.channel.flooding is not None:
            return Fault(Cause.FLOODING, self.channel.flooding)
        return self._fault.result() if self._fault.done() else None

    @property
    def up(self) -> bool:
        """Whether it was brought up since it was last contacted."""
        return not self._in_bring_up

    @property
    def sound(self) -> bool:
        """Whether nothing waits to be mended."""
        return not self._fault.done() and not self.channel.closed.done()

    async def resync(self) -> bool:
        """Find back into step. False when the settings turn out to be gone."""
        await self.channel.resync(
            tries=self._timings.tries,
            answer_s=self._timings.answer,
            quiet_s=self._timings.quiet,
        )
        self._fault = asyncio.get_running_loop().create_future()
        return await self._holds_settings()

    def raise_fault(self) -> None:
        """Raise the fault that is known, if there is one."""
        if self._fault.done():
            raise self._fault.result()

    def fault(self, fault: Fault) -> None:
        """Let the supervisor know. The first fault counts."""
        if not self._fault.done():
            self._fault.set_result(fault)

    # Was it reset?

    def doubt(self) -> None:
        """It may have been reset in silence, and lost every setting: have a look, soon."""
        if not self._in_bring_up:
            self._doubted.set()

    def check_echo(self) -> None:
        """Echo was off; a modem that echoes may have been reset since."""
        if self.channel.echo.seen:
            self.doubt()

    def part_ended(self) -> None:
        """Whatever came of a part: what had to wait for that comes now."""
        self.check_echo()
        waiting, self._after_part = self._after_part, None
        if waiting is not None:
            self.fault(waiting)

    async def settle_doubts(self) -> None:
        """Look, whenever it is doubted, whether the settings are still there; until cancelled."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            if not await self._holds_settings():
                echo = "it echoes again" if self.channel.echo.seen else "its settings are gone"
                self.fault(Fault(Cause.RESTARTED, f"the modem was reset in silence: {echo}"))

    async def _check_settings(self) -> None:
        setting = self.setup.cnmi
        if setting is not None and not await cnmi_holds(self.channel, setting):
            self.fault(Fault(Cause.RESTARTED, "the modem no longer announces messages (CNMI lost)"))
        elif self.sender is not None:
            await self.sender.check_service_centre()

    async def _holds_settings(self) -> bool:
        """Whether what a reset would take away is there. Then an echo is a habit of the modem."""
        setting = self.setup.cnmi
        if setting is not None and not await cnmi_holds(self.channel, setting):
            return False
        pairs = zip(self._settings, await self._read_settings(), strict=True)
        if any(before and now and before != now for before, now in pairs):
            return False
        if self.channel.echo.seen:
            log.info("modem %s: it echoes, and was not reset: worked with", self._section.id)
            self.channel.echo.stays, self.channel.echo.seen = True, False
        return True

    async def _read_settings(self) -> tuple[object, ...]:
        """How errors are told and what mode messages are in; both fall back with a reset."""
        return tuple([await ask(self.channel, text) for text in ("AT+CMEE?", "AT+CMGF?")])

    async def _check_sim(self) -> None:
        """A SIM that was reset in silence wants its PIN again, and until then has no network."""
        report = await sim_state(self.channel)
        if report.state not in (LockState.READY, LockState.BUSY):
            self.fault(Fault(Cause.RESTARTED, report.text))

    async def _pause_or_fault(self, seconds: float) -> None:
        await asyncio.wait([self._fault, self.channel.closed], timeout=seconds)
        self.raise_fault()

    # What the modem says by itself

    def _hear(self, urc: Urc) -> None:
        if urc.kind is UrcKind.REGISTRATION:
            registered = self.network.registration in _REGISTERED
            self.network.hear(urc.line)
            if registered and self.network.registration not in _REGISTERED:
                self._unregistered.set()
            self.changed.set()
        elif urc.kind is UrcKind.BOOT:
            self._booted(urc)
        elif urc.kind is UrcKind.STARTED:
            if not self._in_bring_up and not self._banner_goes_on:
                self._perhaps_restarted()
        elif urc.kind is UrcKind.USSD:
            if self.ussd is not None:
                self.ussd.hear(urc)
        elif urc.kind is UrcKind.CALL:
            if urc.name in ("RING", "+CRING"):
                self._ringing.set()
        elif urc.kind is UrcKind.SIM:
            self._sim_changed(urc)
        else:
            if urc.kind is UrcKind.UNKNOWN and not self._in_bring_up:
                self.channel.ask_after()
            self._arrivals.hear(urc)
            if self._arrivals.full:
                self.channel.hold(True)

    def _perhaps_restarted(self) -> None:
        """The end of a banner: of one whose beginning was not seen, or that came very late.

        If a part is in the air it has to show whether the modem still has it.
        """
        if self.channel.sending and not self.channel.ask_after():
            self.channel.hasten(self._timings.reported)
        self.doubt()

    def _booted(self, urc: Urc) -> None:
        if urc.name == "+CFUN" and (self._in_bring_up or self._banner_goes_on):
            return
        self.channel.abandon(f"the modem has restarted ({urc.line})")
        self.fault(Fault(Cause.RESTARTED, f"the modem has restarted ({urc.line})"))

    @property
    def _banner_goes_on(self) -> bool:
        """Whether a line may be the rest of a banner whose beginning was acted upon."""
        return self._clock.monotonic() - self._up_at < _BANNER_S

    def _sim_changed(self, urc: Urc) -> None:
        """The SIM may be another one: a pool of SIMs changes them without taking one out."""
        if self._in_bring_up or urc.name not in ("+CPIN", "SIM REMOVED", "SIM INSERTED"):
            return
        ready = urc.line == "+CPIN: READY"
        if ready and self._banner_goes_on:
            return
        fault = Fault(Cause.RESTARTED, f"the SIM was changed or reset ({urc.line})")
        if ready and self.channel.sending:
            # Or only said again: the part in the air need not be in doubt for it.
            self._after_part = fault
            self._perhaps_restarted()
        else:
            self.fault(fault)

    def _flooded(self, reason: str) -> None:
        self.channel.abandon(reason)
        self.fault(Fault(Cause.FLOODING, reason))

    def _timed_out(self, reason: str) -> None:
        self._counters.timeouts += 1
        self.fault(Fault(Cause.SILENT, reason))
