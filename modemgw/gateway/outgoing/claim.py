"""Which process carries the messages of a store: the one that holds the lease, for as long as it
says so again.

Nothing is written for a message: whoever holds the lease holds every message that waits.
"""

from __future__ import annotations

import logging

from modemgw.clock import Clock
from modemgw.store import LeaseHeld, Store, StoreError, StoreUnavailable, Transaction
from modemgw.store.contract.leases import this_process

logger = logging.getLogger(__name__)

MESSAGES = "messages"
"""What the lease is on."""
LEASE_S = 60.0
"""So long after this process has fallen silent another may carry the messages on."""
RENEW_S = 20.0


class Claim:
    """Holds the lease on the messages of a store for this process."""

    def __init__(self, store: Store, clock: Clock, holder: str | None = None) -> None:
        self._store = store
        self._clock = clock
        self._holder = holder or this_process()

    def take(self, tx: Transaction) -> None:
        """Take the lease, or renew it. Raises LeaseHeld when it is another's."""
        tx.leases.take(MESSAGES, self._holder, LEASE_S)

    async def run(self) -> None:
        """Renew the lease until cancelled. Raises StoreError when another has taken it."""
        while True:
            await self._clock.sleep(RENEW_S)
            try:
                await self._store.write(self.take)
            except LeaseHeld as held:
                logger.critical("%s: ended, so that nothing is sent twice", held)
                raise StoreError(str(held)) from held
            except Exception as error:  # while nothing can be written nothing can be sent either
                logger.warning("the lease on the messages is not renewed: %s", error)

    async def give_back(self) -> None:
        """Let another process begin at once."""
        try:
            await self._store.write(lambda tx: tx.leases.give_back(MESSAGES, self._holder))
        except StoreUnavailable as error:
            logger.warning("the lease on the messages runs out by itself: %s", error)
