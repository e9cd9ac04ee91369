"""Leases: what one process alone may do, and for how long it may go on without saying so again.

Taking one in the transaction that begins such work keeps two processes on one store apart: the
messages that a running gateway holds in its queue are its own because it holds the lease on them.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Protocol

from modemgw.store.errors import StoreConflict


@dataclass(frozen=True, slots=True)
class Lease:
    """Who alone may do what, until when (UTC seconds)."""

    what: str
    holder: str
    until: float


class LeaseHeld(StoreConflict):
    """Another process holds the lease: `lease` tells which, and until when."""

    def __init__(self, lease: Lease) -> None:
        super().__init__(f"{lease.holder} holds the lease on {lease.what}")
        self.lease = lease


def this_process() -> str:
    """The name by which this process holds leases: process number and host."""
    return f"process {os.getpid()} on {socket.gethostname()}"


class LeasesView(Protocol):
    """Leases: what can be asked."""

    def get(self, what: str) -> Lease | None:
        """Who holds a lease, or held it last; None when it was given back, or never taken."""


class Leases(LeasesView, Protocol):
    """What one process alone may do."""

    def take(self, what: str, holder: str, for_s: float) -> Lease:
        """Take a lease from now on for so many seconds, or renew it.

        It can be had when nobody has it, when it has run out, or when `holder` has it already.
        Raises LeaseHeld, with whose it is, when it is another's.
        """

    def give_back(self, what: str, holder: str) -> None:
        """Let others have it at once; nothing happens when it is another's."""
