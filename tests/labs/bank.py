"""A virtual bank whose modems answer at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modemgw.virtual import Bank, BankSettings


def bank_of(tmp_path: Path, modems: int = 2, **settings: Any) -> Bank:
    quick = {"part_seconds": 0.01, "receipt_seconds": 0.05, "boot_seconds": 0.2}
    return Bank(BankSettings(modems=modems, **{**quick, **settings}), tmp_path / "bank")
