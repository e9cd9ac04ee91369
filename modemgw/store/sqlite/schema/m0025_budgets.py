"""What budgets have given out: sums by limit and period, and what each message holds of them.

Both are written in the transaction that accepts a message, and only where a budget counts it.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE budget_use (
            budget TEXT NOT NULL,
            measure TEXT NOT NULL,
            period INTEGER NOT NULL,
            reserved INTEGER NOT NULL,
            used INTEGER NOT NULL,
            told INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (budget, measure, period)
        ) WITHOUT ROWID;
        CREATE TABLE budget_holds (
            message TEXT NOT NULL,
            budget TEXT NOT NULL,
            measure TEXT NOT NULL,
            period INTEGER NOT NULL,
            sim TEXT NOT NULL,
            quantity INTEGER NOT NULL,
            PRIMARY KEY (message, budget, measure, period, sim)
        ) WITHOUT ROWID;
        """
    )
