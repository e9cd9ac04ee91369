"""One daemon a database: two would send every message twice."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from modemgw.store.contract.leases import this_process
from modemgw.store.errors import StoreError
from modemgw.store.sqlite.files import PRIVATE_FILE


def lock(database: Path) -> int:
    """Take the lock beside `database`; closing the returned descriptor, or dying, gives it back.

    The lock has a file of its own: closing any descriptor of the database would drop the locks
    that SQLite holds on it (fcntl(2)). Raises StoreError when another process has it.
    """
    file = database.with_suffix(".lock")
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        with contextlib.suppress(PermissionError):  # made by another user
            os.fchmod(descriptor, PRIVATE_FILE)
    except OSError as error:
        raise StoreError(f"{file} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 256, 0).decode(errors="replace").strip()
        os.close(descriptor)
        whose = f" ({holder})" if holder else ""
        raise StoreError(
            f"another modemgw uses the data directory {database.parent}{whose}; "
            "stop it first, or set another gateway.data_dir"
        ) from error
    with contextlib.suppress(OSError):  # a full disk: then nobody is told whose it is
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{this_process()}\n".encode(), 0)
    return descriptor
