"""What came in: every PDU as it was, the messages made of them, what handlers are to get."""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
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
