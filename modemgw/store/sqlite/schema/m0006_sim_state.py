"""Policy that must outlive a restart: a SIM's refusals, an admin's pause, waits, wrong dates.

`sim_state.recipients` is a JSON list. `misdated.what` is an ICCID (its attempts) or `messages`.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE sim_state (
            sim TEXT PRIMARY KEY,
            barred INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            recipients TEXT NOT NULL,
            probes INTEGER NOT NULL,
            probe_at REAL
        ) WITHOUT ROWID;

        CREATE TABLE service_centres (
            sim TEXT PRIMARY KEY,
            ahead_s REAL NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE paused_modems (
            modem TEXT PRIMARY KEY,
            paused_at REAL NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE misdated (
            what TEXT PRIMARY KEY,
            newest REAL NOT NULL,
            seen_at REAL NOT NULL
        ) WITHOUT ROWID;

        ALTER TABLE attempts ADD COLUMN retry_at REAL;
        ALTER TABLE attempts ADD COLUMN retry_elsewhere INTEGER;
        CREATE INDEX attempts_unreferenced ON attempts (sim, started_at)
            WHERE state = 'accepted' AND reference IS NULL;
        """
    )
