"""A SIM that the network refuses is taken out, and probed now and then: pure.

One refusal says something of a message; several in a row, over different recipients, say something
of the SIM, whatever their codes are (an operator's block often looks like a temporary failure).
Hammering on prolongs such a block.
"""

from __future__ import annotations

from typing import Literal

from modemgw.modem import ErrorClass
from modemgw.store.records import BreakerState

BARRED_IN_A_ROW = 4
"""So many refusals in a row that name the SIM as barred open the breaker …"""
ANY_IN_A_ROW = 10
"""… or so many of whatever kind."""
RECIPIENTS = 3
"""But only over so many different recipients: one bad number must not stop a SIM."""
BUSY_S = 60.0
"""So long a SIM may say that it is busy, as it does after it was put in, and still be well."""
PROBE_BARRED_S = (900.0, 3600.0, 6 * 3600.0, 86400.0)
"""How long a barred SIM rests before each probe; the last one repeats."""
PROBE_ANY_S = (60.0, 300.0, 900.0, 3600.0)
"""The same for a SIM that fails for reasons unknown: it may be the network, and pass."""


class Breaker:
    """The health of one SIM as its refusals show it.

    Times are UTC seconds of a clock that goes on evenly.
    """

    def __init__(self) -> None:
        self._barred = 0
        self._failed = 0
        self._recipients: set[str] = set()
        self._probes = 0
        self._probe_at: float | None = None
        self._since: float | None = None
        self._busy_since: float | None = None

    @property
    def open(self) -> bool:
        """Whether the SIM is taken out (it may still be time for a probe)."""
        return self._probe_at is not None

    @property
    def probe_at(self) -> float:
        """When one message may be tried; 0 while the breaker is closed."""
        return self._probe_at or 0.0

    @property
    def since(self) -> float | None:
        """Since when the SIM is taken out; None while the breaker is closed, or where a version
        before this one has not kept it."""
        return self._since

    def standing(self, now: float) -> Literal["ok", "barred", "probing"]:
        """The SIM is well, rests, or may have one message tried."""
        if self._probe_at is None:
            return "ok"
        return "barred" if self._probe_at > now else "probing"

    @property
    def state(self) -> BreakerState | None:
        """What has to be remembered over a restart; None when there is nothing."""
        if not self._failed and not self.open:
            return None
        return BreakerState(
            self._barred,
            self._failed,
            tuple(sorted(self._recipients)),
            self._probes,
            self._probe_at,
            self._since,
        )

    @classmethod
    def of(cls, state: BreakerState | None, now: float) -> Breaker:
        """The breaker of which that was remembered. No probe is later than it can be from now."""
        breaker = cls()
        if state is not None:
            breaker._barred, breaker._failed = state.barred, state.failed
            breaker._recipients, breaker._probes = set(state.recipients), state.probes
            if state.probe_at is not None:
                breaker._probe_at = min(state.probe_at, now + breaker._wait_s(state.probes - 1))
                breaker._since = None if state.since is None else min(state.since, now)
        return breaker

    def probe(self, now: float) -> None:
        """Let one message be tried now, however long the SIM was to rest."""
        if self._probe_at is not None:
            self._probe_at = min(self._probe_at, now)

    def succeeded(self) -> bool:
        """The network took a part. True when this closes the breaker."""
        closed = self.open
        self._barred = self._failed = self._probes = 0
        self._recipients.clear()
        self._probe_at = self._since = self._busy_since = None
        return closed

    def refused(self, kind: ErrorClass, to: str, now: float) -> bool:
        """The SIM or its network refused a part to `to`. True when this opens the breaker."""
        if kind in (ErrorClass.RECIPIENT, ErrorClass.MESSAGE, ErrorClass.ACCEPTED):
            return False
        if kind is ErrorClass.BUSY and not self.open:
            if self._busy_since is None:
                self._busy_since = now
            if now - self._busy_since < BUSY_S:
                return False
        self._failed += 1
        self._barred = self._barred + 1 if kind is ErrorClass.BARRED else 0
        if len(self._recipients) < RECIPIENTS:
            self._recipients.add(to)
        if self.open:
            self._rest(now)
            return False
        enough = self._barred >= BARRED_IN_A_ROW or self._failed >= ANY_IN_A_ROW
        if enough and len(self._recipients) >= RECIPIENTS:
            self._since = now
            self._rest(now)
            return True
        return False

    def _rest(self, now: float) -> None:
        self._probe_at = now + self._wait_s(self._probes)
        self._probes += 1

    def _wait_s(self, probes: int) -> float:
        waits = PROBE_BARRED_S if self._barred else PROBE_ANY_S
        return waits[min(max(probes, 0), len(waits) - 1)]
