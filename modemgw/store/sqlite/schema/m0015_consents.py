"""Who may be sent what: decisions that stand, their history, and marks of erased numbers.

Received messages say which keyword they are (STOP, START, HELP).
"""

import secrets

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE consents (
            n INTEGER PRIMARY KEY AUTOINCREMENT,
            number TEXT NOT NULL,
            scope TEXT NOT NULL,
            state TEXT NOT NULL,
            source TEXT NOT NULL,
            at REAL NOT NULL,
            recorded_at REAL NOT NULL,
            evidence TEXT,
            key TEXT,
            inbound TEXT
        );
        CREATE UNIQUE INDEX consents_number ON consents (number, scope);
        CREATE INDEX consents_time ON consents (recorded_at);
        CREATE INDEX consents_state ON consents (state, recorded_at);
        CREATE INDEX consents_scope ON consents (scope, state, recorded_at);

        CREATE TABLE consent_history (
            n INTEGER PRIMARY KEY,
            number TEXT NOT NULL,
            scope TEXT NOT NULL,
            state TEXT NOT NULL,
            source TEXT NOT NULL,
            at REAL NOT NULL,
            recorded_at REAL NOT NULL,
            evidence TEXT,
            key TEXT,
            inbound TEXT
        );
        CREATE INDEX consent_history_number ON consent_history (number);

        CREATE TABLE consent_marks (mark BLOB PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
        CREATE TABLE consent_mark_key (key BLOB NOT NULL);

        ALTER TABLE inbound ADD COLUMN keyword TEXT;
        """
    )
    db.execute("INSERT INTO consent_mark_key VALUES (?)", (secrets.token_bytes(32),))
