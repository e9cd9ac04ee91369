"""Batches have a name, a pace and a state, and know their messages by number.

The messages that are accepted at once have numbers without a gap: a row for each such span finds
them, in the order in which they came and by the indexes that there are. So messages need no index
by batch, which each that came with one had to pay for.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE batches_by_number (
            n INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            name TEXT,
            key TEXT NOT NULL,
            created_at REAL NOT NULL,
            accepted INTEGER NOT NULL,
            rejected INTEGER NOT NULL,
            more INTEGER NOT NULL DEFAULT 0,
            send_at REAL,
            rate_per_minute INTEGER,
            paced_from REAL,
            paused_at REAL,
            canceled_at REAL,
            ended_at REAL
        );
        INSERT INTO batches_by_number (id, key, created_at, accepted, rejected)
            SELECT id, key, created_at, accepted, rejected FROM batches ORDER BY created_at, id;
        DROP TABLE batches;
        ALTER TABLE batches_by_number RENAME TO batches;

        CREATE TABLE batch_spans (
            batch INTEGER NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (batch, first)
        ) WITHOUT ROWID;
        INSERT INTO batch_spans (batch, first, last)
            SELECT b.n, min(m.n), max(m.n) FROM batches b
            JOIN messages m INDEXED BY messages_batch ON m.batch = b.id GROUP BY b.n;
        DROP INDEX messages_batch;
        UPDATE batches SET ended_at = created_at WHERE NOT EXISTS (
            SELECT 1 FROM batch_spans s JOIN messages m INDEXED BY messages_open
            ON m.n BETWEEN s.first AND s.last
            AND (m.status = 'queued' OR m.status = 'scheduled' OR m.status = 'sending')
            WHERE s.batch = batches.n);

        CREATE UNIQUE INDEX batches_id ON batches (id);
        CREATE INDEX batches_time ON batches (created_at);
        CREATE INDEX batches_name ON batches (name) WHERE name IS NOT NULL;
        CREATE INDEX batches_open ON batches (n) WHERE ended_at IS NULL;
        CREATE INDEX batches_canceled ON batches (n) WHERE canceled_at IS NOT NULL;
        """
    )
