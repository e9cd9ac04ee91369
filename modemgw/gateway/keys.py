"""What may be done with API keys, and by whom.

The verbs on a transaction serve the daemon and, while none runs, `modemgw keys`. A token and a
secret are told once, by the verb that makes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from modemgw.clock import Clock
from modemgw.gateway.access import Access
from modemgw.gateway.errors import Conflict, FieldProblem, NotFound, Rejected, Unavailable
from modemgw.store import KeyRow, Store, StoreConflict, StoreUnavailable, Transaction
from modemgw.store.contract.keys import (
    SCOPES,
    KeyState,
    digest,
    new_token,
    new_webhook_secret,
)
from modemgw.store.records import NO_LIMITS, Key, KeyLimits

T = TypeVar("T")

MOST_GRACE_S = 90 * 86400.0
"""How long a rotated token may go on at the most."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
RESERVED = ("handler", "forward", "alerts")
"""Names that stand for something else where the key of a message is told."""


class NoSuchKey(NotFound, StoreConflict):
    """There is no key of this name."""


class NameInUse(Conflict, StoreConflict):
    """There is a key of this name already."""


class NotInForce(Conflict, StoreConflict):
    """The key is revoked or has expired."""


class LastAdmin(Conflict, StoreConflict):
    """Without this key nobody could manage keys over HTTP any more."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be."""

    name: str
    scopes: tuple[str, ...]
    limits: KeyLimits = NO_LIMITS
    expires_at: float | None = None
    """UTC seconds."""
    templates_only: bool = False
    """It may send what templates make, and nothing else."""
    templates: tuple[str, ...] = ()
    """Names of those templates; none: all."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A key, and what is told of it this once."""

    row: KeyRow
    token: str
    webhook_secret: str | None = None
    """Of a new key; a rotated one goes on with the one it has."""


def create(tx: Transaction, new: NewKey, now: float) -> Issued:
    """Make a key that `check` has nothing against. Raises NameInUse."""
    token, secret = new_token(), new_webhook_secret()
    try:
        tx.keys.insert(
            new.name,
            digest(token),
            new.scopes,
            now,
            limits=new.limits,
            expires_at=new.expires_at,
            webhook_secret=secret,
            templates_only=new.templates_only or bool(new.templates),
            templates=new.templates,
        )
    except StoreConflict as error:
        raise NameInUse(f"{error}; revoke it first, or choose another name") from error
    return Issued(get(tx, new.name), token, secret)


def check(new: NewKey, now: float) -> None:
    """Raises Rejected with everything that is wrong with a key that somebody asks for."""
    problems = []
    if not NAME.fullmatch(new.name):
        detail = (
            "must be 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
        )
        problems.append(FieldProblem("name", detail, "invalid"))
    elif new.name in RESERVED:
        problems.append(FieldProblem("name", "stands for automatic replies", "reserved"))
    unknown = [scope for scope in new.scopes if scope not in SCOPES]
    if unknown or not new.scopes:
        what = f"there is no scope {', '.join(unknown)}" if unknown else "a key needs a scope"
        problems.append(FieldProblem("scopes", f"{what}; there are {', '.join(SCOPES)}", "unknown"))
    if wrong := [name for name in new.templates if not NAME.fullmatch(name)]:
        problems.append(FieldProblem("templates", f"{wrong[0]!r} is no name of one", "invalid"))
    if new.expires_at is not None and new.expires_at <= now:
        problems.append(FieldProblem("expires_at", "must be later than now", "out-of-range"))
    if problems:
        raise Rejected(problems)


def rotate(tx: Transaction, name: str, grace_s: float, now: float) -> Issued:
    """Give a key another token. The one it has goes on for `grace_s` seconds.

    Raises NoSuchKey, NotInForce.
    """
    row = get(tx, name)
    if (state := row.state(now)) != "active":
        raise NotInForce(f"the API key {name!r} is {state}: make another one")
    token = new_token()
    tx.keys.rotate(name, digest(token), now, now + grace_s)
    return Issued(row, token)


def revoke(tx: Transaction, name: str, now: float, *, last_admin: bool) -> KeyRow:
    """Revoke a key; one that is revoked already stays as it is.

    Raises NoSuchKey; LastAdmin for the last key in force with the scope admin, unless `last_admin`.
    """
    row = get(tx, name)
    if not last_admin and row.in_force(now) and is_last_admin(tx, row, now):
        raise LastAdmin(
            f"{name!r} is the last API key with the scope admin: make another one first; or run "
            "`modemgw keys revoke` on the gateway's machine, where one can be made at any time"
        )
    tx.keys.revoke(name, now)
    return get(tx, name)


def is_last_admin(tx: Transaction, row: KeyRow, now: float) -> bool:
    """Whether no other key in force has the scope admin."""
    return "admin" in row.scopes and not any(
        "admin" in other.scopes and other.in_force(now) and other.name != row.name
        for other in tx.keys.all()
    )


def renew_webhook_secret(tx: Transaction, name: str) -> str:
    """Have a key's callbacks signed with another secret from now on; returns it.

    Raises NoSuchKey, NotInForce.
    """
    row, secret = get(tx, name), new_webhook_secret()
    if row.revoked_at is not None:
        raise NotInForce(f"the API key {name!r} is revoked: its callbacks keep their secret")
    tx.keys.replace_webhook_secret(name, secret)
    return secret


def get(tx: Transaction, name: str) -> KeyRow:
    """The key of this name. Raises NoSuchKey."""
    row = tx.keys.get(name)
    if row is None:
        raise NoSuchKey(f"there is no API key {name!r}; see the list of keys")
    return row


class Keys:
    """The API keys, for doors: seen and changed. What ends, ends at once."""

    def __init__(self, store: Store, access: Access, *, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock

    async def all(self) -> list[KeyRow]:
        """Every key, oldest first, also those that are revoked or have expired."""
        return await self._store.read(lambda view: view.keys.all())

    async def one(self, name: str) -> KeyRow:
        """The key of this name. Raises NotFound."""
        row = await self._store.look_up(lambda view: view.keys.get(name))
        if row is None:
            raise NoSuchKey(f"there is no API key {name!r}; see the list of keys")
        return row

    def state(self, row: KeyRow) -> KeyState:
        """How a key stands now."""
        return row.state(self._clock.time())

    async def create(self, new: NewKey, *, by: Key) -> Issued:
        """Make a key, which can do no more than `by`.

        Raises Rejected with every field that is wrong; NameInUse, Unavailable.
        """
        check(new, self._clock.time())
        if lacking := () if "admin" in by.scopes else sorted({*new.scopes} - by.scopes):
            detail = f"the API key {by.name!r} cannot give what it lacks: {', '.join(lacking)}"
            raise Rejected([FieldProblem("scopes", detail, "missing-scope")])
        return await self._change(lambda tx, now: create(tx, new, now))

    async def rotate(self, name: str, grace_s: float) -> Issued:
        """Give a key another token. What it has goes on for `grace_s` seconds.

        Raises NoSuchKey, NotInForce, Unavailable.
        """
        return await self._change(lambda tx, now: rotate(tx, name, grace_s, now))

    async def revoke(self, name: str) -> KeyRow:
        """Revoke a key. Raises NoSuchKey, LastAdmin, Unavailable."""
        return await self._change(lambda tx, now: revoke(tx, name, now, last_admin=False))

    async def renew_webhook_secret(self, name: str) -> str:
        """Have a key's callbacks signed with another secret; returns it.

        Raises NoSuchKey, NotInForce, Unavailable.
        """
        return await self._change(lambda tx, _: renew_webhook_secret(tx, name))

    async def _change(self, change: Callable[[Transaction, float], T]) -> T:
        now = self._clock.time()

        def work(tx: Transaction) -> tuple[T, set[bytes]]:
            return change(tx, now), tx.keys.in_force(now)

        try:
            changed, _ = await self._store.write(
                work, then=lambda done: self._access.changed(done[1])
            )
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error
        return changed
