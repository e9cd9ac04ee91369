"""Lists of messages go by the order of acceptance, so that their indexes cost little to keep.

An index by status that holds every message is written anew at each step of its life. These hold
what has ended, what is sent, and of the times every hundredth. Their conditions are looked at with
every row that is written; for a list after IN, SQLite makes a table each time.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        DROP INDEX messages_time;
        DROP INDEX messages_to;
        DROP INDEX messages_kind;
        DROP INDEX messages_open;
        CREATE INDEX messages_open ON messages (n)
            WHERE status = 'queued' OR status = 'scheduled' OR status = 'sending';
        CREATE INDEX messages_to ON messages (to_number);
        CREATE INDEX messages_reference ON messages (reference) WHERE reference IS NOT NULL;
        CREATE INDEX messages_sent ON messages (type) WHERE status = 'sent';
        CREATE INDEX messages_ended ON messages (status, type) WHERE status = 'delivered'
            OR status = 'undelivered' OR status = 'failed' OR status = 'expired'
            OR status = 'canceled' OR status = 'unknown';
        CREATE INDEX messages_marks ON messages (created_at) WHERE n % 100 = 0;
        """
    )
