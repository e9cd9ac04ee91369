"""Was the modem reset? Its settings, its PIN and a part in the air are then gone, often in silence.

A banner, an echo or another SIM tells of it, and what is only suspected is looked into.
"""

from __future__ import annotations

import asyncio
import logging

from ..at import AtChannel, Urc
from ..clock import Clock
from .diagnosis import Diagnosis
from .identify import ask
from .initialise import cnmi_holds
from .ladder import Cause, Fault
from .sending import Sender
from .simlock import LockState, sim_state
from .timings import Timings

log = logging.getLogger(__name__)

_BANNER_S = 30.0


class ResetWatch:
    """Notices resets of one modem behind one port, and notes them in its diagnosis."""

    def __init__(
        self,
        name: str,
        channel: AtChannel,
        diagnosis: Diagnosis,
        *,
        clock: Clock,
        timings: Timings,
    ) -> None:
        self._name = name
        self._channel = channel
        self._diagnosis = diagnosis
        self._clock = clock
        self._timings = timings
        self.up = False
        """Whether the modem was brought up since it was last contacted."""
        self._up_at = 0.0
        self._doubted = asyncio.Event()
        self._settings: tuple[object, ...] = ()
        self._cnmi: str | None = None
        self._sender: Sender | None = None
        self._after_part: Fault | None = None
        """A fault that has to wait for the end of the part in the air."""

    async def learn(self, cnmi: str | None, sender: Sender) -> None:
        """The modem is initialised: remember what a reset would take away."""
        self._cnmi, self._sender = cnmi, sender
        self._settings = await self._read_settings()

    def begin(self) -> None:
        """The modem is at work from now on."""
        self._channel.echo.seen = False
        self.up = True
        self._up_at = self._clock.monotonic()

    def doubt(self) -> None:
        """It may have been reset in silence, and lost every setting: have a look, soon."""
        if self.up:
            self._doubted.set()

    def check_echo(self) -> None:
        """Echo was off; a modem that echoes may have been reset since."""
        if self._channel.echo.seen:
            self.doubt()

    def part_ended(self) -> None:
        """A part has ended, whatever came of it: a fault that had to wait for that is noted now."""
        self.check_echo()
        waiting, self._after_part = self._after_part, None
        if waiting is not None:
            self._diagnosis.note(waiting)

    async def settle(self) -> None:
        """Look, whenever it is doubted, whether the settings are still there; until cancelled."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            if not await self.holds_settings():
                echo = "it echoes again" if self._channel.echo.seen else "its settings are gone"
                self._diagnosis.note(
                    Fault(Cause.RESTARTED, f"the modem was reset in silence: {echo}")
                )

    async def check_settings(self) -> None:
        """Look whether messages are still announced, and whether there is a service centre."""
        setting = self._cnmi
        if setting is not None and not await cnmi_holds(self._channel, setting):
            self._diagnosis.note(
                Fault(Cause.RESTARTED, "the modem no longer announces messages (CNMI lost)")
            )
        elif self._sender is not None:
            await self._sender.check_service_centre()

    async def holds_settings(self) -> bool:
        """Whether what a reset would take away is there. Then an echo is a habit of the modem."""
        setting = self._cnmi
        if setting is not None and not await cnmi_holds(self._channel, setting):
            return False
        pairs = zip(self._settings, await self._read_settings(), strict=True)
        if any(before and now and before != now for before, now in pairs):
            return False
        if self._channel.echo.seen:
            log.info("modem %s: it echoes, and was not reset: worked with", self._name)
            self._channel.echo.stays, self._channel.echo.seen = True, False
        return True

    async def _read_settings(self) -> tuple[object, ...]:
        """How errors are told and what mode messages are in; both fall back with a reset."""
        return tuple([await ask(self._channel, text) for text in ("AT+CMEE?", "AT+CMGF?")])

    async def check_sim(self) -> None:
        """A SIM that was reset in silence wants its PIN again, and until then has no network."""
        report = await sim_state(self._channel)
        if report.state not in (LockState.READY, LockState.BUSY):
            self._diagnosis.note(Fault(Cause.RESTARTED, report.text))

    def _perhaps_restarted(self) -> None:
        """The end of a banner: of one whose beginning was not seen, or that came very late.

        If a part is in the air it has to show whether the modem still has it.
        """
        if self._channel.sending and not self._channel.ask_after():
            self._channel.hasten(self._timings.reported)
        self.doubt()

    def started(self) -> None:
        """The end of a banner was heard."""
        if self.up and not self._banner_goes_on:
            self._perhaps_restarted()

    def booted(self, urc: Urc) -> None:
        """The beginning of a banner was heard."""
        if urc.name == "+CFUN" and (not self.up or self._banner_goes_on):
            return
        self._channel.abandon(f"the modem has restarted ({urc.line})")
        self._diagnosis.note(Fault(Cause.RESTARTED, f"the modem has restarted ({urc.line})"))

    @property
    def _banner_goes_on(self) -> bool:
        """Whether a line may be the rest of a banner whose beginning was acted upon."""
        return self._clock.monotonic() - self._up_at < _BANNER_S

    def sim_changed(self, urc: Urc) -> None:
        """The SIM may be another one: a pool of SIMs changes them without taking one out."""
        if not self.up or urc.name not in ("+CPIN", "SIM REMOVED", "SIM INSERTED"):
            return
        ready = urc.line == "+CPIN: READY"
        if ready and self._banner_goes_on:
            return
        fault = Fault(Cause.RESTARTED, f"the SIM was changed or reset ({urc.line})")
        if ready and self._channel.sending:
            # Or only said again: the part in the air need not be in doubt for it.
            self._after_part = fault
            self._perhaps_restarted()
        else:
            self._diagnosis.note(fault)
