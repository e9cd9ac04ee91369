"""Types whose texts end with their messages, and what was said lately, to know it when it comes
again. `recent.n` only ever grows, so the oldest are deleted first.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE erased_types (type TEXT PRIMARY KEY) WITHOUT ROWID;
        CREATE TABLE recent (
            n INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            message TEXT NOT NULL,
            at REAL NOT NULL
        );
        """
    )
