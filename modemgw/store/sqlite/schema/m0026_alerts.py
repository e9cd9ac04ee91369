"""What a person must see to, and what was silenced of it."""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE alerts (
            n INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            alert TEXT NOT NULL,
            metric TEXT NOT NULL,
            severity TEXT NOT NULL,
            subject TEXT NOT NULL,
            modem TEXT,
            value REAL NOT NULL,
            threshold REAL NOT NULL,
            reason TEXT NOT NULL,
            raised_at REAL NOT NULL,
            cleared_at REAL
        );
        CREATE INDEX alerts_raised_at ON alerts (raised_at);
        CREATE TABLE alert_silences (
            alert TEXT NOT NULL,
            subject TEXT NOT NULL,
            until REAL NOT NULL,
            PRIMARY KEY (alert, subject)
        ) WITHOUT ROWID;
        """
    )
