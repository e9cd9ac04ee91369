"""Which process alone may do what, and the highest numbers of rows that are deleted."""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
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
