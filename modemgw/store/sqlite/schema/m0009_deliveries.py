"""One queue for what must reach somebody outside, and how far the log of events was read.

What handlers were to get comes along. Events of before count as read: whom they concerned was
recorded with them.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE cursors (
            consumer TEXT PRIMARY KEY,
            event INTEGER NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO cursors SELECT 'deliveries', coalesce(max(id), 0) FROM events;

        CREATE TABLE deliveries (
            n INTEGER PRIMARY KEY AUTOINCREMENT,
            subscriber TEXT NOT NULL,
            kind TEXT,
            type TEXT NOT NULL,
            event INTEGER,
            inbound INTEGER,
            key TEXT,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL,
            next_at REAL,
            claimed_by TEXT,
            lease_until REAL,
            created_at REAL NOT NULL,
            ended_at REAL
        );
        CREATE TABLE delivery_outcomes (
            n INTEGER PRIMARY KEY,
            delivery INTEGER NOT NULL,
            at REAL NOT NULL,
            code TEXT NOT NULL,
            problem TEXT,
            took_ms INTEGER
        );

        INSERT INTO deliveries
            (subscriber, type, inbound, state, tries, next_at, created_at, ended_at)
            SELECT handler, 'inbound.received', inbound,
                CASE h.state WHEN 'done' THEN 'delivered' ELSE h.state END, tries, next_at,
                coalesce((SELECT received_at FROM inbound WHERE inbound.n = h.inbound), next_at),
                CASE h.state WHEN 'pending' THEN NULL ELSE next_at END
            FROM handlings h ORDER BY inbound, handler;
        INSERT INTO delivery_outcomes (delivery, at, code, problem)
            SELECT d.n, coalesce(d.ended_at, d.created_at), 'failed', h.problem
            FROM handlings h
            JOIN deliveries d ON d.inbound = h.inbound AND d.subscriber = h.handler
            WHERE h.problem IS NOT NULL ORDER BY d.n;
        DROP TABLE handlings;

        CREATE INDEX deliveries_due ON deliveries (subscriber, next_at) WHERE state = 'pending';
        CREATE INDEX deliveries_claimed ON deliveries (lease_until) WHERE state = 'claimed';
        CREATE INDEX deliveries_key ON deliveries (subscriber, key)
            WHERE state IN ('pending', 'claimed') AND key IS NOT NULL;
        CREATE INDEX deliveries_state ON deliveries (subscriber, state, created_at);
        CREATE INDEX deliveries_inbound ON deliveries (inbound);
        CREATE UNIQUE INDEX deliveries_event ON deliveries (event, subscriber);
        CREATE INDEX delivery_outcomes_delivery ON delivery_outcomes (delivery);
        """
    )
