"""Who may come in: API keys by their tokens, and what ends when a key is revoked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from modemgw.clock import Clock
from modemgw.gateway.errors import Unavailable
from modemgw.store import Store, StoreUnavailable
from modemgw.store.contract import keys
from modemgw.store.records import Key

CACHE_S = 5.0
"""How long a key that another process revoked may go on opening doors."""
CACHE_SIZE = 1024
LOOK_EVERY_S = 2.0
"""How often it is made sure that the keys of open streams are still in force."""


class Access:
    """Knows the keys in force. What this process revokes ends at once.

    What another process does, such as `modemgw keys revoke`, is seen within LOOK_EVERY_S for open
    streams and within CACHE_S for new requests.
    """

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[bytes, tuple[float, Key]] = {}
        """By the hash of the token: when it was looked up, on the monotonic clock."""
        self._watched: dict[asyncio.Event, Key] = {}
        self._anybody = asyncio.Event()
        """Set while a key is watched."""
        self._revocations = 0

    async def authenticate(self, token: str) -> Key | None:
        """The key with this token, if it is in force. Raises StoreUnavailable."""
        hash_ = keys.digest(token)
        now = self._clock.monotonic()
        known = self._known.get(hash_)
        if known is not None and now - known[0] < CACHE_S:
            return known[1]
        revocations = -1
        while revocations != self._revocations:  # what was read may be older than a revocation
            revocations = self._revocations
            key = await self._store.look_up(lambda view: view.keys.find(hash_, self._clock.time()))
        if key is None:
            self._known.pop(hash_, None)
        else:
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            self._known[hash_] = (now, key)
        return key

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

    async def revoke(self, name: str) -> bool:
        """Revoke a key: what is open by it ends at once. False when there is none in force.

        Raises Unavailable.
        """
        now = self._clock.time()
        try:
            done = await self._store.write(lambda tx: tx.keys.revoke(name, now))
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error
        self._revocations += 1
        self._end({key for key in self._in_use() if key.name == name})
        return done

    async def run(self) -> None:
        """See what other processes revoke, until cancelled. Idle while no key is watched."""
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
            self._end({key for key in used if key.hash not in in_force})

    def _in_use(self) -> set[Key]:
        return {*self._watched.values(), *(key for _, key in self._known.values())}

    def _end(self, revoked: set[Key]) -> None:
        self._known = {hash_: k for hash_, k in self._known.items() if k[1] not in revoked}
        for ended, key in self._watched.items():
            if key in revoked:
                ended.set()
