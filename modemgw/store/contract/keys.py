"""API keys: random, shown once, stored as a hash.

These functions open the database themselves, so that `modemgw keys` works while no daemon runs; a
running daemon sees what they change.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from modemgw.store.records import Key

SCOPES = ("send", "read", "inbound", "admin")


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as `modemgw keys list` shows it. Times are UTC seconds."""

    name: str
    scopes: tuple[str, ...]
    created_at: float
    revoked_at: float | None


def digest(token: str) -> bytes:
    """What is stored of a token. Tokens have 256 random bits: a plain hash needs no salt."""
    return hashlib.sha256(token.encode()).digest()


class Keys(Protocol):
    """API keys in force."""

    def find(self, hash_: bytes) -> Key | None:
        """The key in force with this hash."""
