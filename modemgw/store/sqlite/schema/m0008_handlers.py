"""What is pending is looked for handler by handler, so that none waits behind another's."""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        DROP INDEX handlings_pending;
        CREATE INDEX handlings_pending ON handlings (handler, next_at) WHERE state = 'pending';
        """
    )
