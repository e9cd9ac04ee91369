"""The tables, as migrations that are applied once, in order, each in one transaction.

A migration that was released is never changed; a new one is added below it.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from modemgw.sms import Deliver, PduError, decode_mt
from modemgw.store.contract.inbound import digest_of

migrations = Migrations("modemgw")


@migrations(name="0001_messages")
def _messages(db: Database) -> None:
    """Messages to send, and each try of each part.

    `messages.n` is the order of acceptance. Attempts are clustered by message, so that a message
    and its whole history are neighbours on disk.
    """
    db.executescript(
        """
        CREATE TABLE messages (
            n INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            to_number TEXT NOT NULL,
            text TEXT,
            data BLOB,
            ports TEXT,
            type TEXT NOT NULL,
            status TEXT NOT NULL,
            encoding TEXT NOT NULL,
            message_class INTEGER,
            receipt INTEGER NOT NULL,
            parts INTEGER NOT NULL,
            route TEXT NOT NULL,
            modem TEXT,
            key TEXT NOT NULL,
            reference TEXT,
            callback_url TEXT,
            batch TEXT,
            tags TEXT,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            send_at REAL,
            expires_at REAL NOT NULL,
            error_code TEXT,
            error_detail TEXT,
            error_permanent INTEGER,
            receipt_overdue INTEGER NOT NULL DEFAULT 0
        );
        CREATE UNIQUE INDEX messages_id ON messages (id);
        CREATE INDEX messages_open ON messages (n)
            WHERE status IN ('scheduled', 'queued', 'sending');
        CREATE INDEX messages_awaiting_receipt ON messages (updated_at)
            WHERE status = 'sent' AND receipt = 1 AND receipt_overdue = 0;
        CREATE INDEX messages_batch ON messages (batch) WHERE batch IS NOT NULL;

        CREATE TABLE attempts (
            message INTEGER NOT NULL,
            part INTEGER NOT NULL,
            n INTEGER NOT NULL,
            state TEXT NOT NULL,
            modem TEXT NOT NULL,
            sim TEXT NOT NULL,
            to_number TEXT NOT NULL,
            to_tail TEXT NOT NULL,
            reference INTEGER,
            started_at REAL NOT NULL,
            ended_at REAL,
            duplicate_risk INTEGER NOT NULL,
            error_code TEXT,
            error_detail TEXT,
            error_permanent INTEGER,
            tp_status INTEGER,
            report_at REAL,
            sc_time REAL,
            discharge_time REAL,
            PRIMARY KEY (message, part, n)
        ) WITHOUT ROWID;
        CREATE INDEX attempts_reference ON attempts (sim, reference, to_tail, started_at)
            WHERE reference IS NOT NULL;
        CREATE INDEX attempts_ambiguous ON attempts (sim, started_at) WHERE state = 'ambiguous';

        CREATE TABLE batches (
            id TEXT PRIMARY KEY,
            key TEXT NOT NULL,
            created_at REAL NOT NULL,
            accepted INTEGER NOT NULL,
            rejected INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE answers (
            key TEXT NOT NULL,
            idempotency_key TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            body BLOB NOT NULL,
            created_at REAL NOT NULL,
            PRIMARY KEY (key, idempotency_key)
        ) WITHOUT ROWID;
        """
    )


@migrations(name="0002_inbound")
def _inbound(db: Database) -> None:
    """What came in: every PDU as it was, the messages made of them, what handlers are to get."""
    db.executescript(
        """
        CREATE TABLE inbound_parts (
            n INTEGER PRIMARY KEY,
            digest BLOB NOT NULL,
            inbound INTEGER,
            modem TEXT NOT NULL,
            sim TEXT NOT NULL,
            tpdu BLOB NOT NULL,
            sender TEXT NOT NULL,
            set_key TEXT,
            sequence INTEGER NOT NULL,
            total INTEGER NOT NULL,
            received_at REAL NOT NULL
        );
        CREATE INDEX inbound_parts_digest ON inbound_parts (digest);
        CREATE INDEX inbound_parts_waiting ON inbound_parts (set_key, received_at)
            WHERE inbound IS NULL;
        CREATE INDEX inbound_parts_inbound ON inbound_parts (inbound);

        CREATE TABLE inbound (
            n INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            sender TEXT NOT NULL,
            to_number TEXT,
            text TEXT,
            data BLOB,
            encoding TEXT NOT NULL,
            parts_total INTEGER NOT NULL,
            complete INTEGER NOT NULL,
            modem TEXT NOT NULL,
            sim TEXT NOT NULL,
            sent_at REAL,
            received_at REAL NOT NULL,
            message_class INTEGER,
            ports TEXT,
            problem TEXT
        );
        CREATE UNIQUE INDEX inbound_id ON inbound (id);

        CREATE TABLE handlings (
            inbound INTEGER NOT NULL,
            handler TEXT NOT NULL,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL,
            next_at REAL NOT NULL,
            problem TEXT,
            PRIMARY KEY (inbound, handler)
        ) WITHOUT ROWID;
        CREATE INDEX handlings_pending ON handlings (next_at) WHERE state = 'pending';

        CREATE TABLE unmatched_reports (
            n INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            modem TEXT NOT NULL,
            sim TEXT NOT NULL,
            tpdu BLOB NOT NULL,
            reference INTEGER NOT NULL,
            recipient TEXT NOT NULL,
            tp_status INTEGER NOT NULL,
            received_at REAL NOT NULL
        );
        CREATE INDEX unmatched_reports_reference ON unmatched_reports (sim, reference);
        """
    )


@migrations(name="0003_events_keys")
def _events_keys(db: Database) -> None:
    """The log of events, and the API keys (hashed)."""
    db.executescript(
        """
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            type TEXT NOT NULL,
            at REAL NOT NULL,
            data TEXT NOT NULL
        );
        CREATE TABLE keys (
            name TEXT PRIMARY KEY,
            hash BLOB NOT NULL UNIQUE,
            scopes TEXT NOT NULL,
            created_at REAL NOT NULL,
            revoked_at REAL
        ) WITHOUT ROWID;
        """
    )


@migrations(name="0004_pin_tries")
def _pin_tries(db: Database) -> None:
    """Tries of PINs, written before they are made (the PIN hashed, salted)."""
    db.executescript(
        """
        CREATE TABLE pin_tries (
            salt BLOB PRIMARY KEY,
            hash BLOB NOT NULL,
            modem TEXT NOT NULL,
            iccid TEXT,
            outcome TEXT NOT NULL,
            open INTEGER NOT NULL,
            at REAL NOT NULL
        ) WITHOUT ROWID;
        """
    )


@migrations(name="0005_indexes")
def _indexes(db: Database) -> None:
    """Every filter of a list finds its rows, the newest first; so does what lets old things go.

    Each index of messages costs acceptance some percent: one serves status, type and both.
    """
    db.executescript(
        """
        CREATE INDEX messages_time ON messages (created_at);
        CREATE INDEX messages_to ON messages (to_number, created_at);
        CREATE INDEX messages_kind ON messages (status, type, created_at);
        CREATE INDEX attempts_time ON attempts (sim, started_at);
        CREATE INDEX inbound_time ON inbound (received_at);
        CREATE INDEX inbound_sender ON inbound (sender, received_at);
        CREATE INDEX batches_time ON batches (created_at);
        CREATE INDEX answers_time ON answers (created_at);
        CREATE INDEX unmatched_reports_time ON unmatched_reports (received_at);
        """
    )


@migrations(name="0006_sim_state")
def _sim_state(db: Database) -> None:
    """Policy that must outlive a restart: a SIM's refusals, an admin's pause, waits, wrong dates.

    `sim_state.recipients` is a JSON list. `misdated.what` is an ICCID (its attempts) or `messages`.
    """
    db.executescript(
        """
        CREATE TABLE sim_state (
            sim TEXT PRIMARY KEY,
            barred INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            recipients TEXT NOT NULL,
            probes INTEGER NOT NULL,
            probe_at REAL
        ) WITHOUT ROWID;

        CREATE TABLE service_centres (
            sim TEXT PRIMARY KEY,
            ahead_s REAL NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE paused_modems (
            modem TEXT PRIMARY KEY,
            paused_at REAL NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE misdated (
            what TEXT PRIMARY KEY,
            newest REAL NOT NULL,
            seen_at REAL NOT NULL
        ) WITHOUT ROWID;

        ALTER TABLE attempts ADD COLUMN retry_at REAL;
        ALTER TABLE attempts ADD COLUMN retry_elsewhere INTEGER;
        CREATE INDEX attempts_unreferenced ON attempts (sim, started_at)
            WHERE state = 'accepted' AND reference IS NULL;
        """
    )


@migrations(name="0007_receipts_inbound")
def _receipts_inbound(db: Database) -> None:
    """What status reports are matched by, and where in a SIM received messages lie.

    A message is known again by what no repetition changes (`Deliver.identity`): what came in the
    last days gets its digest anew.
    """
    db.executescript(
        """
        ALTER TABLE attempts ADD COLUMN receipt_asked INTEGER;
        CREATE INDEX attempts_submitting ON attempts (sim) WHERE state = 'submitting';
        CREATE INDEX attempts_doubts ON attempts (sim, to_tail, started_at)
            WHERE state = 'ambiguous';

        ALTER TABLE service_centres ADD COLUMN rival_s REAL;

        ALTER TABLE unmatched_reports ADD COLUMN to_tail TEXT;
        UPDATE unmatched_reports SET to_tail = substr(recipient, -7);
        CREATE INDEX unmatched_reports_tail ON unmatched_reports (sim, to_tail);

        CREATE TABLE inbound_places (
            sim TEXT NOT NULL,
            memory TEXT NOT NULL,
            slot INTEGER NOT NULL,
            digest BLOB NOT NULL,
            kept_at REAL NOT NULL,
            PRIMARY KEY (sim, memory, slot)
        ) WITHOUT ROWID;
        CREATE INDEX inbound_places_digest ON inbound_places (digest);
        """
    )
    recent = db.execute(
        "SELECT n, sim, tpdu FROM inbound_parts WHERE received_at >= "
        "(SELECT max(received_at) FROM inbound_parts) - 7 * 86400"
    ).fetchall()
    for n, sim, tpdu in recent:
        try:
            deliver = decode_mt(tpdu)
        except PduError:
            continue  # kept raw
        if isinstance(deliver, Deliver):
            digest = digest_of(sim, deliver.identity())
            db.execute("UPDATE inbound_parts SET digest = ? WHERE n = ?", (digest, n))


@migrations(name="0008_handlers")
def _handlers(db: Database) -> None:
    """What is pending is looked for handler by handler, so that none waits behind another's."""
    db.executescript(
        """
        DROP INDEX handlings_pending;
        CREATE INDEX handlings_pending ON handlings (handler, next_at) WHERE state = 'pending';
        """
    )


@migrations(name="0009_deliveries")
def _deliveries(db: Database) -> None:
    """One queue for what must reach somebody outside, and how far the log of events was read.

    What handlers were to get comes along. Events of before count as read: whom they concerned was
    recorded with them.
    """
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


@migrations(name="0009_sims")
def _sims(db: Database) -> None:
    """SIMs that were seen, those among them that have sent before; and since when one is barred."""
    db.executescript(
        """
        CREATE TABLE sims (
            iccid TEXT PRIMARY KEY,
            imsi TEXT,
            number TEXT,
            modem TEXT NOT NULL,
            seen_at REAL NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO sims (iccid, modem, seen_at)
            SELECT sim, modem, max(started_at) FROM attempts GROUP BY sim;

        ALTER TABLE sim_state ADD COLUMN since REAL;
        """
    )


@migrations(name="0010_leases")
def _leases(db: Database) -> None:
    """Which process alone may do what, and the highest numbers of rows that are deleted."""
    db.executescript(
        """
        CREATE TABLE leases (
            what TEXT PRIMARY KEY,
            holder TEXT NOT NULL,
            until REAL NOT NULL,
            run TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE numbers (
            what TEXT PRIMARY KEY,
            last INTEGER NOT NULL
        ) WITHOUT ROWID;
        """
    )


def migrate(db: Database) -> None:
    """Bring the database to this version's schema; a no-op when it is there already."""
    migrations.apply(db)


def applied(db: sqlite3.Connection) -> list[str]:
    """Names of the migrations that a database has had, in order."""
    rows = db.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'modemgw'")
    return sorted(name for (name,) in rows)


def missing(db: sqlite3.Connection) -> list[str]:
    """Names of migrations that a database lacks, in order: it is from an older version."""
    return sorted(_ours() - set(applied(db)))


def unknown(db: sqlite3.Connection) -> list[str]:
    """Names of migrations that this version does not know: the database is from a newer one."""
    return sorted(set(applied(db)) - _ours())


def _ours() -> set[str]:
    empty = Database(memory=True)
    try:
        return {m.name for m in migrations.pending(empty)}
    finally:
        empty.close()
