"""The database in the hands of a command, which works whether or not a daemon runs.

A running daemon sees what is changed here.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from modemgw.store.contract.keys import KeyRow, digest, new_token, new_webhook_secret
from modemgw.store.contract.unit import Transaction, View
from modemgw.store.errors import StoreConflict, StoreError
from modemgw.store.sqlite.opening import connect, connect_or_create
from modemgw.store.sqlite.trouble import describe
from modemgw.store.sqlite.unit import SqliteTransaction, SqliteView


@contextmanager
def transaction(path: Path, *, create: bool = False) -> Iterator[Transaction]:
    """One unit of work, committed when left without an error. `create`: make a missing database.

    Raises StoreError.
    """
    with closing((connect_or_create if create else connect)(path)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteTransaction(db, time.time())
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(describe(error, f"the database {path} cannot be changed")) from error


@contextmanager
def view(path: Path) -> Iterator[View]:
    """What can be asked. Raises StoreError."""
    with closing(connect(path)) as db:
        try:
            yield SqliteView(db)
        except sqlite3.Error as error:
            raise StoreError(describe(error, f"the database {path} cannot be read")) from error


def create_key(path: Path, name: str, scopes: Iterable[str]) -> str:
    """Make a key without limits or end and return its token, which is nowhere kept.

    Raises StoreError: also when the name is in use.
    """
    token = new_token()
    try:
        with transaction(path, create=True) as tx:
            tx.keys.insert(name, digest(token), scopes, tx.now, webhook_secret=new_webhook_secret())
    except StoreConflict as error:
        raise StoreError(f"{error}; revoke it first, or choose another name") from error
    return token


def list_keys(path: Path) -> list[KeyRow]:
    """Every key, oldest first, without secrets. Raises StoreError."""
    with view(path) as asked:
        return asked.keys.all()


def revoke_key(path: Path, name: str) -> bool:
    """Revoke a key; False when there is no such key in force. Raises StoreError."""
    with transaction(path) as tx:
        return tx.keys.revoke(name, tx.now)
