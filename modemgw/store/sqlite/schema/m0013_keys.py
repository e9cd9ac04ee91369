"""Keys that expire, have limits, are rotated and sign callbacks; and what admins did.

A key that is there already keeps its token and gets a secret to sign callbacks with.
"""

from sqlite_utils import Database

from modemgw.store.contract.keys import new_webhook_secret


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        ALTER TABLE keys ADD COLUMN per_minute INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE keys ADD COLUMN per_hour INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE keys ADD COLUMN per_day INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE keys ADD COLUMN expires_at REAL;
        ALTER TABLE keys ADD COLUMN last_used_at REAL;
        ALTER TABLE keys ADD COLUMN webhook_secret TEXT NOT NULL DEFAULT '';

        CREATE TABLE retired_tokens (
            hash BLOB PRIMARY KEY,
            key TEXT NOT NULL,
            retired_at REAL NOT NULL,
            until REAL NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX retired_tokens_key ON retired_tokens (key);

        CREATE TABLE audit (
            n INTEGER PRIMARY KEY,
            at REAL NOT NULL,
            key TEXT,
            address TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT,
            outcome TEXT NOT NULL,
            detail TEXT
        );
        CREATE INDEX audit_at ON audit (at);
        CREATE INDEX audit_key ON audit (key, at);
        CREATE INDEX audit_action ON audit (action, at);
        CREATE INDEX audit_target ON audit (target, at);
        CREATE INDEX audit_outcome ON audit (outcome, at);
        """
    )
    for (name,) in db.execute("SELECT name FROM keys").fetchall():
        db.execute(
            "UPDATE keys SET webhook_secret = ? WHERE name = ?", (new_webhook_secret(), name)
        )
