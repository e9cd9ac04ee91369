"""What the network last said of the credit of each SIM."""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE balances (
            sim TEXT PRIMARY KEY,
            amount TEXT,
            currency TEXT,
            said TEXT NOT NULL,
            at REAL NOT NULL,
            low INTEGER NOT NULL
        ) WITHOUT ROWID;
        """
    )
