"""What a received message is, whether it was read, which one it replaces, and where it has gaps.

What was received before counts as read: nobody could say until now.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        ALTER TABLE inbound ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
        ALTER TABLE inbound ADD COLUMN read INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE inbound ADD COLUMN completed_at REAL;
        ALTER TABLE inbound ADD COLUMN replace_type INTEGER;
        ALTER TABLE inbound ADD COLUMN replaces TEXT;
        ALTER TABLE inbound ADD COLUMN replaced_by TEXT;
        ALTER TABLE inbound ADD COLUMN details TEXT;
        ALTER TABLE inbound ADD COLUMN set_key TEXT;

        UPDATE inbound SET read = 1, kind = CASE
            WHEN encoding = 'raw' THEN 'raw'
            WHEN ports LIKE '2948:%' THEN 'wap_push'
            WHEN ports IS NOT NULL THEN 'application'
            WHEN message_class = 0 THEN 'flash'
            WHEN text IS NULL THEN 'data'
            ELSE 'text' END;
        UPDATE inbound SET set_key = (SELECT p.set_key FROM inbound_parts p
                                      WHERE p.inbound = inbound.n LIMIT 1)
            WHERE complete = 0 AND encoding != 'raw';

        CREATE INDEX inbound_gaps ON inbound (set_key) WHERE set_key IS NOT NULL;
        CREATE INDEX inbound_replaceable ON inbound (sim, sender, replace_type)
            WHERE replace_type IS NOT NULL AND replaced_by IS NULL;
        CREATE INDEX inbound_unread ON inbound (sender, received_at) WHERE read = 0;
        CREATE INDEX inbound_read ON inbound (read, received_at);
        CREATE INDEX inbound_complete ON inbound (complete, received_at);
        CREATE INDEX inbound_kind ON inbound (kind, received_at);
        CREATE INDEX inbound_modem ON inbound (modem, received_at);
        CREATE INDEX inbound_to ON inbound (to_number, received_at);
        """
    )
