"""Policy that outlives a restart: refusals of a SIM, pauses of modems, wrong dates."""

from __future__ import annotations

from typing import Protocol

from modemgw.store.records import BreakerState, Misdated

MESSAGES = "messages"
"""Stands for the dates of messages in the table `misdated`, beside ICCIDs for those of attempts."""


class SimStateView(Protocol):
    """What can be asked of the policy that outlives a restart."""

    def breaker(self, sim: str) -> BreakerState | None:
        """What is remembered of a SIM's refusals."""

    def paused(self) -> frozenset[str]:
        """Modems that an administrator has paused."""

    def misdated(self, what: str) -> Misdated | None:
        """What was found of rows that are dated later than now."""


class SimState(SimStateView, Protocol):
    """Policy that outlives a restart: refusals of a SIM, pauses of modems, wrong dates."""

    def keep_breaker(self, sim: str, state: BreakerState | None) -> None:
        """Remember a SIM's refusals; None: it has none."""

    def set_paused(self, modem: str, pause: bool) -> None:
        """An administrator has paused a modem, or lets it work again."""

    def keep_misdated(self, what: str, found: Misdated) -> None:
        """Remember what was found of rows that are dated later than now."""
