"""Tries of PINs: what was typed into which SIM, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PinRow:
    """One PIN (hashed, salted) at one SIM. `modem` is its IMEI, or its id where it has none."""

    salt: bytes
    hash: bytes
    modem: str
    iccid: str | None
    outcome: str
    open: int
    """Tries since `outcome` whose own outcome is not known."""


class PinTriesView(Protocol):
    """Tries of PINs: what can be asked."""

    def read(self) -> list[PinRow]:
        """All of them, the one that was tried last first."""


class PinTries(PinTriesView, Protocol):
    """Tries of PINs."""

    def keep(self, row: PinRow) -> None:
        """Write it in place of the one with the same salt."""
