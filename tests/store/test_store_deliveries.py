"""Rows of deliveries: order per key, leases, replay, the log of outcomes, a database of before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from labs.raw_sql import raw

from modemgw.store import (
    DeliveryQuery,
    DeliveryState,
    NewDelivery,
    Payload,
    StoreConflict,
)
from modemgw.store.contract.deliveries import name_of, number_in
from modemgw.store.records import Event
from modemgw.store.sqlite import FILE_NAME
from modemgw.store.sqlite.deliveries import OUTCOMES_KEPT
from modemgw.store.sqlite.opening import connect_or_create
from modemgw.store.sqlite.schema import migrate
from modemgw.store.sqlite.unit import SqliteTransaction, SqliteView

BEFORE = Path(__file__).parent / "databases" / "2026-11-22.sql"
NODE = "host/run"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect_or_create(tmp_path / FILE_NAME)) as opened:
        yield opened


def at(db: sqlite3.Connection, now: float) -> SqliteTransaction:
    return SqliteTransaction(db, now)


def happen(tx: SqliteTransaction, *keys: str | None, subscriber: str = "h") -> None:
    """An event for each key, and its delivery."""
    (first,) = raw(tx).execute("SELECT coalesce(max(id), 0) + 1 FROM events").fetchone()
    for id, key in enumerate(keys, first):
        raw(tx).execute(
            "INSERT INTO events VALUES (?, 'message.sent', ?, '{\"id\": 7}')", (id, tx.now)
        )
        event = Event(id, "message.sent", tx.now, {})
        tx.deliveries.add(event, None, NewDelivery(subscriber, "exec", key))


def claim(tx: SqliteTransaction, limit: int = 9, **other: Any) -> list[Payload]:
    how: dict[str, Any] = {"kind": "exec", "by": NODE, "lease_s": 60, "furthest_s": 9999, **other}
    return tx.deliveries.claim("h", limit=limit, **how)


def states(db: sqlite3.Connection) -> list[str]:
    return [state for (state,) in db.execute("SELECT state FROM deliveries ORDER BY n")]


def test_what_is_claimed_says_by_whom_and_is_not_claimed_twice(db: sqlite3.Connection) -> None:
    tx = at(db, 100.0)
    happen(tx, None, None, None)
    first = claim(tx, 2)
    assert [(p.n, p.event, p.data, p.claimed_by) for p in first] == [
        (1, "message.sent", {"id": 7}, NODE),
        (2, "message.sent", {"id": 7}, NODE),
    ]
    assert [p.n for p in claim(tx)] == [3]
    assert claim(tx) == []


def test_the_next_of_a_key_comes_when_the_one_before_has_ended(db: sqlite3.Connection) -> None:
    tx = at(db, 100.0)
    happen(tx, "a", "a", "b", "a")
    one, other = claim(tx)
    assert (one.n, other.n) == (1, 3)
    tx.deliveries.put_off(one, "failed", "not now", 5, 200.0)
    assert claim(tx) == [], "it has not ended"
    (one,) = claim(at(db, 200.0))
    at(db, 200.0).deliveries.taken(one)
    (second,) = claim(at(db, 200.0))
    assert second.n == 2
    at(db, 200.0).deliveries.give_up(second, "refused", "never", 5)
    assert [p.n for p in claim(at(db, 200.0))] == [4]


def test_a_replay_takes_its_place_in_the_order(db: sqlite3.Connection) -> None:
    tx = at(db, 100.0)
    happen(tx, "a", "a", "a")
    (one,) = claim(tx)
    tx.deliveries.give_up(one, "refused", "never", 5)
    (two,) = claim(tx)
    assert tx.deliveries.replay([1, 2]) == 1, "the second has not ended"
    assert claim(tx) == []
    tx.deliveries.taken(two)
    (again,) = claim(tx)
    assert (again.n, again.tries) == (1, 0)


def test_order_is_kept_by_whom_deliveries_are_handed_on_to(db: sqlite3.Connection) -> None:
    tx = at(db, 100.0)
    happen(tx, "a", "a", subscriber="old")
    happen(tx, "a", "a")
    assert tx.deliveries.hand_on("old", "h", 1) == 1
    assert tx.deliveries.hand_on("old", "h", 9) == 1
    done = []
    while found := claim(tx):
        assert len(found) == 1
        done.append(found[0].n)
        tx.deliveries.taken(found[0])
    assert done == [1, 2, 3, 4]


def test_a_lease_ends_and_a_claim_that_has_ended_records_nothing(db: sqlite3.Connection) -> None:
    happen(at(db, 100.0), None)
    (late,) = claim(at(db, 100.0), by="elsewhere/run")
    at(db, 110.0).deliveries.release("host")
    at(db, 110.0).deliveries.release_expired(but=(), furthest_s=9999)
    assert claim(at(db, 110.0)) == [], "another host is at it"
    at(db, 161.0).deliveries.release_expired(but=(late.n,), furthest_s=9999)
    assert claim(at(db, 161.0)) == [], "we are at it, and late"
    at(db, 161.0).deliveries.release_expired(but=(), furthest_s=9999)
    (mine,) = claim(at(db, 161.0))
    with pytest.raises(StoreConflict):
        at(db, 162.0).deliveries.taken(late)
    at(db, 162.0).deliveries.give_up(late, "refused", "no", 1)
    at(db, 162.0).deliveries.put_off(late, "failed", "no", 1, 999.0)
    assert states(db) == ["claimed"]
    at(db, 162.5).deliveries.taken(mine)
    found = SqliteView(db).deliveries.get(1)
    assert found is not None
    assert (found.state, found.tries, found.ended_at) == ("delivered", 1, 162.5)
    assert [(o.code, o.took_ms) for o in found.outcomes] == [("taken", 1500)]


def test_a_lease_from_a_clock_gone_wrong_ends_at_once(db: sqlite3.Connection) -> None:
    happen(at(db, 100.0), None)
    claim(at(db, 1e9))
    at(db, 101.0).deliveries.release_expired(but=(), furthest_s=9999)
    assert len(claim(at(db, 101.0))) == 1


def test_of_outcomes_the_newest_are_kept(db: sqlite3.Connection) -> None:
    tx = at(db, 100.0)
    happen(tx, None)
    for n in range(OUTCOMES_KEPT + 5):
        (one,) = claim(tx)
        tx.deliveries.put_off(one, "failed", f"problem {n}", n, 100.0)
    found = SqliteView(db).deliveries.get(1)
    assert found is not None
    assert found.tries == OUTCOMES_KEPT + 5
    assert [o.took_ms for o in found.outcomes] == list(range(5, OUTCOMES_KEPT + 5))


def test_a_page_shows_one_state_or_all(db: sqlite3.Connection) -> None:
    for now in range(5):
        happen(at(db, float(now)), None)
    claim(at(db, 9.0), 2)
    every = SqliteView(db).deliveries.find(DeliveryQuery("h", limit=3))
    rest = SqliteView(db).deliveries.find(DeliveryQuery("h", limit=3, cursor=every.next_cursor))
    assert [d.id for d in (*every.items, *rest.items)] == [name_of(n) for n in (5, 4, 3, 2, 1)]
    claimed = SqliteView(db).deliveries.find(DeliveryQuery("h", DeliveryState.CLAIMED))
    assert [d.id for d in claimed.items] == ["dlv_2", "dlv_1"]
    assert SqliteView(db).deliveries.counts("h") == {"pending": 3, "claimed": 2, "dead": 0}


@pytest.mark.parametrize("name", ["", "dlv_", "7", "dlv_07", "dlv_x", "dlv_-1", "dlv_" + "9" * 30])
def test_what_is_no_name_of_a_delivery(name: str) -> None:
    assert number_in(name) is None


def test_a_name_says_its_number() -> None:
    assert number_in(name_of(12)) == 12


def test_events_stay_for_the_slowest_cursor_and_for_what_is_pending(
    db: sqlite3.Connection,
) -> None:
    tx = at(db, 100.0)
    happen(tx, None, None, None, None, None)
    ids = "SELECT id FROM events ORDER BY id"
    tx.retention.delete_events(0, 200.0, 9)
    assert len(db.execute(ids).fetchall()) == 5, "nothing is read yet"
    tx.deliveries.move_cursor("deliveries", 4)
    tx.deliveries.move_cursor("another", 3)
    for one in claim(tx, 2):
        tx.deliveries.taken(one)
    tx.retention.delete_events(0, 200.0, 9)
    assert db.execute(ids).fetchall() == [(3,), (4,), (5,)]


def test_a_received_message_stays_until_it_is_fanned_out(db: sqlite3.Connection) -> None:
    tx = at(db, 100.0)
    for n in (1, 2):
        raw(tx).execute(
            "INSERT INTO inbound (n, id, sender, encoding, parts_total, complete, modem, sim, "
            "received_at) VALUES (?, ?, '+1', 'gsm7', 1, 1, 'm', 's', ?)",
            (n, f"in_{n}", 100.0 + n),
        )
        raw(tx).execute(
            "INSERT INTO events VALUES (?, 'inbound.received', ?, '{}')", (n, 100.0 + n)
        )
    tx.deliveries.move_cursor("deliveries", 1)
    tx.retention.delete_inbound(0, 999.0, 9)
    assert db.execute("SELECT n FROM inbound").fetchall() == [(2,)]


def test_ended_deliveries_go_with_their_outcomes(db: sqlite3.Connection) -> None:
    tx = at(db, 100.0)
    happen(tx, None, None)
    tx.deliveries.taken(claim(tx, 1)[0])
    assert tx.retention.delete_deliveries(0, 100.0, 9) is None
    assert tx.retention.delete_deliveries(0, 200.0, 9) == 2
    assert states(db) == ["pending"]
    assert db.execute("SELECT count(*) FROM delivery_outcomes").fetchone() == (0,)


def test_a_database_of_the_version_before_keeps_what_handlers_are_to_get() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(BEFORE.read_text())
        pending = "SELECT inbound, handler, tries, next_at FROM handlings WHERE state = 'pending'"
        before = db.execute(f"{pending} ORDER BY inbound, handler").fetchall()
        assert len(before) == 3
        migrate(sqlite_utils.Database(db))
        after = db.execute(
            "SELECT inbound, subscriber, tries, next_at FROM deliveries WHERE state = 'pending' "
            "ORDER BY inbound, subscriber"
        ).fetchall()
        assert after == before
        ended = "SELECT inbound, subscriber, state FROM deliveries WHERE state != 'pending'"
        assert db.execute(ended).fetchall() == [(1, "3:reply", "delivered")]
        assert db.execute(
            "SELECT (SELECT event FROM cursors) = (SELECT max(id) FROM events)"
        ).fetchone() == (1,)
        assert db.execute(
            "SELECT count(*) FROM delivery_outcomes WHERE problem LIKE 'Cannot connect%'"
        ).fetchone() == (3,)
        assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'handlings'").fetchall()
