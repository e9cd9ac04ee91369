"""What was sent, counted by day, SIM, key, type and prefix; and what each part cost.

Amounts are whole millionths of their currency, so that sums are exact.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        ALTER TABLE attempts ADD COLUMN cost INTEGER;
        ALTER TABLE attempts ADD COLUMN currency TEXT;

        CREATE TABLE usage (
            day INTEGER NOT NULL,
            sim TEXT NOT NULL,
            key TEXT NOT NULL,
            type TEXT NOT NULL,
            prefix TEXT NOT NULL,
            parts INTEGER NOT NULL,
            accepted INTEGER NOT NULL,
            delivered INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            PRIMARY KEY (day, sim, key, type, prefix)
        ) WITHOUT ROWID;

        CREATE TABLE usage_amounts (
            day INTEGER NOT NULL,
            sim TEXT NOT NULL,
            key TEXT NOT NULL,
            type TEXT NOT NULL,
            prefix TEXT NOT NULL,
            currency TEXT NOT NULL,
            amount INTEGER NOT NULL,
            PRIMARY KEY (day, sim, key, type, prefix, currency)
        ) WITHOUT ROWID;

        CREATE TABLE free_parts (
            sim TEXT NOT NULL,
            tariff TEXT NOT NULL,
            month INTEGER NOT NULL,
            used INTEGER NOT NULL,
            PRIMARY KEY (sim, tariff, month)
        ) WITHOUT ROWID;
        """
    )
