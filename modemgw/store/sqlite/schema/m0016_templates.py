"""Templates, which messages were made by them, and keys that may send nothing else.

Messages are numbered in the order of acceptance, so those of a batch that one template made are a
range: one row for all of them, and none for a message without a template.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        CREATE TABLE templates (
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            content TEXT,
            source TEXT NOT NULL,
            created_at REAL NOT NULL,
            key TEXT,
            PRIMARY KEY (name, version)
        ) WITHOUT ROWID;

        CREATE TABLE template_uses (
            first INTEGER PRIMARY KEY,
            last INTEGER NOT NULL,
            template TEXT NOT NULL,
            version INTEGER NOT NULL
        );

        ALTER TABLE keys ADD COLUMN templates_only INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE keys ADD COLUMN templates TEXT NOT NULL DEFAULT '';
        """
    )
