"""API keys: random tokens, shown once, stored as a hash."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from modemgw.store.records import NO_LIMITS, Key, KeyLimits

SCOPES = ("send", "read", "inbound", "admin")
PREFIX = "mgw_"
"""What a token begins with, so that people and secret scanners know one when they see it."""
WEBHOOK_PREFIX = "whsec_"
"""What a secret begins with, as the Standard Webhooks specification wants it."""
WEBHOOK_BYTES = 32
"""Standard Webhooks: 24 to 64."""

SLACK_S = 300.0
"""A token that was rotated so much later than now, or more, opens nothing: the clock was set back,
and must not lengthen the time for which it goes on."""

KeyState = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key as a list of them shows it. Times are UTC seconds."""

    name: str
    scopes: tuple[str, ...]
    created_at: float
    revoked_at: float | None = None
    limits: KeyLimits = NO_LIMITS
    expires_at: float | None = None
    last_used_at: float | None = None
    """Up to a minute late."""
    templates_only: bool = False
    """It may send what templates make, and nothing else."""
    templates: tuple[str, ...] = ()
    """Names of those templates; none: all."""

    def state(self, now: float) -> KeyState:
        """How it stands at `now` (UTC seconds); only an active one opens something."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.expires_at is None or self.expires_at > now else "expired"

    def in_force(self, now: float) -> bool:
        """Whether its token opens something at `now` (UTC seconds)."""
        return self.state(now) == "active"


def new_token() -> str:
    """A token that nobody can guess: 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """A secret to sign callbacks with."""
    random = secrets.token_bytes(WEBHOOK_BYTES)
    return WEBHOOK_PREFIX + base64.b64encode(random).decode()


def digest(token: str) -> bytes:
    """What is stored of a token, and what it is looked up by.

    Tokens have 256 random bits: a plain hash needs no salt. Nor does how long a look-up takes tell
    anything: it depends on how much of the hash is like another, which nobody can steer who does
    not know a token with that hash.
    """
    return hashlib.sha256(token.encode()).digest()


class KeysView(Protocol):
    """API keys. `now` is the time (UTC seconds) by which they are in force or not."""

    def find(self, hash_: bytes, now: float) -> Key | None:
        """The key in force with a token of this hash, be it a rotated one that goes on a while."""

    def in_force(self, now: float) -> set[bytes]:
        """The hashes of all tokens that open something."""

    def get(self, name: str) -> KeyRow | None:
        """The key of this name, also when it is revoked or has expired."""

    def all(self) -> list[KeyRow]:
        """Every key, oldest first, also those that are revoked or have expired."""

    def webhook_secret(self, name: str) -> str | None:
        """What callbacks of a key's messages are signed with; also when it is no longer in force.

        `whsec_` and base64, as Standard Webhooks has it. None when there is no such key.
        """


class Keys(KeysView, Protocol):
    """API keys, and what may be done to them. Times are UTC seconds."""

    def insert(
        self,
        name: str,
        hash_: bytes,
        scopes: Iterable[str],
        at: float,
        *,
        limits: KeyLimits = NO_LIMITS,
        expires_at: float | None = None,
        webhook_secret: str,
        templates_only: bool = False,
        templates: Iterable[str] = (),
    ) -> None:
        """Keep a new key. One of this name that is revoked makes way.

        Raises StoreConflict when there is one that is not.
        """

    def rotate(self, name: str, hash_: bytes, at: float, until: float) -> bool:
        """Give a key another token. The one it has opens doors until `until`, those before it at
        the longest. False when there is no such key that is not revoked.
        """

    def revoke(self, name: str, at: float) -> bool:
        """Revoke a key at a time with all its tokens; False when none of that name is unrevoked."""

    def replace_webhook_secret(self, name: str, secret: str) -> bool:
        """Sign with another secret from now on; False when there is no such key unrevoked."""

    def used(self, uses: Mapping[str, float]) -> None:
        """When keys were last used, by name. A key that was made after that was not used."""

    def forget_retired(self, now: float) -> int:
        """Forget the rotated tokens that open nothing any more; returns how many they were."""
