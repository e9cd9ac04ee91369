"""SIMs that were seen, those among them that have sent before; and since when one is barred."""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE sims (
            iccid TEXT PRIMARY KEY,
            imsi TEXT,
            number TEXT,
            modem TEXT NOT NULL,
            seen_at REAL NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO sims (iccid, modem, seen_at)
            SELECT sim, modem, max(started_at) FROM attempts GROUP BY sim;

        ALTER TABLE sim_state ADD COLUMN since REAL;
        """
    )
