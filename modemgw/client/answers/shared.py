"""What answers have in common."""

from __future__ import annotations

from typing import Final

from modemgw.client.answer import Answer

FINAL: Final = frozenset({"delivered", "undelivered", "failed", "expired", "canceled", "unknown"})
"""Statuses that do not change by themselves any more."""


class Error(Answer):
    """Why something did not work."""

    code: str
    """Stable: `cms-21`, `no-answer`, `expired` …"""
    detail: str
    permanent: bool
    """Trying again will not help."""


class Ports(Answer):
    """Application ports of a binary message."""

    destination: int
    source: int
