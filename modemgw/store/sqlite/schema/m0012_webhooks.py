"""Webhooks, and what their servers have answered.

The index of messages holds those alone that name an address to call back: it costs no other.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE webhooks (
            id TEXT PRIMARY KEY,
            url TEXT NOT NULL,
            events TEXT NOT NULL,
            description TEXT,
            enabled INTEGER NOT NULL,
            created_at REAL NOT NULL,
            disabled_reason TEXT,
            after_event INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE webhook_secrets (
            webhook TEXT NOT NULL,
            place INTEGER NOT NULL,
            secret TEXT NOT NULL,
            until REAL,
            PRIMARY KEY (webhook, place)
        ) WITHOUT ROWID;

        ALTER TABLE deliveries ADD COLUMN waiting_since REAL;
        UPDATE deliveries SET waiting_since = created_at;
        ALTER TABLE delivery_outcomes ADD COLUMN http_status INTEGER;
        ALTER TABLE delivery_outcomes ADD COLUMN answer TEXT;

        CREATE INDEX messages_callback ON messages (n) WHERE callback_url IS NOT NULL;
        """
    )
