"""Mending a modem: the step of the ladder that a fault calls for, and steps over an open port."""

from __future__ import annotations

import asyncio
import contextlib
import random

from ..at import AtError, ChannelClosed, CommandFailed
from ..clock import Clock
from . import ladder as rungs
from .ladder import FOOT, Cause, Fault, Ladder, Step
from .session import Session
from .status import Counters
from .timings import Timings


class Mender:
    """Where on the ladder one modem is, over all its ports."""

    def __init__(
        self,
        *,
        counters: Counters,
        clock: Clock,
        chance: random.Random,
        timings: Timings,
        usb: bool,
    ) -> None:
        """`usb`: the modem's USB authorisation may be taken away and given back."""
        self._counters = counters
        self._clock = clock
        self._chance = chance
        self._timings = timings
        self._usb = usb
        self._ladder = FOOT

    @property
    def step(self) -> Step | None:
        """The step that is being taken, or was taken last."""
        return self._ladder.step

    @property
    def on_probation(self) -> bool:
        """Whether the modem was mended because it could not send, and has not sent since."""
        return self._ladder.unproven > 0

    def begin_again(self, step: Step | None = None) -> None:
        """The next fault is a new one, and begins at the foot of the ladder, or above `step`."""
        self._ladder = FOOT if step is None else Ladder(step)

    def recovered(self) -> None:
        """The modem works again (or for the first time)."""
        self._ladder = rungs.recovered(self._ladder, self._clock.monotonic())

    def next_step(self, fault: Fault) -> Step:
        """The step to take against a fault."""
        self._ladder = rungs.climb(
            self._ladder,
            fault.cause,
            self._clock.monotonic(),
            steady_s=self._timings.steady,
            usb=self._usb,
        )
        step = self._ladder.step
        assert step is not None
        self._counters.recoveries += 1
        if fault.cause is Cause.RESTARTED:
            self._counters.resets += 1
        return step

    async def resync(self, session: Session) -> bool:
        """Find back into step. False when the modem has to be initialised again."""
        if not session.resets.up:
            return False  # bringing up begins with the same step
        if not await session.resync():
            self._counters.resets += 1
            return False
        return True

    async def reset(self, session: Session) -> None:
        """The vendor's reset command, heard or not; the modem then boots. Raises
        ChannelClosed when it leaves the bus instead."""
        self._counters.resets += 1
        for command in session.profile.reset:
            if not session.channel.in_sync:
                session.channel.write_blind(command)
                break
            try:
                await session.channel.command(command, timeout_s=5.0)
                break
            except CommandFailed:
                continue
            except AtError:
                break
        session.channel.abandon("the modem is being reset")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timings.reset_pause):
                await asyncio.shield(session.channel.closed)
        if session.channel.closed.done():
            raise ChannelClosed("the modem has left the bus")

    def quarantine_s(self) -> float:
        """How long the quarantine that was just entered lasts."""
        return rungs.quarantine_s(self._ladder, self._timings.quarantine, self._chance)
