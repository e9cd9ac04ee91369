"""What SIMs have sent is found by time first, so that all attempts of a moment share a page.

By SIM first, the parts of eight modems would be written to eight pages, each as long as a page.
"""

from sqlite_utils import Database


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        DROP INDEX attempts_time;
        CREATE INDEX attempts_time ON attempts (started_at, sim);
        """
    )
