"""What the writing connection remembers of its rows, to ask for them less often.

A store that rehearses its units forgets all of it before each: so this is looked at by itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from modemgw.store.sqlite import FILE_NAME
from modemgw.store.sqlite.opening import connect_or_create
from modemgw.store.sqlite.unit import SqliteTransaction

SIM = "8944"


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[SqliteTransaction]:
    with closing(connect_or_create(tmp_path / FILE_NAME)) as db:
        yield SqliteTransaction(db, 1000.0)


def keep(tx: SqliteTransaction, digest: bytes = b"d") -> None:
    tx.unmatched.keep(
        digest=digest,
        modem="m",
        sim=SIM,
        tpdu=b"\x00",
        reference=5,
        recipient="+447700900123",
        tail="0900123",
        tp_status=0,
    )


def waiting(tx: SqliteTransaction) -> int:
    return len(tx.unmatched.find(SIM, 5, "0900123", 0.0))


def undo(tx: SqliteTransaction, db: sqlite3.Connection) -> None:
    db.execute("ROLLBACK TO unit")
    tx.forget()


def test_a_report_that_is_kept_is_found_though_there_was_none_before(tx: SqliteTransaction) -> None:
    assert waiting(tx) == 0
    keep(tx)
    assert waiting(tx) == 1
    tx.unmatched.drop(tx.unmatched.find(SIM, 5, "0900123", 0.0)[0].n)
    assert waiting(tx) == 0
    keep(tx)
    assert waiting(tx) == 1


def test_a_report_whose_end_was_undone_is_found(tx: SqliteTransaction) -> None:
    keep(tx)
    tx.connection.execute("SAVEPOINT unit")
    tx.unmatched.drop(tx.unmatched.find(SIM, 5, "0900123", 0.0)[0].n)
    assert waiting(tx) == 0
    undo(tx, tx.connection)
    assert waiting(tx) == 1


def test_a_clock_is_what_was_set_last_and_not_what_was_undone(tx: SqliteTransaction) -> None:
    assert tx.centres.clock(SIM) == (None, None)
    tx.centres.set_clock(SIM, 3600.0, None)
    assert tx.centres.clock(SIM) == (3600.0, None)
    tx.connection.execute("SAVEPOINT unit")
    tx.centres.set_clock(SIM, 7200.0, None)
    undo(tx, tx.connection)
    assert tx.centres.clock(SIM) == (3600.0, None)


def test_a_clock_moves_with_ours(tx: SqliteTransaction) -> None:
    tx.centres.set_clock(SIM, 3600.0, 5.0)
    tx.dates.redate(600.0, 0.0, 2000.0, tx.dates.marks(), [])
    assert tx.centres.clock(SIM) == (3000.0, -595.0)


def test_types_whose_texts_are_erased_are_as_before_when_another_wish_was_undone(
    tx: SqliteTransaction,
) -> None:
    tx.messages.erase_ended(["otp"])
    assert "otp" in str(tx.messages._erasing_now())
    tx.connection.execute("SAVEPOINT unit")
    tx.messages.erase_ended(["promotional"])
    assert "otp" not in str(tx.messages._erasing_now())
    undo(tx, tx.connection)
    assert "promotional" not in str(tx.messages._erasing_now())
    assert "otp" in str(tx.messages._erasing_now())
