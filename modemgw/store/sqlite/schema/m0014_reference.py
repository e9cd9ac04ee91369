"""A message is found by its sender's own name for it; one without a name costs nothing."""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE INDEX messages_reference ON messages (reference, created_at)
        WHERE reference IS NOT NULL;
        """
    )
