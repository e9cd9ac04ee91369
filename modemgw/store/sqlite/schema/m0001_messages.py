"""Messages to send, and each try of each part.

`messages.n` is the order of acceptance. Attempts are clustered by message, so that a message
and its whole history are neighbours on disk.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
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
