"""What status reports are matched by, and where in a SIM received messages lie.

A message is known again by what no repetition changes (`Deliver.identity`): what came in the
last days gets its digest anew.
"""

from sqlite_utils import Database

from modemgw.sms import Deliver, PduError, decode_mt
from modemgw.store.contract.inbound import digest_of


def upgrade(db: Database) -> None:
    """Apply it."""
    db.executescript(
        """
        ALTER TABLE attempts ADD COLUMN receipt_asked INTEGER;
        CREATE INDEX attempts_submitting ON attempts (sim) WHERE state = 'submitting';
        CREATE INDEX attempts_doubts ON attempts (sim, to_tail, started_at)
            WHERE state = 'ambiguous';

        ALTER TABLE service_centres ADD COLUMN rival_s REAL;

        ALTER TABLE unmatched_reports ADD COLUMN to_tail TEXT;
        UPDATE unmatched_reports SET to_tail = substr(recipient, -7);
        CREATE INDEX unmatched_reports_tail ON unmatched_reports (sim, to_tail);

        CREATE TABLE inbound_places (
            sim TEXT NOT NULL,
            memory TEXT NOT NULL,
            slot INTEGER NOT NULL,
            digest BLOB NOT NULL,
            kept_at REAL NOT NULL,
            PRIMARY KEY (sim, memory, slot)
        ) WITHOUT ROWID;
        CREATE INDEX inbound_places_digest ON inbound_places (digest);
        """
    )
    recent = db.execute(
        "SELECT n, sim, tpdu FROM inbound_parts WHERE received_at >= "
        "(SELECT max(received_at) FROM inbound_parts) - 7 * 86400"
    ).fetchall()
    for n, sim, tpdu in recent:
        try:
            deliver = decode_mt(tpdu)
        except PduError:
            continue  # kept raw
        if isinstance(deliver, Deliver):
            digest = digest_of(sim, deliver.identity())
            db.execute("UPDATE inbound_parts SET digest = ? WHERE n = ?", (digest, n))
