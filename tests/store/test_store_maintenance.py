"""Letting old things go: what is deleted, what stays, and at what cost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from modemgw.store import FILE_NAME, deliveries, maintenance
from modemgw.store.opening import connect_or_create
from modemgw.store.writer import Transaction

OLD, CUT, NEW = 1000.0, 2000.0, 3000.0


def add_message(tx: Transaction, n: int, at: float, status: str) -> None:
    tx.execute(
        "INSERT INTO messages (n, id, to_number, text, type, status, encoding, receipt, parts, "
        "route, key, created_at, updated_at, expires_at) "
        "VALUES (?, ?, '+1', 'secret', 'otp', ?, 'gsm7', 1, 1, 'default', 'k', ?, ?, ?)",
        (n, f"msg_{n}", status, at, at, at),
    )
    tx.execute(
        "INSERT INTO attempts (message, part, n, state, modem, sim, to_number, to_tail, "
        "started_at, duplicate_risk) VALUES (?, 1, 1, 'accepted', 'm', 's', '+1', '1', ?, 0)",
        (n, at),
    )


@pytest.fixture
def tx(tmp_path: Path):
    with closing(connect_or_create(tmp_path / FILE_NAME)) as db:
        db.execute("BEGIN")  # as in the writer; and thousands of rows cost one commit
        yield Transaction(db, NEW)


def numbers(tx: Transaction, sql: str) -> list[int]:
    return [row[0] for row in tx.execute(sql)]


def test_ended_old_messages_go_with_their_history_and_open_ones_stay(tx: Transaction) -> None:
    for n, status in enumerate(["delivered", "queued", "failed", "sending", "unknown"], 1):
        add_message(tx, n, OLD, status)
    add_message(tx, 6, NEW, "delivered")
    assert maintenance.delete_messages(tx, 0, CUT, 2) == 2
    assert maintenance.delete_messages(tx, 2, CUT, 2) == 4
    assert maintenance.delete_messages(tx, 4, CUT, 2) == 5
    assert maintenance.delete_messages(tx, 5, CUT, 2) is None
    assert numbers(tx, "SELECT n FROM messages ORDER BY n") == [2, 4, 6]
    assert numbers(tx, "SELECT message FROM attempts ORDER BY 1") == [2, 4, 6]


def test_texts_of_old_ended_messages_of_the_type_are_emptied(tx: Transaction) -> None:
    add_message(tx, 1, OLD, "delivered")
    add_message(tx, 2, OLD, "queued")
    add_message(tx, 3, NEW, "delivered")
    maintenance.redact_texts(tx, "promotional", 0, CUT, 9)
    assert numbers(tx, "SELECT n FROM messages WHERE text IS NULL") == []
    assert maintenance.redact_texts(tx, "otp", 0, CUT, 9) == 2
    assert maintenance.redact_texts(tx, "otp", 2, CUT, 9) is None
    assert numbers(tx, "SELECT n FROM messages WHERE text IS NULL") == [1]


def test_received_messages_that_a_handler_is_to_get_stay(tx: Transaction) -> None:
    for n, at in enumerate([OLD, OLD, NEW], 1):
        tx.execute(
            "INSERT INTO inbound (n, id, sender, encoding, parts_total, complete, modem, sim, "
            "received_at) VALUES (?, ?, '+1', 'gsm7', 1, 1, 'm', 's', ?)",
            (n, f"in_{n}", at),
        )
    tx.execute(
        "INSERT INTO deliveries (inbound, type, subscriber, state, tries, next_at, created_at) "
        "VALUES (1, '', 'h', 'pending', 0, 0, 0), (2, '', 'h', 'delivered', 1, 0, 0)"
    )
    assert maintenance.delete_inbound(tx, 0, CUT, 9) == 2
    assert numbers(tx, "SELECT n FROM inbound ORDER BY n") == [1, 3]


def test_old_events_go_and_the_newest_stays_so_that_ids_go_on(tx: Transaction) -> None:
    for id in range(1, 6):
        tx.execute("INSERT INTO events (id, type, at, data) VALUES (?, 't', ?, '{}')", (id, OLD))
    deliveries.move_cursor(tx, "deliveries", 5)
    assert maintenance.delete_events(tx, 0, CUT, 9) == 5
    assert maintenance.delete_events(tx, 5, CUT, 9) is None
    assert numbers(tx, "SELECT id FROM events") == [5]


def add_batch(tx: Transaction, id: str, at: float) -> None:
    tx.execute("INSERT INTO batches VALUES (?, 'k', ?, 1, 0)", (id, at))


def test_a_batch_goes_when_it_is_old_and_its_last_message_has_gone(tx: Transaction) -> None:
    for batch, at in (("gone", OLD), ("open", OLD), ("empty", OLD), ("new", NEW)):
        add_batch(tx, batch, at)
    add_message(tx, 1, OLD, "queued")
    tx.execute("UPDATE messages SET batch = 'open'")
    assert maintenance.delete_batches(tx, CUT, 1) == 1
    assert maintenance.delete_batches(tx, CUT, 9) == 1
    assert numbers(tx, "SELECT id FROM batches ORDER BY id") == ["new", "open"]


STEPS = [
    lambda tx: maintenance.delete_messages(tx, 0, CUT, 50),
    lambda tx: maintenance.delete_events(tx, 0, CUT, 50),
    lambda tx: maintenance.redact_texts(tx, "otp", 0, CUT, 50),
]
MINUTELY = [
    lambda tx: maintenance.delete_answers(tx, CUT),
    lambda tx: maintenance.delete_unmatched(tx, CUT),
    lambda tx: maintenance.delete_batches(tx, CUT, 50),
]


@pytest.mark.parametrize("step", MINUTELY)
def test_what_is_looked_for_each_minute_is_not_searched_for(
    tx: Transaction, step: Callable[[Transaction], int]
) -> None:
    for n in range(3000):
        tx.execute("INSERT INTO answers VALUES ('k', ?, 'f', 'b', ?)", (str(n), NEW))
        add_batch(tx, f"bat_{n}", NEW)
        tx.execute(
            "INSERT INTO unmatched_reports VALUES (?, ?, 'm', 's', 'x', 1, '+1', 0, ?, NULL)",
            (n + 1, str(n), NEW),
        )
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    tx._db.set_progress_handler(count, 10)
    assert step(tx) == 0
    assert steps < 50, "ten virtual instructions each"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at", [OLD, NEW], ids=["much to do", "nothing to do"])
def test_a_turn_does_not_read_everything(
    tx: Transaction, step: Callable[[Transaction], int | None], at: float
) -> None:
    for n in range(1, 3001):
        add_message(tx, n, at, "queued")
        tx.execute("INSERT INTO events (id, type, at, data) VALUES (?, 't', ?, '{}')", (n, at))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    tx._db.set_progress_handler(count, 10)
    assert step(tx) == (50 if at == OLD else None)
    assert steps < 400, "ten virtual instructions each: far fewer than 3,000 rows take"
