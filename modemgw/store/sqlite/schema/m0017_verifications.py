"""Verifications of numbers, which messages have their codes, and what their limits count.

That a key has one pending verification of a number is for the index to see to.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE verifications (
            n INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            key TEXT NOT NULL,
            number TEXT NOT NULL,
            prefix TEXT NOT NULL,
            client BLOB,
            status TEXT NOT NULL,
            salt BLOB NOT NULL,
            length INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            max_attempts INTEGER NOT NULL,
            sends INTEGER NOT NULL,
            max_sends INTEGER NOT NULL,
            template TEXT,
            language TEXT,
            domain TEXT,
            reference TEXT,
            created_at REAL NOT NULL,
            expires_at REAL NOT NULL,
            sent_at REAL NOT NULL,
            ended_at REAL
        );
        CREATE UNIQUE INDEX verifications_pending ON verifications (key, number)
            WHERE status = 'pending';
        CREATE INDEX verifications_expiry ON verifications (expires_at) WHERE status = 'pending';
        CREATE INDEX verifications_at ON verifications (created_at);
        CREATE INDEX verifications_status ON verifications (status, created_at);
        CREATE INDEX verifications_number ON verifications (number, created_at);
        CREATE INDEX verifications_key ON verifications (key, created_at);
        CREATE INDEX verifications_reference ON verifications (reference, created_at)
            WHERE reference IS NOT NULL;
        CREATE INDEX verifications_prefix ON verifications (prefix, created_at, status);

        CREATE TABLE verification_messages (
            message TEXT PRIMARY KEY,
            verification INTEGER NOT NULL,
            places TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX verification_messages_of ON verification_messages (verification);

        CREATE TABLE verification_uses (
            n INTEGER PRIMARY KEY,
            at REAL NOT NULL,
            what TEXT NOT NULL,
            number TEXT NOT NULL,
            key TEXT NOT NULL,
            prefix TEXT NOT NULL,
            client BLOB
        );
        CREATE INDEX verification_uses_at ON verification_uses (at);
        CREATE INDEX verification_uses_number ON verification_uses (what, number, at);
        CREATE INDEX verification_uses_key ON verification_uses (what, key, at);
        CREATE INDEX verification_uses_prefix ON verification_uses (what, prefix, at);
        CREATE INDEX verification_uses_client ON verification_uses (what, client, at)
            WHERE client IS NOT NULL;

        CREATE TABLE stopped_prefixes (
            prefix TEXT PRIMARY KEY,
            since REAL NOT NULL,
            until REAL NOT NULL,
            sent INTEGER NOT NULL,
            approved INTEGER NOT NULL
        ) WITHOUT ROWID;
        """
    )
