"""From a SIM that may be locked, missing or busy to one that can be used, and whose it is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ..at import AtChannel, Charset
from ..clock import Clock
from ..config import ConfigError, ModemSection
from .diagnosis import Diagnosis
from .identify import SimIdentity, identify_sim, read_iccid
from .ladder import Cause, Fault
from .patience import Patience, PatientLine
from .pin_guard import PinGuard, SimPlace
from .profiles import Profile
from .simlock import PIN_TAKEN, LockState, SimReport, sim_state, unlock
from .timings import Timings


class SimOpening:
    """Opens the SIM of one modem that was identified. Its PIN is typed once, if that is safe."""

    def __init__(
        self,
        section: ModemSection,
        channel: AtChannel,
        diagnosis: Diagnosis,
        *,
        guard: PinGuard,
        profile: Profile,
        imei: str | None,
        clock: Clock,
        timings: Timings,
    ) -> None:
        self._section = section
        self._channel = channel
        self._diagnosis = diagnosis
        self._guard = guard
        self._profile = profile
        self._imei = imei
        self._clock = clock
        self._timings = timings
        self._typed: tuple[SimPlace, str] | None = None

    async def open(self, tell: Callable[[SimReport], None]) -> None:
        """Return when the SIM can be used; `tell` hears why it cannot yet."""
        told: SimReport | None = None
        taken = False
        patience = self._clock.monotonic() + self._timings.sms_ready
        while (report := await sim_state(self._channel)).state is not LockState.READY:
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
            await self._diagnosis.pause(pause)
        if taken and self._typed is not None:
            await self._guard.accepted(*self._typed)

    async def _unlock(self, tell: Callable[[SimReport], None]) -> SimReport:
        try:
            pin = self._section.read_pin()
        except ConfigError as error:
            return SimReport(LockState.PIN, str(error))
        patience = self.patience(lambda reason: tell(SimReport(LockState.BUSY, reason)))
        line = PatientLine(self._channel, patience)
        iccid = await read_iccid(line, self._profile.iccid)
        place = self._place(iccid)
        self._typed = None if pin is None else (place, pin)
        return await unlock(self._channel, self._guard, place, pin, self._profile.pin_tries)

    def _place(self, iccid: str | None) -> SimPlace:
        return SimPlace(self._imei or self._section.id, iccid)

    async def settle_pin(self, iccid: str) -> None:
        """The SIM is open: a PIN whose answer was lost with the daemon was the right one."""
        with contextlib.suppress(ConfigError):
            pin = self._section.read_pin()
            if pin is not None:
                await self._guard.works(self._place(iccid), pin)

    async def identify(self, charset: Charset, tell: Callable[[str], None]) -> SimIdentity:
        """Whose SIM it is. READY is often said seconds before the SIM's files can be read."""
        unread = "the SIM gives neither its ICCID nor its IMSI"
        patience = self.patience(tell)
        line = PatientLine(self._channel, patience)
        while True:
            sim = await identify_sim(line, self._profile.iccid, self._section.number, charset)
            if sim is not None:
                return sim
            if not await patience.left(unread):
                raise Fault(Cause.REFUSING, unread)

    def patience(self, tell: Callable[[str], None]) -> Patience:
        """With a SIM that is still being read, from now on; `tell` hears what is waited for."""
        return Patience(self._clock, self._timings.sms_ready, self._timings.sim_poll, tell)
