"""Rows of deliveries: what must reach somebody outside, and how far each consumer has read.

A delivery refers to what it delivers (an event, an inbound message) and copies nothing of it. It is
pending, then claimed for a time by the one who works on it (a lease), and ends delivered or dead.
Of those with the same `key` for the same subscriber one is under way at a time, in order: the
others have no `next_at` until the one before has ended.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from modemgw.store.contract.deliveries import (
    Answer,
    Delivery,
    DeliveryQuery,
    DeliveryState,
    NewDelivery,
    Payload,
    TryOutcome,
    name_of,
)
from modemgw.store.contract.messages import Stand
from modemgw.store.errors import StoreConflict
from modemgw.store.records import Event, Page
from modemgw.store.sqlite.inbound import SqliteInboundMessages
from modemgw.store.sqlite.messages import SqliteMessages
from modemgw.store.sqlite.paging import page
from modemgw.store.sqlite.rows import Rows

OUTCOMES_KEPT = 20
"""Of each delivery, the newest."""

# --- within


_COLUMNS = (
    "n, subscriber, kind, type, event, "
    "(SELECT inbound.id FROM inbound WHERE inbound.n = deliveries.inbound), "
    "key, state, tries, next_at, lease_until, created_at, ended_at"
)


class SqliteDeliveries(Rows):
    """What must reach somebody outside, and how far each consumer has read."""

    __slots__ = ()

    # --- how far the log of events is read

    def cursor(self, consumer: str) -> int:
        """The id of the last event that a consumer is done with; 0 when it has read none."""
        row = self._db.execute(
            "SELECT event FROM cursors WHERE consumer = ?", (consumer,)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def move_cursor(self, consumer: str, event: int) -> None:
        """The consumer is done with all events up to this one. A cursor never goes back."""
        self._db.execute(
            "INSERT INTO cursors (consumer, event) VALUES (?1, ?2) "
            "ON CONFLICT (consumer) DO UPDATE SET event = max(event, ?2)",
            (consumer, event),
        )

    # --- making and claiming

    def add(self, event: Event, inbound: int | None, new: NewDelivery) -> None:
        """An event is to be delivered. Its data are read from the log then, or `inbound` (a
        number)."""
        self._insert(event.type, event.id, inbound, event.at, new)

    def add_alone(self, type: str, new: NewDelivery) -> int:
        """Something that is no event of the log, and has no data, is to be delivered.

        Returns the delivery's number.
        """
        return self._insert(type, None, None, self.now, new)

    def _insert(
        self, type: str, event: int | None, inbound: int | None, at: float, new: NewDelivery
    ) -> int:
        waits = new.key is not None and _head(self._db, new.subscriber, new.key) is not None
        n = self._db.execute(
            "INSERT INTO deliveries (subscriber, kind, type, event, inbound, key, state, tries, "
            "next_at, created_at, waiting_since) VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?, ?)",
            (
                new.subscriber,
                new.kind,
                type,
                event,
                inbound,
                new.key,
                None if waits else self.now,
                at,
                self.now,
            ),
        ).lastrowid
        assert n is not None
        return n

    def claim(
        self,
        subscriber: str,
        *,
        kind: str,
        by: str,
        lease_s: float,
        furthest_s: float,
        limit: int,
        stand: Stand | None = None,
    ) -> list[Payload]:
        """Claim what is due for a subscriber, the most urgent first, for `lease_s` seconds.

        What seems to be put off for more than `furthest_s` was put off by a clock gone wrong: it is
        due. What a delivery refers to is there; where it is not, the delivery is dead. With `stand`
        (see Messages.get) an event of a message refers to the message.
        """
        due = "SELECT n FROM deliveries WHERE state = 'pending' AND subscriber = ? AND next_at"
        found = self._db.execute(
            f"{due} <= ? ORDER BY next_at, n LIMIT ?", (subscriber, self.now, limit)
        ).fetchall()
        found += self._db.execute(
            f"{due} > ? LIMIT ?", (subscriber, self.now + furthest_s, limit - len(found))
        ).fetchall()
        claimed = []
        for (n,) in found:
            self._db.execute(
                "UPDATE deliveries SET state = 'claimed', kind = ?, claimed_by = ?, lease_until = "
                "? "
                "WHERE n = ?",
                (kind, by, self.now + lease_s, n),
            )
            payload = self._payload(n, by, stand)
            if payload is None:
                self._end(
                    n, by, DeliveryState.DEAD, "lost", "what it delivers is no longer kept", None
                )
            else:
                claimed.append(payload)
        return claimed

    def next_due(self, subscriber: str) -> float | None:
        """When the next pending delivery of a subscriber is due; None when none is."""
        row = self._db.execute(
            "SELECT min(next_at) FROM deliveries WHERE state = 'pending' AND subscriber = ? "
            "AND next_at > 0",  # not NULL, in words that the index serves
            (subscriber,),
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def let_go(self, payload: Payload) -> None:
        """It is not made after all by the one who has claimed it: pending again, at once."""
        self._db.execute(
            "UPDATE deliveries SET state = 'pending', claimed_by = NULL, lease_until = NULL, "
            "next_at = ? WHERE n = ? AND state = 'claimed' AND claimed_by = ?",
            (self.now, payload.n, payload.claimed_by),
        )

    def release(self, node: str) -> None:
        """What the process of this node had claimed, which has ended or ends, is pending at
        once."""
        self._db.execute(
            "UPDATE deliveries SET state = 'pending', claimed_by = NULL, lease_until = NULL, "
            "next_at = ? WHERE state = 'claimed' AND substr(claimed_by, 1, ?) = ?",
            (self.now, len(node) + 1, f"{node}/"),
        )

    def release_expired(self, *, but: Collection[int], furthest_s: float) -> None:
        """What was claimed and has not ended in time is pending again, `but` for these numbers.

        A lease that seems to last longer than `furthest_s` seconds was given by a clock gone wrong.
        """
        expired = self._db.execute(
            "SELECT n FROM deliveries WHERE state = 'claimed' "
            "AND NOT lease_until BETWEEN ?1 AND ?1 + ?2",
            (self.now, furthest_s),
        ).fetchall()
        self._db.executemany(
            "UPDATE deliveries SET state = 'pending', claimed_by = NULL, lease_until = NULL, "
            "next_at = ? WHERE n = ?",
            [(self.now, n) for (n,) in expired if n not in but],
        )

    # --- ending

    def taken(
        self, payload: Payload, took_ms: int | None = None, answer: Answer | None = None
    ) -> None:
        """It was taken. Raises StoreConflict when this claim has ended before.

        `took_ms` is how long that took; None: since it was claimed.
        """
        if took_ms is None:
            took_ms = max(0, round(1000 * (self.now - payload.claimed_at)))
        done = self._end(
            payload.n, payload.claimed_by, DeliveryState.DELIVERED, "taken", None, took_ms, answer
        )
        if not done:
            raise StoreConflict("the delivery has ended before")

    def put_off(
        self,
        payload: Payload,
        code: str,
        problem: str,
        took_ms: int,
        next_at: float,
        answer: Answer | None = None,
    ) -> None:
        """It was not taken and is tried again at `next_at`. What has ended meanwhile stays so."""
        done = self._db.execute(
            "UPDATE deliveries SET state = 'pending', claimed_by = NULL, lease_until = NULL, "
            "tries = tries + 1, next_at = ? WHERE n = ? AND state = 'claimed' AND claimed_by = ?",
            (next_at, payload.n, payload.claimed_by),
        )
        if done.rowcount:
            self._note(payload.n, code, problem, took_ms, answer)

    def give_up(
        self,
        payload: Payload,
        code: str,
        problem: str,
        took_ms: int,
        answer: Answer | None = None,
    ) -> None:
        """It was not taken and is not tried again: dead. What has ended meanwhile stays so."""
        by = payload.claimed_by
        self._end(payload.n, by, DeliveryState.DEAD, code, problem, took_ms, answer)

    def replay(self, numbers: Sequence[int]) -> int:
        """Make these deliveries once more; of those that have not ended nothing changes.

        Returns how many they are.
        """
        count = 0
        for n in numbers:
            row = self._db.execute(
                "SELECT subscriber, key FROM deliveries WHERE n = ? AND state IN ('delivered', "
                "'dead')",
                (n,),
            ).fetchone()
            if row is None:
                continue
            count += 1
            subscriber, key = row
            waits = key is not None and _head(self._db, subscriber, key) is not None
            self._db.execute(
                "UPDATE deliveries SET state = 'pending', tries = 0, next_at = ?, ended_at = NULL, "
                "waiting_since = ? WHERE n = ?",
                (None if waits else self.now, self.now, n),
            )
        return count

    # --- whose subscriber is there no more

    def unknown_subscribers(self, known: Collection[str]) -> list[str]:
        """Subscribers with pending deliveries that are not among the known ones."""
        return [subscriber for subscriber in _with_pending(self._db) if subscriber not in known]

    def hand_on(self, subscriber: str, to: str, limit: int) -> int:
        """What is pending for one subscriber is for another from now on.

        What the other has of its own right already it does not get twice. Returns how much was:
        when it is `limit`, there may be more.
        """
        rows = self._db.execute(
            "SELECT n, event, inbound, key FROM deliveries WHERE state = 'pending' "
            "AND subscriber = ? ORDER BY n LIMIT ?",
            (subscriber, limit),
        ).fetchall()
        for n, event, inbound, key in rows:
            has_it = self._db.execute(
                "SELECT 1 FROM deliveries WHERE subscriber = ?1 AND event = ?2 UNION ALL "
                "SELECT 1 FROM deliveries WHERE subscriber = ?1 AND inbound = ?3",
                (to, event, inbound),
            ).fetchone()
            if has_it:
                _delete(self._db, [n])
                continue
            self._db.execute("UPDATE deliveries SET subscriber = ? WHERE n = ?", (to, n))
            if key is not None:
                self._line_up(to, key)
        return len(rows)

    def bury(self, subscriber: str, problem: str, limit: int) -> int:
        """What is pending for a subscriber is dead. Returns as `hand_on`."""
        rows = self._db.execute(
            "SELECT n FROM deliveries WHERE state = 'pending' AND subscriber = ? LIMIT ?",
            (subscriber, limit),
        ).fetchall()
        for (n,) in rows:
            self._db.execute(
                "UPDATE deliveries SET state = 'dead', ended_at = ? WHERE n = ?", (self.now, n)
            )
            self._note(n, "no-subscriber", problem, None)
        return len(rows)

    # --- reading

    def get(self, n: int) -> Delivery | None:
        """The delivery with this number."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM deliveries WHERE n = ?", (n,)).fetchone()
        return None if row is None else _delivery(self._db, row)

    def find(self, query: DeliveryQuery) -> Page[Delivery]:
        """A page of deliveries, newest first. Raises ValueError for a foreign cursor."""
        states = list(DeliveryState) if query.state is None else [query.state]
        return page(
            self._db,
            "deliveries",
            _COLUMNS,
            (("subscriber", "=", query.subscriber),),
            one_of=[(("state", "=", state.value),) for state in states],
            time="created_at",
            cursor=query.cursor,
            limit=query.limit,
            make=lambda row: _delivery(self._db, row),
        )

    def ended(
        self,
        subscriber: str,
        state: DeliveryState,
        since: float,
        until: float,
        after: tuple[float, int],
        limit: int,
    ) -> list[tuple[float, int]]:
        """(created at, number) of deliveries in a final state, made since and before then, in
        order.

        `after`: the last of those that the call before has returned.
        """
        return self._db.execute(
            "SELECT created_at, n FROM deliveries WHERE subscriber = ? AND state = ? "
            "AND created_at >= ? AND created_at < ? AND (created_at, n) > (?, ?) "
            "ORDER BY created_at, n LIMIT ?",
            (subscriber, state.value, max(since, after[0]), until, *after, limit),
        ).fetchall()

    def of_subscriber(self, subscriber: str, numbers: Sequence[int]) -> set[int]:
        """Those of these numbers that are deliveries of a subscriber."""
        marks = ", ".join("?" * len(numbers))
        rows = self._db.execute(
            f"SELECT n FROM deliveries WHERE n IN ({marks}) AND subscriber = ?",
            (*numbers, subscriber),
        )
        return {n for (n,) in rows}

    def counts(self, subscriber: str) -> dict[str, int]:
        """How many deliveries are pending, claimed and dead."""
        rows = self._db.execute(
            "SELECT state, count(*) FROM deliveries WHERE subscriber = ? "
            "AND state IN ('pending', 'claimed', 'dead') GROUP BY state",
            (subscriber,),
        ).fetchall()
        return {"pending": 0, "claimed": 0, "dead": 0} | dict(rows)

    def _payload(self, n: int, by: str, stand: Stand | None) -> Payload | None:
        """What a claimed delivery hands over; None when it is no longer kept."""
        subscriber, type_, event, inbound, tries, at, since = self._db.execute(
            "SELECT subscriber, type, event, inbound, tries, created_at, waiting_since "
            "FROM deliveries WHERE n = ?",
            (n,),
        ).fetchone()
        received, message, data = None, None, {}
        if inbound is not None:
            received = SqliteInboundMessages(self._db).numbered(inbound)
            if received is None:
                return None
        elif event is not None:
            row = self._db.execute("SELECT data FROM events WHERE id = ?", (event,)).fetchone()
            if row is None:
                return None
            data = json.loads(row[0])
            if stand is not None and type_.startswith("message."):
                message = SqliteMessages(self._db).get(str(data.get("id")), stand)
                if message is None:
                    return None
        return Payload(
            n, subscriber, type_, at, data, received, tries, by, self.now, since or at, message
        )

    def _end(
        self,
        n: int,
        by: str,
        state: DeliveryState,
        code: str,
        problem: str | None,
        took_ms: int | None,
        answer: Answer | None = None,
    ) -> bool:
        """End what is claimed by this one. False when it is not (any more)."""
        row = self._db.execute(
            "UPDATE deliveries SET state = ?, tries = tries + 1, ended_at = ?, claimed_by = NULL, "
            "lease_until = NULL WHERE n = ? AND state = 'claimed' AND claimed_by = ? "
            "RETURNING subscriber, key",
            (state.value, self.now, n, by),
        ).fetchone()
        if row is None:
            return False
        self._note(n, code, problem, took_ms, answer)
        subscriber, key = row
        if key is not None:
            self._advance(subscriber, key)
        return True

    def _note(
        self,
        n: int,
        code: str,
        problem: str | None,
        took_ms: int | None,
        answer: Answer | None = None,
    ) -> None:
        """Add to a delivery's log of outcomes, of which the newest are kept."""
        status, text = (None, None) if answer is None else (answer.http_status, answer.text)
        self._db.execute(
            "INSERT INTO delivery_outcomes "
            "(delivery, at, code, problem, took_ms, http_status, answer) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (n, self.now, code, problem, took_ms, status, text),
        )
        self._db.execute(
            "DELETE FROM delivery_outcomes WHERE delivery = ?1 AND n <= (SELECT n FROM "
            "delivery_outcomes WHERE delivery = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)",
            (n, OUTCOMES_KEPT),
        )

    def _advance(self, subscriber: str, key: str) -> None:
        """The first with a key may be made."""
        self._db.execute(
            "UPDATE deliveries SET next_at = ? WHERE n = ? AND state = 'pending' AND next_at IS "
            "NULL",
            (self.now, _head(self._db, subscriber, key)),
        )

    def _line_up(self, subscriber: str, key: str) -> None:
        """The first with a key may be made; later ones that could be made as well wait for it."""
        self._advance(subscriber, key)
        self._db.execute(
            "UPDATE deliveries SET next_at = NULL WHERE subscriber = ? AND key = ? "
            "AND state IN ('pending', 'claimed') AND state = 'pending' AND next_at IS NOT NULL "
            "AND n > ?",
            (subscriber, key, _head(self._db, subscriber, key)),
        )


def _with_pending(db: sqlite3.Connection) -> Iterator[str]:
    """One step in the index for each subscriber, however much is pending for it."""
    subscriber = ""
    while True:
        (subscriber,) = db.execute(
            "SELECT min(subscriber) FROM deliveries WHERE state = 'pending' AND subscriber > ?",
            (subscriber,),
        ).fetchone()
        if subscriber is None:
            return
        yield subscriber


def _delivery(db: sqlite3.Connection, row: Sequence[Any]) -> Delivery:
    outcomes = db.execute(
        "SELECT at, code, problem, took_ms, http_status, answer FROM delivery_outcomes "
        "WHERE delivery = ? ORDER BY n",
        (row[0],),
    ).fetchall()
    state = DeliveryState(row[7])
    return Delivery(
        id=name_of(row[0]),
        subscriber=row[1],
        kind=row[2],
        event=row[3],
        event_id=row[4],
        inbound=row[5],
        key=row[6],
        state=state,
        tries=row[8],
        next_at=row[9] if state is DeliveryState.PENDING else None,
        lease_until=row[10],
        created_at=row[11],
        ended_at=row[12],
        outcomes=tuple(_outcome(*outcome) for outcome in outcomes),
    )


def _outcome(
    at: float,
    code: str,
    problem: str | None,
    took_ms: int | None,
    http_status: int | None,
    answer: str | None,
) -> TryOutcome:
    answered = None if http_status is None else Answer(http_status, answer or "")
    return TryOutcome(at, code, problem, took_ms, answered)


def _head(db: sqlite3.Connection, subscriber: str, key: str) -> int | None:
    """The first delivery with a key that has not ended."""
    row = db.execute(
        "SELECT n FROM deliveries WHERE subscriber = ? AND key = ? "
        "AND state IN ('pending', 'claimed') ORDER BY n LIMIT 1",
        (subscriber, key),
    ).fetchone()
    return None if row is None else int(row[0])


def _delete(db: sqlite3.Connection, numbers: Sequence[int]) -> None:
    gone = [(n,) for n in numbers]
    db.executemany("DELETE FROM delivery_outcomes WHERE delivery = ?", gone)
    db.executemany("DELETE FROM deliveries WHERE n = ?", gone)
