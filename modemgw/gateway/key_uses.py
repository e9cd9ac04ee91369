"""When API keys were last used: noted in memory, written once a minute at the most."""

from __future__ import annotations

import asyncio
import contextlib

from modemgw.clock import Clock
from modemgw.store import Store, StoreUnavailable, Transaction

EVERY_S = 60.0


class KeyUses:
    """The uses that are not written yet."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._noted: dict[str, float] = {}
        self._any = asyncio.Event()

    def note(self, name: str) -> None:
        """The key of this name is used now."""
        self._noted[name] = self._clock.time()
        self._any.set()

    async def run(self) -> None:
        """Write what is noted, until cancelled: at once, then a minute later at the soonest."""
        try:
            while True:
                await self._any.wait()
                with contextlib.suppress(StoreUnavailable):  # then it stays noted
                    await self.write()
                await self._clock.sleep(EVERY_S)
        finally:
            if self._noted:  # the store commits what it has when it closes
                self._submit().add_done_callback(lambda done: done.cancelled() or done.exception())

    async def write(self) -> None:
        """Write what is noted. Raises StoreUnavailable: then it stays noted."""
        await self._submit()

    def _submit(self) -> asyncio.Future[None]:
        noted = dict(self._noted)

        def work(tx: Transaction) -> None:
            tx.keys.used(noted)

        def forget(_: None) -> None:
            for name, at in noted.items():
                if self._noted.get(name) == at:
                    del self._noted[name]
            if not self._noted:
                self._any.clear()

        return self._store.write(work, then=forget)
