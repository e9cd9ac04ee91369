"""Every question that is asked often, or of a large table, finds its rows by an index."""

from __future__ import annotations

import contextlib
import itertools
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modemgw.gateway.outgoing import life
from modemgw.store import (
    AuditQuery,
    BatchQuery,
    BatchState,
    ConsentQuery,
    ConsentState,
    ConversationQuery,
    DeliveryQuery,
    DeliveryState,
    InboundQuery,
    MessageQuery,
    NewBatch,
    NewDelivery,
    Payload,
    StoreConflict,
    VerificationQuery,
)
from modemgw.store.records import ErrorInfo, Event, Inbound, InboundKind, MessageStatus
from modemgw.store.sqlite import FILE_NAME, inbound_lists
from modemgw.store.sqlite.opening import connect_or_create
from modemgw.store.sqlite.unit import SqliteTransaction, SqliteView


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect_or_create(tmp_path / FILE_NAME)) as opened:
        yield opened


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """10,000 messages and as many inbound ones; only asked."""
    with closing(connect_or_create(tmp_path_factory.mktemp("filled") / FILE_NAME)) as opened:
        fill(opened, 10_000)
        yield opened


def fill(db: sqlite3.Connection, count: int) -> None:
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO messages (n, id, to_number, text, type, status, encoding, receipt, parts, "
        "route, key, created_at, updated_at, expires_at) VALUES (?, 'msg_' || ?, ?, 'hello', "
        "'transactional', 'delivered', 'gsm7', 1, 1, 'default', 'k', ?, ?, ?)",
        [(n, n, f"+44770090{n % 9999:04}", n, n, n) for n in range(1, count + 1)],
    )
    db.executemany(
        "INSERT INTO inbound (n, id, sender, encoding, parts_total, complete, modem, sim, "
        "received_at) VALUES (?, 'in_' || ?, ?, 'gsm7', 1, 1, 'm', 's', ?)",
        [(n, n, f"+44770090{n % 9999:04}", n) for n in range(1, count + 1)],
    )
    db.execute("COMMIT")


def cost(db: sqlite3.Connection, ask: Callable[[], Any]) -> int:
    """Virtual instructions of SQLite, in tens."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    db.set_progress_handler(count, 10)
    ask()
    db.set_progress_handler(None, 0)
    return steps


TYPES = ("otp", "transactional", "promotional")

FILTERS = [
    *({"status": status.value} for status in MessageStatus),
    {"status": "delivered", "type": "otp"},
    {"status": "sent", "type": "transactional"},
    {"to": "+447700999999"},
    {"type": "otp"},
    {"since": 9000.0},
    {"until": 100.0},
    {"since": 400.0, "until": 500.0},
    {"status": "failed", "until": 9000.0},
    {"type": "promotional", "since": 400.0, "until": 500.0},
    {"reference": "order-7"},
    {"reference": "order-7", "to": "+447700999999", "status": "sent"},
    {},
]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_a_list_of_messages_costs_what_it_shows(
    filled: sqlite3.Connection, wanted: dict[str, Any]
) -> None:
    steps = cost(
        filled, lambda: SqliteView(filled).messages.find(MessageQuery(**wanted), life.part_status)
    )
    assert steps < 1500, "10,000 rows would be more than 10,000"


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"from_": "+447700999999"},
        {"since": 9990.0},
        {"until": 10.0},
        {"kind": InboundKind.MMS_NOTIFICATION},
        {"read": True},
        {"complete": False},
        {"to": "+447700999999"},
        {"modem": "m9"},
        {"modem": "m", "complete": False, "kind": InboundKind.TEXT},
        {"modem": "m", "kind": InboundKind.FLASH, "read": False},
        {"from_": "+447700900001", "read": True, "kind": InboundKind.TEXT},
    ],
    ids=str,
)
def test_a_list_of_inbound_costs_what_it_shows(
    filled: sqlite3.Connection, wanted: dict[str, Any]
) -> None:
    steps = cost(filled, lambda: SqliteView(filled).inbound.find(InboundQuery(**wanted)))
    assert steps < 1500


@pytest.mark.parametrize("most", [10, 1000])
def test_of_inbound_so_many_are_looked_through_for_a_page_and_no_more(
    filled: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Nothing here is read: whatever finds the rows, none fits."""
    monkeypatch.setattr(inbound_lists, "MOST_LOOKED_AT", most)
    view = SqliteView(filled)
    steps = cost(filled, lambda: view.inbound.find(InboundQuery(modem="m", read=True)))
    assert steps < 100 + 2 * most
    page = view.inbound.find(InboundQuery(modem="m", read=True))
    assert page.items == ()
    assert page.next_cursor == f"{10_001.0 - most!r}~{10_001 - most}"


INBOUND_CHOICES = [
    dict(chosen)
    for size in range(5)
    for chosen in itertools.combinations(
        {
            "from_": "+1",
            "to": "+2",
            "modem": "m1",
            "kind": InboundKind.FLASH,
            "read": False,
            "complete": False,
            "since": 50.0,
            "until": 300.0,
        }.items(),
        size,
    )
]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """600 received messages of every kind, some of one time; only asked."""
    with closing(connect_or_create(tmp_path_factory.mktemp("inbox") / FILE_NAME)) as opened:
        fill(opened, 600)
        opened.executemany(
            "UPDATE inbound SET sender = ?, to_number = ?, modem = ?, kind = ?, read = ?, "
            "complete = ?, received_at = ? WHERE n = ?",
            [
                (
                    f"+{n % 2}",
                    f"+{n // 2 % 3}",
                    f"m{n // 3 % 2}",
                    ("text", "flash")[n // 5 % 2],
                    n // 7 % 2,
                    n // 11 % 2,
                    float(n * 7 % 400),
                    n,
                )
                for n in range(1, 601)
            ],
        )
        yield opened


@pytest.mark.parametrize("most", [9, 20_000])
@pytest.mark.parametrize("wanted", INBOUND_CHOICES, ids=lambda w: "+".join(w) or "none")
def test_every_choice_of_filters_of_inbound_shows_what_fits_and_nothing_twice(
    inbox: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any], most: int
) -> None:
    monkeypatch.setattr(inbound_lists, "MOST_LOOKED_AT", most)
    columns = {"from_": "sender", "to": "to_number"}
    operators = {"since": ("received_at", ">="), "until": ("received_at", "<")}
    conditions = [operators.get(name, (columns.get(name, name), "=")) for name in wanted]
    where = " AND ".join(["1", *(f"{column} {operator} ?" for column, operator in conditions)])
    rows = inbox.execute(
        f"SELECT n FROM inbound WHERE {where} ORDER BY received_at DESC, n DESC", [*wanted.values()]
    )
    found: list[int] = []
    cursor = None
    while True:
        query = InboundQuery(**wanted, limit=7, cursor=cursor)
        page = SqliteView(inbox).inbound.find(query)
        found += [int(m.id.removeprefix("in_")) for m in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [n for (n,) in rows]


def plans(db: sqlite3.Connection, ask: Callable[[], Any]) -> Iterator[tuple[str, str]]:
    """(statement, step of its plan) for all that `ask` runs."""
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    ask()
    db.set_trace_callback(None)
    for statement in asked:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            for step in db.execute("EXPLAIN QUERY PLAN " + statement):
                yield statement, step[3]


ALL = {
    "status": "sent",
    "to": "+1",
    "type": "otp",
    "reference": "order-7",
    "since": 1.0,
    "until": 2.0,
    "cursor": "7",
}
EVERY_CHOICE = [
    dict(chosen)
    for size in range(len(ALL) + 1)
    for chosen in itertools.combinations(ALL.items(), size)
]


INBOUND = {
    "from_": "+1",
    "to": "+2",
    "modem": "m1",
    "kind": InboundKind.FLASH,
    "read": False,
    "complete": False,
    "since": 1.0,
    "until": 2.0,
    "cursor": "1.5~7",
}


ENDS = ("SCAN CONSTANT ROW", "SEARCH messages")
"""What is made of nothing, and the table's last row."""


@pytest.mark.parametrize("wanted", EVERY_CHOICE, ids=lambda w: "+".join(w) or "none")
def test_every_choice_of_filters_uses_an_index_and_sorts_no_more_than_pages(
    filled: sqlite3.Connection, wanted: dict[str, Any]
) -> None:
    steps = [
        step
        for statement, step in plans(
            filled,
            lambda: SqliteView(filled).messages.find(MessageQuery(**wanted), life.part_status),
        )
        if "FROM messages" in statement
    ]
    assert steps
    for step in steps:
        if step.startswith(("SCAN", "SEARCH ")) and step not in ENDS:
            assert "INDEX" in step or "PRIMARY KEY" in step or "(subquery" in step, steps


@pytest.mark.parametrize(
    ("table", "ask"),
    [
        *(
            ("inbound", lambda view, chosen=chosen: view.inbound.find(InboundQuery(**dict(chosen))))
            for size in range(len(INBOUND) + 1)
            for chosen in itertools.combinations(INBOUND.items(), size)
        ),
        *(
            (
                "consents",
                lambda view, chosen=chosen: view.consents.find(ConsentQuery(**dict(chosen))),
            )
            for size in range(5)
            for chosen in itertools.combinations(
                {
                    "number": "+1",
                    "state": ConsentState.OPTED_OUT,
                    "scope": "",
                    "cursor": "1.5~7",
                }.items(),
                size,
            )
        ),
        ("consents", lambda view: view.consents.current("+1", "news")),
        ("consents", lambda view: view.consents.standing("+1")),
        ("consents", lambda view: view.consents.after(7, 10)),
        ("consent_history", lambda view: view.consents.history("+1")),
        *(
            (
                "deliveries",
                lambda view, chosen=chosen: view.deliveries.find(
                    DeliveryQuery("h", **dict(chosen))
                ),
            )
            for size in range(3)
            for chosen in itertools.combinations(
                {"state": DeliveryState.DEAD, "cursor": "1.5~7"}.items(), size
            )
        ),
    ],
)
def test_every_choice_of_filters_of_the_other_lists_uses_an_index(
    filled: sqlite3.Connection, table: str, ask: Callable[[SqliteView], Any]
) -> None:
    steps = [
        step
        for statement, step in plans(filled, lambda: ask(SqliteView(filled)))
        if f"FROM {table}" in statement
    ]
    assert steps
    for step in steps:
        if step.startswith(("SCAN", "SEARCH ")) and "(subquery" not in step:
            assert "INDEX" in step or "PRIMARY KEY" in step, steps


VERBS: list[Callable[[SqliteTransaction], Any]] = [
    lambda tx: tx.messages.overdue(5.0, 9),
    lambda tx: tx.messages.gone_out(1),
    lambda tx: tx.messages.compare_and_set(1, MessageStatus.SENT, MessageStatus.DELIVERED, None),
    lambda tx: list(tx.messages.waiting(life.part_status)),
    lambda tx: tx.messages.unrouted(["default"]),
    lambda tx: tx.batches.counts("bat"),
    lambda tx: tx.batches.waiting("bat", 0, 9),
    lambda tx: tx.batches.not_ended(),
    lambda tx: tx.batches.set_ended("bat", 9.0),
    lambda tx: tx.batches.extend("bat", 20_000, 9, 0, more=True),
    lambda tx: tx.batches.find(BatchQuery(name="offers", state=BatchState.RUNNING)),
    lambda tx: tx.batches.find(BatchQuery(state=BatchState.PAUSED)),
    lambda tx: tx.batches.find(BatchQuery(state=BatchState.CANCELED)),
    lambda tx: tx.messages.number_of("msg_1"),
    lambda tx: tx.messages.get("msg_1", life.part_status),
    lambda tx: tx.attempts.interrupted(ErrorInfo("c", "d", False)),
    lambda tx: tx.attempts.find_fitting("s", 5, "+44770090", 0.0, 9),
    lambda tx: tx.attempts.find_unreported("s", 5, 0.0, 2),
    lambda tx: tx.attempts.recent("s", 0.0),
    lambda tx: tx.inbound.seen(b"x", 0.0),
    lambda tx: tx.inbound.waiting_parts("set", 0.0),
    lambda tx: tx.inbound.gaps("set"),
    lambda tx: tx.inbound.former(FORMER),
    lambda tx: tx.inbound.mark_replaced("in_1", "in_2"),
    lambda tx: tx.inbound.mark_read("in_1", True),
    lambda tx: tx.inbound.mark_all_read("+1", None, 9),
    lambda tx: tx.conversations.find(ConversationQuery(), life.part_status),
    lambda tx: tx.conversations.find(ConversationQuery(unread=True), life.part_status),
    lambda tx: tx.conversations.items("+1", ConversationQuery(), life.part_status),
    lambda tx: tx.unmatched.find("s", 5, "0770090", 0.0),
    lambda tx: tx.inbound.overdue_sets(5.0, 9),
    lambda tx: tx.inbound.kept_from(b"x"),
    lambda tx: tx.deliveries.claim(
        "h", kind="exec", by="host/run", lease_s=9, furthest_s=99, limit=5
    ),
    lambda tx: tx.deliveries.next_due("h"),
    lambda tx: tx.deliveries.release("host"),
    lambda tx: tx.deliveries.release_expired(but=(), furthest_s=99),
    lambda tx: tx.deliveries.taken(PAYLOAD),
    lambda tx: tx.deliveries.put_off(PAYLOAD, "failed", "no", 1, 9.0),
    lambda tx: tx.deliveries.give_up(PAYLOAD, "refused", "no", 1),
    lambda tx: tx.deliveries.add(
        Event(1, "inbound.received", 1.0, {}), 1, NewDelivery("h", "exec", "+1")
    ),
    lambda tx: tx.deliveries.replay([1]),
    lambda tx: tx.deliveries.unknown_subscribers(["h"]),
    lambda tx: tx.deliveries.bury("h", "gone", 5),
    lambda tx: tx.deliveries.ended("h", DeliveryState.DEAD, 0.0, 9.0, (0.0, 0), 5),
    lambda tx: tx.deliveries.counts("h"),
    lambda tx: tx.deliveries.find(DeliveryQuery("h")),
    lambda tx: tx.deliveries.find(DeliveryQuery("h", DeliveryState.DEAD, cursor="1.5~7")),
    lambda tx: tx.retention.delete_inbound(0, 9.0, 5),
    lambda tx: tx.retention.delete_events(0, 9.0, 5),
    lambda tx: tx.retention.delete_deliveries(0, 9.0, 5),
    lambda tx: tx.retention.delete_audit(0, 9.0, 5),
    lambda tx: tx.keys.find(b"x", 9.0),
    lambda tx: tx.keys.get("k"),
    lambda tx: tx.keys.webhook_secret("k"),
    lambda tx: tx.keys.rotate("k", b"y", 9.0, 10.0),
    lambda tx: tx.keys.revoke("k", 9.0),
    lambda tx: tx.keys.used({"k": 9.0}),
    *(
        lambda tx, asked=asked: tx.audit.find(AuditQuery(**asked))
        for asked in (
            {"cursor": "1.5~7"},
            {},
            {"since": 1.0, "until": 2.0},
            *({name: "x"} for name in ("key", "action", "target", "outcome")),
        )
    ),
    lambda tx: tx.verifications.get("ver_1"),
    lambda tx: tx.verifications.latest("k", "+1"),
    lambda tx: tx.verifications.next_expiry(),
    lambda tx: tx.verifications.overdue(9.0, 5),
    lambda tx: tx.verifications.waiting_messages(),
    lambda tx: tx.verifications.tally("+1", 0.0),
    lambda tx: tx.verifications.stopped("+1"),
    lambda tx: tx.verifications.forget_uses(9.0),
    lambda tx: tx.verifications.add_message("msg_1", "ver_1", (5,)),
    lambda tx: tx.retention.delete_verifications(0, 9.0, 5),
    *(
        lambda tx, by=by: tx.verifications.allowed_at("send", by, "x", 5, 9.0, 9.0)
        for by in ("number", "key", "prefix", "client")
    ),
    *(
        lambda tx, asked=asked: tx.verifications.find(VerificationQuery(**asked))
        for asked in (
            {"cursor": "1.5~7"},
            {},
            {"since": 1.0, "until": 2.0},
            *({name: "x"} for name in ("number", "status", "key", "reference")),
        )
    ),
]
FORMER: Inbound = Inbound(
    *("in_1", "+1", None, "hi", None, "gsm7", 1, (), True, "m", "s", None, 1.0), replace_type=1
)
PAYLOAD: Payload = Payload(1, "h", "inbound.received", 1.0, {}, None, 0, "host/run", 1.0, 1.0)


@pytest.mark.parametrize("verb", VERBS)
def test_frequent_queries_use_an_index(
    db: sqlite3.Connection, verb: Callable[[SqliteTransaction], Any]
) -> None:
    def ask() -> None:
        with contextlib.suppress(StoreConflict):  # there is nothing to cancel
            verb(SqliteTransaction(db, 9.0))

    for statement, step in plans(db, ask):
        # (A handful of types are remembered.)
        harmless = r"SCAN (?!\(subquery|CONSTANT|erased_types|.*INDEX)"
        assert not re.match(harmless, step), (statement, step)


def test_what_a_sim_has_sent_of_late_is_not_searched_in_all_it_ever_sent(
    db: sqlite3.Connection,
) -> None:
    """It is asked for in the writer, too, when limits change."""
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO attempts (message, part, n, state, modem, sim, to_number, to_tail, reference, "
        "started_at, duplicate_risk) VALUES (?, 1, 1, 'accepted', 'm', 's', '+1', '1', ?, ?, 0)",
        [(n, n % 256, n) for n in range(1, 10_001)],
    )
    db.execute("COMMIT")
    found: list[tuple[float, str]] = []
    assert cost(db, lambda: found.extend(SqliteView(db).attempts.recent("s", 9990.0))) < 50
    assert len(found) == 11


@pytest.mark.parametrize(
    "verb",
    [
        lambda tx: tx.attempts.find_fitting("s", 5, "+44770090", 0.0, 9),
        lambda tx: tx.attempts.find_unreported("s", 5, 0.0, 2),
    ],
)
def test_a_report_finds_its_attempt_by_the_reference(
    db: sqlite3.Connection, verb: Callable[[SqliteTransaction], Any]
) -> None:
    steps = [step for _, step in plans(db, lambda: verb(SqliteTransaction(db, 9.0)))]
    assert any("attempts_reference (sim=? AND reference=?" in step for step in steps), steps


def test_open_messages_are_found_by_their_own_small_index(db: sqlite3.Connection) -> None:
    """Not by the index of all statuses, which would have to be sorted."""
    for statement, step in plans(
        db, lambda: list(SqliteView(db).messages.waiting(life.part_status))
    ):
        assert "TEMP B-TREE FOR ORDER BY" not in step, statement


def numbers(db: sqlite3.Connection, **wanted: Any) -> list[int]:
    """Numbers of the messages that a list shows, page by page."""
    found: list[int] = []
    cursor = None
    while True:
        page = SqliteView(db).messages.find(
            MessageQuery(**wanted, limit=4, cursor=cursor), life.part_status
        )
        found += [int(m.id.removeprefix("msg_")) for m in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_pages_follow_each_other_where_times_are_equal_or_go_back(db: sqlite3.Connection) -> None:
    fill(db, 30)
    db.execute("UPDATE messages SET created_at = 50 WHERE n BETWEEN 5 AND 15")
    db.execute("UPDATE messages SET created_at = 3 WHERE n = 20")
    assert numbers(db) == [*range(30, 0, -1)]
    assert numbers(db, since=50.0) == [*range(15, 4, -1)]
    assert numbers(db, until=10.0) == [20, *range(4, 0, -1)]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250, 1000])
def test_a_time_is_found_to_the_message(db: sqlite3.Connection, count: int) -> None:
    """Whether there is a mark before it, behind it, both or none."""
    fill(db, count)
    for at in {1, 50, 99, 100, 101, 200, 249, 250, 251, 999, 1000, 1001}:
        assert numbers(db, since=float(at)) == [*range(count, at - 1, -1)]
        assert numbers(db, until=float(at)) == [*range(min(count, at - 1), 0, -1)]
    db.execute("DELETE FROM messages WHERE n <= 150")  # let go, and the marks with them
    there = [n for n in range(count, 0, -1) if n > 150]
    assert numbers(db, since=160.0) == [n for n in there if n >= 160]
    assert numbers(db, until=160.0) == [n for n in there if n < 160]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """400 messages of every kind; only asked."""
    with closing(connect_or_create(tmp_path_factory.mktemp("mixed") / FILE_NAME)) as opened:
        fill(opened, 400)
        kinds = [(status.value, type) for status in MessageStatus for type in TYPES]
        opened.executemany(
            "UPDATE messages SET status = ?, type = ?, reference = ?, to_number = ? WHERE n = ?",
            [(*kinds[n % len(kinds)], f"order-{n % 3}", f"+{n % 5}", n) for n in range(1, 401)],
        )
        yield opened


@pytest.mark.parametrize("wanted", EVERY_CHOICE, ids=lambda w: "+".join(w) or "none")
def test_every_choice_of_filters_shows_what_fits_and_nothing_twice(
    mixed: sqlite3.Connection, wanted: dict[str, Any]
) -> None:
    asked = wanted | {"reference": "order-1"} if "reference" in wanted else dict(wanted)
    asked |= {"since": 120.0} if "since" in wanted else {}
    asked |= {"until": 333.0} if "until" in wanted else {}
    asked.pop("cursor", None)
    conditions = {
        "status": "status = 'sent'",
        "type": "type = 'otp'",
        "to": "to_number = '+1'",
        "reference": "reference = 'order-1'",
        "since": "created_at >= 120",
        "until": "created_at < 333",
    }
    where = " AND ".join(["1", *(conditions[name] for name in asked)])
    rows = mixed.execute(f"SELECT n FROM messages WHERE {where} ORDER BY n DESC").fetchall()
    assert numbers(mixed, **asked) == [n for (n,) in rows]


def test_a_batch_of_many_is_counted_without_looking_at_what_has_ended(
    filled: sqlite3.Connection,
) -> None:
    """Its messages are found by their numbers; none is read to see what became of it in the end."""
    filled.execute("SAVEPOINT counting")
    tx = SqliteTransaction(filled, 9.0)
    tx.batches.insert(NewBatch("bat", "k", 9.0), 1, 10_000, 0)
    for statement, step in plans(filled, lambda: tx.batches.counts("bat")):
        if "INDEXED BY messages_ended" in statement:
            assert "COVERING INDEX" in step, (statement, step)
            assert "rowid>? AND rowid<?" in step, (statement, step)
    listing = MessageQuery(batch="bat", status="delivered", limit=50)
    steps = cost(filled, lambda: tx.messages.find(listing, life.part_status))
    assert steps < 1500, "10,000 rows would be more than 10,000"
    tx.batches.insert(NewBatch("bit", "k", 9.0, more=True), 1, 10, 0)
    tx.batches.extend("bit", 11, 10, 0, more=True)
    assert tx.batches.spans("bit") == [(1, 20)], "what is added at once makes no other span"
    filled.execute("ROLLBACK TO counting")
