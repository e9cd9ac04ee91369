"""The store in one SQLite file in WAL mode: one writer in its own thread, readers in theirs."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from modemgw.clock import Clock
from modemgw.store import Store
from modemgw.store.sqlite.alone import create_key, list_keys, revoke_key, transaction
from modemgw.store.sqlite.database import FILE_NAME, SqliteStore


def open_store(
    data_dir: Path, *, clock: Clock, backup_before_migrate: bool = True
) -> AbstractAsyncContextManager[Store]:
    """The store in a data directory, to be entered: the one place where the backend is chosen.

    `backup_before_migrate`: copy a store of an older version before it changes. Entering raises
    StoreError when it cannot be used.
    """
    return SqliteStore(
        data_dir / FILE_NAME, clock=clock, backup_before_migrate=backup_before_migrate
    )


__all__ = [
    "FILE_NAME",
    "SqliteStore",
    "create_key",
    "list_keys",
    "open_store",
    "revoke_key",
    "transaction",
]
