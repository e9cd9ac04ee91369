"""Policy that outlives a restart: SIMs and their refusals, paused modems, wrong dates."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from modemgw.store.records import BreakerState, Misdated

MESSAGES = "messages"
"""Stands for the dates of messages in the table `misdated`, beside ICCIDs for those of attempts."""


@dataclass(frozen=True, slots=True)
class SeenSim:
    """A SIM that was ready in a modem, or has sent."""

    iccid: str
    imsi: str | None
    number: str | None
    """As configured for its modem then, else as the SIM said."""
    modem: str
    """The one that it was last seen in."""
    seen_at: float


@dataclass(frozen=True, slots=True)
class Balance:
    """What the network last said of the credit of a SIM."""

    amount: Decimal | None
    """None: no amount was found in what it said."""
    currency: str | None
    said: str
    """Its answer."""
    at: float
    low: bool
    """Whether this is little, by the configuration then."""


class SimStateView(Protocol):
    """What can be asked of the policy that outlives a restart."""

    def breaker(self, sim: str) -> BreakerState | None:
        """What is remembered of a SIM's refusals."""

    def paused(self) -> frozenset[str]:
        """Modems that an administrator has paused."""

    def misdated(self, what: str) -> Misdated | None:
        """What was found of rows that are dated later than now."""

    def balance(self, sim: str) -> Balance | None:
        """What was last said of a SIM's credit."""

    def seen(self, iccid: str | None = None) -> list[SeenSim]:
        """Every SIM that was seen, or the one with this ICCID, by ICCID. A part begun through one
        counts as having seen it."""


class SimState(SimStateView, Protocol):
    """Policy that outlives a restart: refusals of a SIM, pauses of modems, wrong dates."""

    def keep_breaker(self, sim: str, state: BreakerState | None) -> None:
        """Remember a SIM's refusals; None: it has none."""

    def set_paused(self, modem: str, pause: bool) -> None:
        """An administrator has paused a modem, or lets it work again."""

    def keep_misdated(self, what: str, found: Misdated) -> None:
        """Remember what was found of rows that are dated later than now."""

    def keep_balance(self, sim: str, balance: Balance) -> None:
        """Remember what was said of a SIM's credit."""

    def keep_seen(self, sim: SeenSim) -> None:
        """Remember where and when a SIM was last seen."""
