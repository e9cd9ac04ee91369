"""Messages and reports that the modem hands over as they come (+CMT, +CDS: TS 27.005 3.4.1)."""

from __future__ import annotations

import logging
from itertools import islice

from ..at import AtChannel, CommandFailed
from ..clock import Clock
from .arrivals import Arrivals
from .pdus import ReceivedPdu
from .safekeeping import Safekeeping

log = logging.getLogger(__name__)

_AT_ONCE = 300
"""So many direct PDUs are kept as fast as the store can, as when a modem hands over its buffer…"""
_PER_S = 100.0
"""… and then so many a second: more than ten radios bring."""
_REST_S = 0.2


class DirectReceiver:
    """Keeps at once what was handed over: it exists nowhere else."""

    def __init__(
        self,
        channel: AtChannel,
        clock: Clock,
        arrivals: Arrivals,
        safe: Safekeeping,
        *,
        acknowledges: bool,
    ) -> None:
        """`acknowledges`: the modem wants AT+CNMA for each (AT+CSMS=1)."""
        self._channel = channel
        self._clock = clock
        self._arrivals = arrivals
        self._safe = safe
        self._acknowledges = acknowledges
        self._may_take, self._may_take_at = float(_AT_ONCE), clock.monotonic()

    async def run(self) -> None:
        """Receive until cancelled. Raises what the channel raises when out of step."""
        handed_over = self._arrivals.handed_over
        while True:
            handed_over.clear()
            await self._take_all()
            await handed_over.wait()

    async def _take_all(self) -> None:
        direct = self._arrivals.direct
        while direct:
            if self._acknowledges:
                await self._take_acknowledged(direct[0])
                direct.popleft()
                continue
            # Together, so that they share a commit. They go from `direct` only when safe.
            together = list(islice(direct, await self._how_many()))
            kept = await self._safe.keep_all(together)
            for safe in kept:
                pdu = direct.popleft()
                if not safe:
                    self._arrivals.again.append(pdu)
            self._channel.hold(self._arrivals.full)

    async def _how_many(self) -> int:
        """How many are kept at once: a modem that hands over more than a radio can bring must not
        take the writer's time from the others.
        """
        if (waiting := len(self._arrivals.direct)) <= self._arrivals.reports_due:
            self._arrivals.reports_due -= waiting
            return waiting
        while True:
            now = self._clock.monotonic()
            self._may_take = min(
                float(_AT_ONCE), self._may_take + (now - self._may_take_at) * _PER_S
            )
            self._may_take_at = now
            waiting = len(self._arrivals.direct)
            due = min(waiting, self._arrivals.reports_due)
            if due or self._may_take >= 1:
                others = min(waiting - due, int(self._may_take))
                self._arrivals.reports_due -= due
                self._may_take -= others
                return due + others
            await self._clock.sleep(_REST_S)

    async def _take_acknowledged(self, pdu: ReceivedPdu) -> None:
        """AT+CNMA only after the commit: without it the service centre sends again (3.4.4)."""
        if not await self._safe.keep(pdu):
            return
        try:
            await self._channel.command("AT+CNMA", urgent=True)
        except CommandFailed as error:
            log.debug("not acknowledged: %s", error.code)
