"""Tries of PINs, written before they are made (the PIN hashed, salted)."""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
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
