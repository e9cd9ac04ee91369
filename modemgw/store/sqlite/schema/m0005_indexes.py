"""Every filter of a list finds its rows, the newest first; so does what lets old things go.

Each index of messages costs acceptance some percent: one serves status, type and both.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE INDEX messages_time ON messages (created_at);
        CREATE INDEX messages_to ON messages (to_number, created_at);
        CREATE INDEX messages_kind ON messages (status, type, created_at);
        CREATE INDEX attempts_time ON attempts (sim, started_at);
        CREATE INDEX inbound_time ON inbound (received_at);
        CREATE INDEX inbound_sender ON inbound (sender, received_at);
        CREATE INDEX batches_time ON batches (created_at);
        CREATE INDEX answers_time ON answers (created_at);
        CREATE INDEX unmatched_reports_time ON unmatched_reports (received_at);
        """
    )
