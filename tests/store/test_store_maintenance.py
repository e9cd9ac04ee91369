"""Letting old things go: what is deleted, what stays, and at what cost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from labs.raw_sql import raw

from modemgw.store.sqlite import FILE_NAME
from modemgw.store.sqlite.opening import connect_or_create
from modemgw.store.sqlite.unit import SqliteTransaction

OLD, CUT, NEW = 1000.0, 2000.0, 3000.0


def add_message(tx: SqliteTransaction, n: int, at: float, status: str) -> None:
    raw(tx).execute(
        "INSERT INTO messages (n, id, to_number, text, type, status, encoding, receipt, parts, "
        "route, key, created_at, updated_at, expires_at) "
        "VALUES (?, ?, '+1', 'secret', 'otp', ?, 'gsm7', 1, 1, 'default', 'k', ?, ?, ?)",
        (n, f"msg_{n}", status, at, at, at),
    )
    raw(tx).execute(
        "INSERT INTO attempts (message, part, n, state, modem, sim, to_number, to_tail, "
        "started_at, duplicate_risk) VALUES (?, 1, 1, 'accepted', 'm', 's', '+1', '1', ?, 0)",
        (n, at),
    )


@pytest.fixture
def tx(tmp_path: Path):
    with closing(connect_or_create(tmp_path / FILE_NAME)) as db:
        db.execute("BEGIN")  # as in the writer; and thousands of rows cost one commit
        yield SqliteTransaction(db, NEW)


def numbers(tx: SqliteTransaction, sql: str) -> list[int]:
    return [row[0] for row in raw(tx).execute(sql)]


def test_ended_old_messages_go_with_their_history_and_open_ones_stay(tx: SqliteTransaction) -> None:
    for n, status in enumerate(["delivered", "queued", "failed", "sending", "unknown"], 1):
        add_message(tx, n, OLD, status)
    add_message(tx, 6, NEW, "delivered")
    assert tx.retention.delete_messages(0, CUT, 2) == 2
    assert tx.retention.delete_messages(2, CUT, 2) == 4
    assert tx.retention.delete_messages(4, CUT, 2) == 5
    assert tx.retention.delete_messages(5, CUT, 2) is None
    assert numbers(tx, "SELECT n FROM messages ORDER BY n") == [2, 4, 6]
    assert numbers(tx, "SELECT message FROM attempts ORDER BY 1") == [2, 4, 6]


def test_which_template_made_messages_is_forgotten_with_the_last_of_them(
    tx: SqliteTransaction,
) -> None:
    for n, status in enumerate(["delivered", "delivered", "queued", "delivered"], 1):
        add_message(tx, n, OLD, status)
    raw(tx).executemany(
        "INSERT INTO template_uses (first, last, template, version) VALUES (?, ?, 'hello', 1)",
        [(1, 2), (3, 4)],
    )
    assert tx.retention.delete_messages(0, CUT, 1) == 1
    assert numbers(tx, "SELECT first FROM template_uses ORDER BY first") == [1, 3]
    assert tx.retention.delete_messages(1, CUT, 9) == 4
    assert numbers(tx, "SELECT first FROM template_uses ORDER BY first") == [3]


def test_texts_of_old_ended_messages_of_the_type_are_emptied(tx: SqliteTransaction) -> None:
    add_message(tx, 1, OLD, "delivered")
    add_message(tx, 2, OLD, "queued")
    add_message(tx, 3, NEW, "delivered")
    tx.retention.redact_texts("promotional", 0, CUT, 9)
    assert numbers(tx, "SELECT n FROM messages WHERE text IS NULL") == []
    assert tx.retention.redact_texts("otp", 0, CUT, 9) == 2
    assert tx.retention.redact_texts("otp", 2, CUT, 9) is None
    assert numbers(tx, "SELECT n FROM messages WHERE text IS NULL") == [1]


def test_received_messages_that_a_handler_is_to_get_stay(tx: SqliteTransaction) -> None:
    for n, at in enumerate([OLD, OLD, NEW], 1):
        raw(tx).execute(
            "INSERT INTO inbound (n, id, sender, encoding, parts_total, complete, modem, sim, "
            "received_at) VALUES (?, ?, '+1', 'gsm7', 1, 1, 'm', 's', ?)",
            (n, f"in_{n}", at),
        )
    raw(tx).execute(
        "INSERT INTO deliveries (inbound, type, subscriber, state, tries, next_at, created_at) "
        "VALUES (1, '', 'h', 'pending', 0, 0, 0), (2, '', 'h', 'delivered', 1, 0, 0)"
    )
    assert tx.retention.delete_inbound(0, CUT, 9) == 2
    assert numbers(tx, "SELECT n FROM inbound ORDER BY n") == [1, 3]


def test_old_events_go_and_the_newest_stays_so_that_ids_go_on(tx: SqliteTransaction) -> None:
    for id in range(1, 6):
        raw(tx).execute(
            "INSERT INTO events (id, type, at, data) VALUES (?, 't', ?, '{}')", (id, OLD)
        )
    tx.deliveries.move_cursor("deliveries", 5)
    assert tx.retention.delete_events(0, CUT, 9) == 5
    assert tx.retention.delete_events(5, CUT, 9) is None
    assert numbers(tx, "SELECT id FROM events") == [5]


def add_batch(tx: SqliteTransaction, id: str, at: float) -> None:
    raw(tx).execute(
        "INSERT INTO batches (id, key, created_at, accepted, rejected) VALUES (?, 'k', ?, 1, 0)",
        (id, at),
    )


def test_a_batch_goes_when_it_is_old_and_its_last_message_has_gone(tx: SqliteTransaction) -> None:
    for batch, at in (("gone", OLD), ("open", OLD), ("empty", OLD), ("new", NEW)):
        add_batch(tx, batch, at)
    add_message(tx, 1, OLD, "queued")
    raw(tx).execute(
        "INSERT INTO batch_spans SELECT n, 1, 1 FROM batches WHERE id IN ('open', 'gone')"
    )
    raw(tx).execute("UPDATE batch_spans SET first = 2, last = 2 WHERE batch = 1")
    assert tx.retention.delete_batches(CUT, 1) == 1
    assert tx.retention.delete_batches(CUT, 9) == 1
    assert numbers(tx, "SELECT id FROM batches ORDER BY id") == ["new", "open"]


STEPS = [
    lambda tx: tx.retention.delete_messages(0, CUT, 50),
    lambda tx: tx.retention.delete_events(0, CUT, 50),
    lambda tx: tx.retention.redact_texts("otp", 0, CUT, 50),
]
MINUTELY = [
    lambda tx: tx.retention.delete_answers(CUT),
    lambda tx: tx.retention.delete_unmatched(CUT),
    lambda tx: tx.retention.delete_batches(CUT, 50),
]


@pytest.mark.parametrize("step", MINUTELY)
def test_what_is_looked_for_each_minute_is_not_searched_for(
    tx: SqliteTransaction, step: Callable[[SqliteTransaction], int]
) -> None:
    for n in range(3000):
        raw(tx).execute("INSERT INTO answers VALUES ('k', ?, 'f', 'b', ?)", (str(n), NEW))
        add_batch(tx, f"bat_{n}", NEW)
        raw(tx).execute(
            "INSERT INTO unmatched_reports VALUES (?, ?, 'm', 's', 'x', 1, '+1', 0, ?, NULL)",
            (n + 1, str(n), NEW),
        )
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    raw(tx).set_progress_handler(count, 10)
    assert step(tx) == 0
    assert steps < 50, "ten virtual instructions each"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at", [OLD, NEW], ids=["much to do", "nothing to do"])
def test_a_turn_does_not_read_everything(
    tx: SqliteTransaction, step: Callable[[SqliteTransaction], int | None], at: float
) -> None:
    for n in range(1, 3001):
        add_message(tx, n, at, "queued")
        raw(tx).execute("INSERT INTO events (id, type, at, data) VALUES (?, 't', ?, '{}')", (n, at))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    raw(tx).set_progress_handler(count, 10)
    assert step(tx) == (50 if at == OLD else None)
    assert steps < 400, "ten virtual instructions each: far fewer than 3,000 rows take"
