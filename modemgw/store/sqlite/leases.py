"""Rows of leases: who alone may do what, until when.

Only the process that has the lock of the database writes to it (lock.py). So a lease of another run
is of a process that has ended, and nobody's.
"""

from __future__ import annotations

import secrets

from modemgw.store.contract.leases import Lease, LeaseHeld
from modemgw.store.sqlite.rows import Rows

RUN = secrets.token_hex(8)
"""The mark of this process on its leases."""


class SqliteLeases(Rows):
    """What one process alone may do."""

    __slots__ = ()

    def get(self, what: str) -> Lease | None:
        """Who holds a lease, or held it last."""
        row = self._db.execute(
            "SELECT what, holder, until FROM leases WHERE what = ? AND run = ?", (what, RUN)
        ).fetchone()
        return None if row is None else Lease(*row)

    def take(self, what: str, holder: str, for_s: float) -> Lease:
        """Take a lease, or renew it. Raises LeaseHeld when it is another's."""
        held = self.get(what)
        if held is not None and held.holder != holder and held.until > self.now:
            raise LeaseHeld(held)
        lease = Lease(what, holder, self.now + for_s)
        self._db.execute(
            "INSERT OR REPLACE INTO leases (what, holder, until, run) VALUES (?, ?, ?, ?)",
            (lease.what, lease.holder, lease.until, RUN),
        )
        return lease

    def give_back(self, what: str, holder: str) -> None:
        """Let others have it at once."""
        self._db.execute("DELETE FROM leases WHERE what = ? AND holder = ?", (what, holder))
