"""Conversations are read from what was sent and received, page by page, each once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from modemgw.gateway.outgoing import life
from modemgw.store import ConversationQuery
from modemgw.store.records import Conversation, ConversationItem
from modemgw.store.sqlite import FILE_NAME, conversations
from modemgw.store.sqlite.opening import connect_or_create
from modemgw.store.sqlite.unit import SqliteView

NUMBERS = [f"+44770090000{i}" for i in range(8)]


class Item(NamedTuple):
    """What there is, and what must be found."""

    at: float
    n: int
    received: bool
    number: str
    read: bool = False


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect_or_create(tmp_path / FILE_NAME)) as opened:
        yield opened


def put(db: sqlite3.Connection, items: list[Item]) -> None:
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO messages (n, id, to_number, text, type, status, encoding, receipt, parts, "
        "route, key, created_at, updated_at, expires_at) VALUES (?, 'msg_' || ?, ?, 'hello', "
        "'transactional', 'delivered', 'gsm7', 1, 1, 'default', 'k', ?, 1, 1)",
        [(i.n, i.n, i.number, i.at) for i in items if not i.received],
    )
    db.executemany(
        "INSERT INTO inbound (n, id, sender, encoding, parts_total, complete, modem, sim, "
        "received_at, read) VALUES (?, 'in_' || ?, ?, 'gsm7', 1, 1, 'm', 's', ?, ?)",
        [(i.n, i.n, i.number, i.at, i.read) for i in items if i.received],
    )
    db.execute("COMMIT")


def some(random: Random, *, jumps: bool) -> list[Item]:
    """60 of each, at times of which some are equal; `jumps`: the clock went back now and then."""
    items = []
    for received in (False, True):
        at = 0.0
        for n in range(1, 61):
            at += random.choice([0.0, 1.0, 2.0])
            if jumps and random.random() < 0.1:
                at = max(0.0, at - 20.0)
            number = random.choice(NUMBERS[: 2 + n // 8])
            items.append(Item(at, n, received, number, random.random() < 0.5))
    return items


def id_of(item: ConversationItem) -> str:
    either = item.message or item.inbound
    assert either is not None
    return either.id


def all_of(db: sqlite3.Connection, **asked: bool) -> list[Conversation]:
    found: list[Conversation] = []
    cursor = None
    while True:
        query = ConversationQuery(**asked, limit=3, cursor=cursor)
        page = SqliteView(db).conversations.find(query, life.part_status)
        assert len(page.items) <= 3
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def items_of(db: sqlite3.Connection, number: str, **asked: bool) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        query = ConversationQuery(**asked, limit=4, cursor=cursor)
        page = SqliteView(db).conversations.items(number, query, life.part_status)
        assert all(item.at >= 0 for item in page.items)
        found += map(id_of, page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found


def name(item: Item) -> str:
    return f"in_{item.n}" if item.received else f"msg_{item.n}"


def newest_first(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda i: (i.at, i.received, i.n), reverse=True)


@pytest.mark.parametrize("most", [5, 20_000])
@pytest.mark.parametrize("seed", range(12))
def test_every_number_is_there_once_with_its_newest_message(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, seed: int, most: int
) -> None:
    monkeypatch.setattr(conversations, "MOST_LOOKED_AT", most)
    monkeypatch.setattr(conversations, "CHUNK", 3)
    items = some(Random(seed), jumps=False)
    put(db, items)
    lasts: dict[str, Item] = {}
    for item in newest_first(items):
        lasts.setdefault(item.number, item)
    found = all_of(db)
    assert [(c.number, id_of(c.last)) for c in found] == [(n, name(i)) for n, i in lasts.items()]
    for one in found:
        unread = [i for i in items if i.received and not i.read and i.number == one.number]
        assert one.unread == len(unread)
        mine = [i for i in items if i.number == one.number]
        assert items_of(db, one.number) == list(map(name, newest_first(mine)))


@pytest.mark.parametrize("seed", range(12))
def test_it_loses_nothing_where_the_clock_went_back(db: sqlite3.Connection, seed: int) -> None:
    items = some(Random(seed), jumps=True)
    put(db, items)
    found = all_of(db)
    assert sorted(c.number for c in found) == sorted({i.number for i in items})
    for one in found:
        shown = items_of(db, one.number)
        assert sorted(shown) == sorted(name(i) for i in items if i.number == one.number)
        assert id_of(one.last) == shown[0]


def test_only_what_may_be_seen_counts(db: sqlite3.Connection) -> None:
    put(
        db,
        [
            Item(5.0, 2, False, NUMBERS[0]),
            Item(4.0, 1, True, NUMBERS[0]),
            Item(3.0, 2, True, NUMBERS[1]),
            Item(2.0, 1, False, NUMBERS[2]),
        ],
    )
    sent, received = all_of(db, received=False), all_of(db, sent=False)
    assert [(c.number, id_of(c.last), c.unread) for c in sent] == [
        (NUMBERS[0], "msg_2", 0),
        (NUMBERS[2], "msg_1", 0),
    ]
    assert [(c.number, id_of(c.last), c.unread) for c in received] == [
        (NUMBERS[0], "in_1", 1),
        (NUMBERS[1], "in_2", 1),
    ]
    assert items_of(db, NUMBERS[0], sent=False) == ["in_1"]
    assert items_of(db, NUMBERS[0], received=False) == ["msg_2"]


@pytest.mark.parametrize("seed", range(6))
def test_those_with_unread_messages_are_found_by_the_newest_of_these(
    db: sqlite3.Connection, seed: int
) -> None:
    items = some(Random(seed), jumps=False)
    put(db, items)
    unread: dict[str, None] = {}
    lasts: dict[str, str] = {}
    for item in newest_first(items):
        lasts.setdefault(item.number, name(item))
        if item.received and not item.read:
            unread.setdefault(item.number)
    found = all_of(db, unread=True)
    assert [c.number for c in found] == list(unread)
    assert [id_of(c.last) for c in found] == [lasts[number] for number in unread]


def test_what_could_not_be_decoded_is_from_nobody(db: sqlite3.Connection) -> None:
    put(db, [Item(1.0, 1, True, ""), Item(2.0, 2, True, "Bank")])
    assert [c.number for c in all_of(db)] == ["Bank"]
    assert [c.number for c in all_of(db, unread=True)] == ["Bank"]


def test_a_number_with_very_many_messages_is_looked_through_in_turns(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "MOST_LOOKED_AT", 100)
    many = [Item(float(n), n, False, NUMBERS[0]) for n in range(2, 1002)]
    put(db, [*many, Item(1.0, 1, False, NUMBERS[1])])
    pages, cursor = 0, None
    while True:
        query = ConversationQuery(cursor=cursor)
        page = SqliteView(db).conversations.find(query, life.part_status)
        pages, cursor = pages + 1, page.next_cursor
        if cursor is None:
            break
    assert pages == 11
    assert [c.number for c in page.items] == [NUMBERS[1]]


@pytest.mark.parametrize("cursor", ["", "x", "1~2.0", "1~x~3", "1~nan~3", "1~2.0~-3", "١~2.0~3"])
def test_a_foreign_cursor_is_refused(db: sqlite3.Connection, cursor: str) -> None:
    view = SqliteView(db).conversations
    query = ConversationQuery(cursor=cursor)
    with pytest.raises(ValueError, match=r".+"):
        view.find(query, life.part_status)
    with pytest.raises(ValueError, match=r".+"):
        view.items("+1", query, life.part_status)
