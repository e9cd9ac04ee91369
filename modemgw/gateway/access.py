"""Who may come in: API keys by their tokens, and what ends when a token opens nothing any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Set

from modemgw.clock import Clock
from modemgw.gateway.key_uses import KeyUses
from modemgw.gateway.wrong_keys import WrongKeys
from modemgw.store import Store, StoreUnavailable
from modemgw.store.contract import keys
from modemgw.store.records import Key

CACHE_S = 5.0
"""How long a key that another process revoked may go on opening doors."""
CACHE_SIZE = 1024
LOOK_EVERY_S = 2.0
"""How often it is made sure that the keys of open streams are still in force."""
MOST_WAITING = 64
"""Answers to wrong keys that wait at a time; more are given at once: each holds a connection."""


async def _nobody_cares(_: Key) -> None:
    """Nobody has to know which keys are seen."""


class Access:
    """Knows the tokens in force. What this process ends, ends at once.

    What another process does, such as `modemgw keys revoke`, and that a key expires, is seen within
    LOOK_EVERY_S for open streams; within CACHE_S another process's doing for new requests, and at
    once that the time has come. `key_seen` is awaited before a key is let in that is not remembered
    from a moment ago.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        key_seen: Callable[[Key], Awaitable[None]] = _nobody_cares,
    ) -> None:
        self._store = store
        self._clock = clock
        self._key_seen = key_seen
        self._known: dict[bytes, tuple[float, Key]] = {}
        """By the hash of the token: when it was looked up, on the monotonic clock."""
        self._watched: dict[asyncio.Event, Key] = {}
        self._anybody = asyncio.Event()
        """Set while a key is watched."""
        self._changes = 0
        self._wrong = WrongKeys()
        self._waiting = 0
        self.uses = KeyUses(store, clock=clock)
        """When keys were last used."""

    async def authenticate(self, token: str) -> Key | None:
        """The key with this token, if it is in force. Raises StoreUnavailable.

        Who is told that there is none is held back before; see `hold_back`.
        """
        hash_ = keys.digest(token)
        now = self._clock.monotonic()
        known = self._known.get(hash_)
        if known is not None and now - known[0] < CACHE_S:
            key = known[1]
            if key.ends_at is None or key.ends_at > self._clock.time():
                return key
        found = await self._look_up(hash_)
        if found is None:
            self._known.pop(hash_, None)
            return None
        if len(self._known) >= CACHE_SIZE:
            self._known.clear()
        self._known[hash_] = (now, found)
        self.uses.note(found.name)
        return found

    async def hold_back(self, address: str) -> None:
        """A wrong token has come from `address`: return after a while, which grows with their
        number. A door that asks `authenticate` awaits this before it says no.
        """
        delay_s = self._wrong.delay_s(address, self._clock.monotonic())
        if delay_s and self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                await self._clock.sleep(delay_s)
            finally:
                self._waiting -= 1

    @contextlib.contextmanager
    def watch(self, key: Key) -> Iterator[asyncio.Event]:
        """An event that is set when `key` is no longer in force, for as long as this is open."""
        ended = asyncio.Event()
        self._watched[ended] = key
        self._anybody.set()
        try:
            yield ended
        finally:
            del self._watched[ended]
            if not self._watched:
                self._anybody.clear()

    def changed(self, in_force: Set[bytes]) -> None:
        """Keys were changed, and these hashes of tokens are in force now: what is open by another
        ends, and nothing is remembered of how keys were.
        """
        self._changes += 1
        self._known.clear()
        self._end_all_but(in_force)

    async def run(self) -> None:
        """See what ends without this process's doing, until cancelled. Idle while no key is
        watched.
        """
        while True:
            await self._anybody.wait()
            await self._clock.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """End what is open by keys that are no longer in force; nothing when nobody can say."""
        used = self._in_use()
        with contextlib.suppress(StoreUnavailable):
            now = self._clock.time()
            in_force = await self._store.read(lambda view: view.keys.in_force(now))
            # What has come in since then may be newer than what was read.
            self._end_all_but(in_force | (self._in_use() - used))

    async def _look_up(self, hash_: bytes) -> Key | None:
        changes = -1
        key: Key | None = None
        now = self._clock.time()
        while changes != self._changes:  # what was read may be older than a change
            changes = self._changes
            key = await self._store.look_up(lambda view: view.keys.find(hash_, now))
            if key is not None:
                await self._key_seen(key)
        return key

    def _in_use(self) -> set[bytes]:
        return {*self._known, *(key.hash for key in self._watched.values())}

    def _end_all_but(self, in_force: Set[bytes]) -> None:
        self._known = {hash_: k for hash_, k in self._known.items() if hash_ in in_force}
        for ended, key in self._watched.items():
            if key.hash not in in_force:
                ended.set()
