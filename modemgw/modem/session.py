"""One open port: what was learned over it, and what is done with it until it fails.

Everything here dies with the port; nothing of it can be mistaken for the next port's truth.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..at import AtChannel, Charset, Urc, UrcKind
from ..clock import Clock
from ..config import ModemSection
from .arrivals import Arrivals
from .calls import Call, Calls
from .diagnosis import Diagnosis
from .identify import Identity, SimIdentity, identify
from .initialise import Setup, choose_charset, greet, initialise, switch_on
from .ladder import Cause, Fault
from .leaving import leave
from .locator import matches
from .pdus import ReceivedPdu, octets_of
from .pin_guard import PinGuard
from .profiles import Profile, by_name, select
from .receiving import Receiver
from .registration import Network
from .reset_watch import ResetWatch
from .rounds import Rounds
from .sending import Sender
from .sim_opening import SimOpening
from .simlock import SimReport
from .status import Counters
from .timings import Timings
from .ussd import UssdDialogue

log = logging.getLogger(__name__)

Keep = Callable[[ReceivedPdu], Awaitable[None]]
"""Returns when a PDU is safe; raises when it is not."""


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
        called: Callable[[Call], None],
        broadcast: Callable[[bytes], None],
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
        self._broadcast = broadcast
        self.channel = make_channel(self._hear, self._timed_out)
        self.channel.on_flood = self._flooded
        self.diagnosis = Diagnosis(section.id, self.channel)
        """What is wrong, for the supervisor to mend."""
        self.changed = asyncio.Event()
        """Set when registration may have changed."""
        self.network = Network()
        self.resets = ResetWatch(
            section.id, self.channel, self.diagnosis, clock=clock, timings=timings
        )
        self._rounds = Rounds(
            section.id,
            self.channel,
            self.network,
            self.resets,
            counters=counters,
            clock=clock,
            timings=timings,
            changed=self.changed,
        )
        self._calls = Calls(
            self.channel,
            reject=section.calls == "reject",
            told=called,
            clock=clock,
            timings=timings,
        )
        self.profile: Profile = select(None, None)
        self.identity = Identity()
        self.sim: SimIdentity | None = None
        self.setup = Setup()
        self.sender: Sender | None = None
        self.charset = Charset.IRA
        """AT+CSCS: how names and USSD texts are spelled."""
        self.ussd: UssdDialogue | None = None
        self._sim_opening: SimOpening | None = None

    # Bringing up

    async def contact(self, tries: int) -> None:
        """Find into step with whatever state the modem is in, and set its framing."""
        self.resets.up = False
        self.diagnosis.forget()
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
        self._sim_opening = SimOpening(
            self._section,
            self.channel,
            self.diagnosis,
            guard=self._guard,
            profile=self.profile,
            imei=self.identity.imei,
            clock=self._clock,
            timings=self._timings,
        )
        await self._sim_opening.open(tell)

    async def initialise(self, tell: Callable[[str], None]) -> None:
        """All settings; afterwards the modem can send and receive. `tell` hears what takes long."""
        opened = self._sim_opening
        assert opened is not None, "the SIM was opened"
        self.charset = await choose_charset(self.channel)
        self.ussd = UssdDialogue(self.channel, self.profile, self.charset)
        self.sim = await opened.identify(self.charset, tell)
        match = self._section.match
        if match is not None and not matches(match, self.identity.imei, self.sim.iccid):
            self._mismatch()
            raise Fault(Cause.PORT, "another modem or SIM than the configured one is at this port")
        self.setup = await initialise(
            self.channel,
            self.profile,
            self._section.smsc,
            opened.patience(tell),
            self._section.broadcasts,
        )
        self.sender = Sender(self.channel, self.profile, self._timings, setup=self.setup)
        await self.resets.learn(self.setup.cnmi, self.sender)
        await opened.settle_pin(self.sim.iccid)

    # At work

    def work(self, keep: Keep) -> tuple[Coroutine[Any, Any, None], ...]:
        """What has to go on side by side while the modem is at work: each until it is cancelled, or
        raises what is wrong."""
        return (
            self.diagnosis.fail(),
            self._receive(keep),
            self._rounds.poll(self.charset),
            self._rounds.feel_pulse(),
            self.resets.settle(),
            self._calls.attend(),
        )

    async def _receive(self, keep: Keep) -> None:
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
        self.resets.begin()
        await receiver.run()

    async def leave(self, keep: Keep) -> None:
        """Have the modem keep what comes from now on, and keep what it has said so far.

        Raises what the channel raises, and what `keep` raises: then something is still unkept.
        """
        if self.resets.up and self.diagnosis.sound and self.channel.in_sync:
            setting = await leave(self.channel, self.setup.leaving, self.setup.cnmi)
            log.debug("modem %s: left with CNMI %s", self._section.id, setting)
        while self._arrivals.direct:
            await keep(self._arrivals.direct[0])
            self._arrivals.direct.popleft()

    async def resync(self) -> bool:
        """Find back into step. False when the settings turn out to be gone."""
        await self.channel.resync(
            tries=self._timings.tries,
            answer_s=self._timings.answer,
            quiet_s=self._timings.quiet,
        )
        self.diagnosis.forget()
        return await self.resets.holds_settings()

    # What the modem says by itself

    def _hear(self, urc: Urc) -> None:
        if urc.kind is UrcKind.REGISTRATION:
            self._rounds.hear_registration(urc.line)
        elif urc.kind is UrcKind.BOOT:
            self.resets.booted(urc)
        elif urc.kind is UrcKind.STARTED:
            self.resets.started()
        elif urc.kind is UrcKind.USSD:
            if self.ussd is not None:
                self.ussd.hear(urc)
        elif urc.kind is UrcKind.CALL:
            self._calls.hear(urc, self.charset)
        elif urc.kind is UrcKind.SIM:
            self.resets.sim_changed(urc)
        elif urc.name == "+CBM":
            self._broadcast(octets_of(urc))
        else:
            if urc.kind is UrcKind.UNKNOWN and self.resets.up:
                self.channel.ask_after()
            self._arrivals.hear(urc)
            if self._arrivals.full:
                self.channel.hold(True)

    def _flooded(self, reason: str) -> None:
        self.channel.abandon(reason)
        self.diagnosis.note(Fault(Cause.FLOODING, reason))

    def _timed_out(self, reason: str) -> None:
        self._counters.timeouts += 1
        self.diagnosis.note(Fault(Cause.SILENT, reason))
