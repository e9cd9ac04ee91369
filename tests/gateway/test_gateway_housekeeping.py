"""What is let go, and when."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from labs.clock import START, FakeClock
from labs.raw_sql import raw

from modemgw.config import parse
from modemgw.gateway.incoming.intake import Intake
from modemgw.gateway.upkeep.retention import CHUNK, DAY_S, Housekeeping
from modemgw.store import Bucket, Counts, Store, Transaction, UsageQuery, View
from modemgw.store.records import Cost
from modemgw.store.sqlite import FILE_NAME, SqliteStore


class NothingIn:
    """An intake without long messages."""

    async def release_overdue(self) -> None:
        pass


def texts(view: View) -> list[str | None]:
    return [
        row[0] for row in raw(view).execute("SELECT DISTINCT text FROM messages WHERE type = 'otp'")
    ]


def count(table: str):
    return lambda view: raw(view).execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def keeper(store: Store, clock: FakeClock, **config: object) -> Housekeeping:
    intake: Intake = NothingIn()  # type: ignore[assignment]
    return Housekeeping(parse(config), store=store, intake=intake, forgetful=(), clock=clock)


def fill(messages: int):
    def work(tx: Transaction) -> None:
        raw(tx).executemany(
            "INSERT INTO messages (n, id, to_number, text, type, status, encoding, receipt, parts, "
            "route, key, created_at, updated_at, expires_at) "
            "VALUES (?, ?, '+1', 'secret', 'otp', 'delivered', 'gsm7', 1, 1, 'r', 'k', ?, ?, ?)",
            [(n, f"msg_{n}", START, START, START) for n in range(1, messages + 1)],
        )
        for _ in range(messages):
            tx.events.emit("message.delivered", {})

    return work


async def test_old_things_go_chunk_by_chunk_and_others_may_write_in_between(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    many = 3 * CHUNK + 7
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:
        await store.write(fill(many))
        await store.write(lambda tx: tx.deliveries.move_cursor("deliveries", many))
        house = keeper(
            store,
            clock,
            retention={"messages_days": 10, "events_days": 5},
            type={"otp": {"redact_text_after_days": 1}},
        )
        await house.turn()
        assert await store.read(count("messages")) == many
        assert await store.read(texts) == ["secret"]

        clock.now = START + 2 * DAY_S
        before = clock.now
        await house.turn()
        assert await store.read(texts) == [None]
        assert clock.now > before, "it paused between its chunks"
        assert await store.read(count("events")) == many

        clock.now = START + 6 * DAY_S
        await house.turn()
        assert await store.read(count("events")) == 1
        assert await store.read(count("messages")) == many

        clock.now = START + 11 * DAY_S
        await house.turn()
        assert await store.read(count("messages")) == 0


async def test_batches_go_with_the_last_of_their_messages(tmp_path: Path) -> None:
    clock = FakeClock()
    many = 2 * CHUNK + 3

    def batches(tx: Transaction) -> None:
        raw(tx).executemany(
            "INSERT INTO batches (n, id, key, created_at, accepted, rejected) "
            "VALUES (?, 'bat_' || ?, 'k', ?, 1, 0)",
            [(n, n, START) for n in range(many)],
        )
        raw(tx).execute("INSERT INTO batch_spans VALUES (1, 1, 1)")
        raw(tx).execute("UPDATE messages SET status = 'queued' WHERE n = 1")

    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:
        await store.write(fill(3))
        await store.write(batches)
        clock.now += 11 * DAY_S
        await keeper(store, clock).turn()
        assert await store.read(count("batches")) == many, "nothing is let go by default"
        await keeper(store, clock, retention={"messages_days": 10}).turn()
        assert await store.read(count("batches")) == 1, "one of its messages is still open"


async def test_what_was_counted_goes_day_by_day_and_free_parts_are_kept_for_longer(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    today = int(START // DAY_S)
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:

        def work(tx: Transaction) -> None:
            for day in range(today - 9, today + 1):
                for sim in ("s1", "s2"):
                    bucket = Bucket(day, sim, "shop", "otp", "+44")
                    tx.usage.count(bucket, Counts(1, 1), Cost(Decimal(1), "EUR"))
            for months in range(6):
                tx.usage.take_free("s1", "home", int(START - months * 31 * DAY_S), 5)

        await store.write(work)
        await keeper(store, clock).turn()
        assert await store.read(count("usage")) == 20
        await keeper(store, clock, retention={"usage_days": 3}).turn()
        by_day = await store.read(lambda view: view.usage.sums(UsageQuery(("day",))))
        assert [one.of for one in by_day] == [(today - n,) for n in (3, 2, 1, 0)]
        assert await store.read(count("usage_amounts")) == 8
        assert await store.read(count("free_parts")) == 3
