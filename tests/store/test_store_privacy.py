"""Everything about one number is found and erased; what is not done with is left; nobody else's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modemgw.store.contract.privacy import Forms
from modemgw.store.sqlite import FILE_NAME
from modemgw.store.sqlite.opening import connect_or_create
from modemgw.store.sqlite.privacy import HOLDINGS
from modemgw.store.sqlite.unit import SqliteTransaction

ANNA = Forms("+447700900111", "447700900111", "07700900111")
BOB = "+447700900222"

OF_PEOPLE = {"number", "to_number", "to_tail", "sender", "recipient", "recipients", "caller"}
"""Names of columns that hold numbers of people …"""
OURS = {"sims"}
"""… but for tables in which they are the SIMs' own."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect_or_create(tmp_path / FILE_NAME)) as opened:
        yield opened


def insert(db: sqlite3.Connection, table: str, **values: Any) -> None:
    """A row; what must be there and is not said is empty."""
    for _, name, kind, needed, default, _ in db.execute(f"PRAGMA table_info({table})"):
        if needed and default is None and name not in values:
            values[name] = "" if kind == "TEXT" else b"" if kind == "BLOB" else 0
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", [*values.values()])


def message(db: sqlite3.Connection, n: int, to: str, status: str, **more: Any) -> None:
    about = {"text": "secret", "data": b"\1", "reference": "anna", "receipt": 1, **more}
    insert(db, "messages", n=n, id=f"msg_{n}", to_number=to, status=status, **about)
    insert(db, "attempts", message=n, part=1, n=1, to_number=to, to_tail=to[-7:])


def received(db: sqlite3.Connection, n: int, sender: str, state: str = "delivered") -> None:
    about = {"text": "secret", "details": "secret", "set_key": f"sim/{sender}/8/1/2"}
    insert(db, "inbound", n=n, id=f"in_{n}", sender=sender, **about)
    insert(db, "inbound_parts", digest=bytes([n]), inbound=n, sender=sender, tpdu=b"secret")
    insert(db, "deliveries", n=n, inbound=n, key=sender, state=state, event=n, subscriber="h")
    insert(db, "delivery_outcomes", delivery=n, problem="secret", answer="secret")


def found(db: sqlite3.Connection) -> dict[str, int]:
    rows = SqliteTransaction(db).privacy.find(ANNA)
    return {name: len(held) for name, held in rows.items() if held}


def erase(db: sqlite3.Connection) -> None:
    tx = SqliteTransaction(db)
    for name, held in tx.privacy.find(ANNA).items():
        tx.privacy.erase(ANNA, name, [one.n for one in held])
    tx.consents.erase(ANNA.e164)


def everything(db: sqlite3.Connection) -> str:
    """All that the database holds."""
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return "\n".join(f"{t} {row!r}" for t in tables for row in db.execute(f"SELECT * FROM {t}"))


def test_nothing_of_it_is_left_in_any_table(db: sqlite3.Connection) -> None:
    for n, status in enumerate(("delivered", "undelivered", "failed", "expired", "canceled"), 1):
        message(db, n, ANNA.e164, status)
    message(db, 6, ANNA.e164, "sent", receipt=0)
    message(db, 7, ANNA.e164, "sent", receipt_overdue=1)
    received(db, 1, ANNA.e164)
    received(db, 2, ANNA.national)
    received(db, 3, ANNA.digits, state="dead")
    insert(db, "inbound_parts", digest=b"9", sender=ANNA.e164, set_key=f"s/{ANNA.e164}/8/1/2")
    insert(db, "unmatched_reports", digest=b"9", recipient=ANNA.e164, tpdu=b"secret")
    insert(db, "events", id=1, type="inbound.received", data=f'{{"from":"{ANNA.e164}"}}')
    insert(db, "events", id=2, type="inbound.received", data=f'{{"from":"{ANNA.national}"}}')
    insert(db, "sim_state", sim="s", recipients=f'["{ANNA.e164}"]')
    insert(db, "consents", number=ANNA.e164, state="opted_out", evidence="secret")
    insert(db, "consent_history", number=ANNA.e164, state="opted_out", evidence="secret")
    about = {"number": ANNA.e164, "reference": "anna", "status": "approved"}
    insert(db, "verifications", n=1, id="ver_1", prefix=ANNA.e164[:-4], **about)
    insert(db, "verification_messages", message="msg_1", verification=1)
    insert(db, "verification_uses", number=ANNA.e164, prefix=ANNA.e164[:-4])
    db.execute("UPDATE cursors SET event = 2")
    assert set(found(db)) == {holding.name for holding in HOLDINGS}
    erase(db)
    assert found(db) == {}
    rest = everything(db)
    for form in (*ANNA, ANNA.e164[-7:], "secret", "anna"):
        assert form not in rest
    assert db.execute("SELECT count(*) FROM messages").fetchone() == (7,)
    assert db.execute("SELECT count(*) FROM consent_marks").fetchone() == (1,)


def test_what_is_not_done_with_is_left_as_it_is(db: sqlite3.Connection) -> None:
    for n, status in enumerate(("scheduled", "queued", "sending", "sent"), 1):
        message(db, n, ANNA.e164, status)
    received(db, 1, ANNA.e164, state="pending")
    received(db, 2, ANNA.e164, state="claimed")
    insert(db, "events", id=5, type="inbound.received", data=f'{{"from":"{ANNA.e164}"}}')
    insert(db, "verifications", n=1, id="ver_1", number=ANNA.e164, status="pending")
    insert(db, "verification_messages", message="msg_1", verification=1)
    before, all_of_it = everything(db), found(db)
    erase(db)
    assert found(db) == all_of_it
    assert everything(db) == before


def test_nothing_of_others_is_touched(db: sqlite3.Connection) -> None:
    message(db, 1, BOB, "delivered", text=f"call {ANNA.e164}")
    received(db, 1, BOB)
    insert(db, "events", id=1, type="inbound.received", data=f'{{"from":"{BOB}"}}')
    insert(db, "consents", number=BOB, state="opted_out")
    insert(db, "consent_history", number=BOB, state="opted_out")
    insert(db, "verifications", n=1, id="ver_1", number=BOB, status="approved")
    insert(db, "verification_uses", number=BOB)
    db.execute("UPDATE cursors SET event = 1")
    before = everything(db)
    erase(db)
    assert everything(db) == before


def test_every_table_that_holds_numbers_of_people_is_among_the_holdings(
    db: sqlite3.Connection,
) -> None:
    """A table that is added gets a Holding, or its numbers are nobody's: then it is in `OURS`."""
    told = " ".join(f"{holding.find} {' '.join(holding.erase)}" for holding in HOLDINGS)
    told += " consents"  # they go with their history: Consents.erase
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        if columns & OF_PEOPLE and table not in OURS:
            assert f" {table}" in told, f"{table} holds numbers and is in no Holding"
