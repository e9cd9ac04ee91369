"""The store in one SQLite file in WAL mode: one writer in its own thread, readers in theirs."""

from modemgw.store.sqlite.database import FILE_NAME, SqliteStore
from modemgw.store.sqlite.keys import create_key, list_keys, revoke_key

__all__ = ["FILE_NAME", "SqliteStore", "create_key", "list_keys", "revoke_key"]
