"""What is kept about a number, table by table.

A table that is added and holds numbers of people gets a `Holding` here; nothing else is needed for
it to be exported and erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modemgw.store.contract.privacy import Forms, Held
from modemgw.store.sqlite.rows import Rows

IS_ONE = "IN (:e164, :digits, :national)"
"""Whether a column is the number, in any of its forms."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows that are kept about numbers."""

    name: str
    find: str
    """Selects those about :e164, :digits or :national: `n` first, then what is exported."""
    erase: tuple[str, ...] = ()
    """Empties or deletes row :n, unless it is not done with. None: it goes with another one."""


_ENDED = (
    "(status IN ('delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unknown') "
    "OR (status = 'sent' AND NOT (receipt = 1 AND receipt_overdue = 0)))"
)
"""Of a message: no report is awaited that would have to find it by its recipient."""
_IS_ENDED = f"EXISTS (SELECT 1 FROM messages m WHERE m.n = :n AND {_ENDED})"
_IS_HANDLED = (
    "NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.inbound = :n "
    "AND d.state IN ('pending', 'claimed'))"
)
_TOLD = " OR ".join(f"instr(data, '\"' || :{form} || '\"')" for form in Forms._fields)

HOLDINGS: tuple[Holding, ...] = (
    Holding(
        "messages",
        'SELECT n, id, to_number AS "to", text, hex(data) AS data, type, status, encoding, key, '
        "reference, batch, tags, created_at, updated_at, send_at, expires_at, error_code, "
        f"error_detail FROM messages WHERE to_number {IS_ONE} ORDER BY n",
        (
            "UPDATE attempts SET to_number = '', to_tail = '', error_detail = NULL "
            f"WHERE message = :n AND {_IS_ENDED}",
            "UPDATE messages SET to_number = '', text = NULL, data = NULL, reference = NULL "
            f"WHERE n = :n AND {_ENDED}",
        ),
    ),
    Holding(
        "attempts",
        "SELECT 0, m.id AS message, a.part, a.n, a.state, a.modem, a.sim, a.reference, "
        "a.started_at, a.ended_at, a.error_code, a.tp_status, a.report_at "
        f"FROM messages m JOIN attempts a ON a.message = m.n WHERE m.to_number {IS_ONE} "
        "ORDER BY a.message, a.part, a.n",
    ),
    Holding(
        "inbound",
        'SELECT n, id, sender AS "from", to_number AS "to", text, hex(data) AS data, encoding, '
        "modem, sim, sent_at, received_at, problem, keyword, kind, details "
        f"FROM inbound WHERE sender {IS_ONE} ORDER BY n",
        (
            "UPDATE inbound_parts SET tpdu = x'', sender = '', set_key = NULL "
            f"WHERE inbound = :n AND {_IS_HANDLED}",
            "UPDATE delivery_outcomes SET answer = NULL, problem = NULL "
            f"WHERE delivery IN (SELECT n FROM deliveries WHERE inbound = :n) AND {_IS_HANDLED}",
            "UPDATE inbound SET sender = '', text = NULL, data = NULL, problem = NULL, "
            "details = NULL, set_key = NULL "
            f"WHERE n = :n AND {_IS_HANDLED}",
        ),
    ),
    Holding(
        "waiting_parts",
        'SELECT n, sender AS "from", hex(tpdu) AS tpdu, received_at FROM inbound_parts '
        f"WHERE inbound IS NULL AND set_key IS NOT NULL AND sender {IS_ONE} ORDER BY n",
        ("DELETE FROM inbound_parts WHERE n = :n AND inbound IS NULL",),
    ),
    Holding(
        "delivery_outcomes",
        "SELECT o.n, d.subscriber, d.type AS event, o.at, o.code, o.problem, o.answer "
        "FROM inbound i JOIN deliveries d ON d.inbound = i.n "
        f"JOIN delivery_outcomes o ON o.delivery = d.n WHERE i.sender {IS_ONE} ORDER BY o.n",
    ),
    Holding(
        "deliveries",
        "SELECT n, subscriber, type AS event, key, state, created_at, ended_at "
        f"FROM deliveries WHERE key {IS_ONE} ORDER BY n",
        ("UPDATE deliveries SET key = NULL WHERE n = :n AND state IN ('delivered', 'dead')",),
    ),
    Holding(
        "unmatched_reports",
        "SELECT n, recipient, hex(tpdu) AS tpdu, tp_status, received_at FROM unmatched_reports "
        f"WHERE recipient {IS_ONE} ORDER BY n",
        ("DELETE FROM unmatched_reports WHERE n = :n",),
    ),
    Holding(
        "events",
        f"SELECT id, id, type, at, data FROM events WHERE {_TOLD} ORDER BY id",
        tuple(
            f"UPDATE events SET data = replace(data, '\"' || :{form} || '\"', '\"\"') "
            "WHERE id = :n AND id <= (SELECT coalesce(min(event), 0) FROM cursors)"
            for form in Forms._fields
        ),
    ),
    Holding(
        "refusals",
        f"SELECT 0, sim, recipients FROM sim_state WHERE {_TOLD.replace('data', 'recipients')}",
        ("UPDATE sim_state SET recipients = replace(recipients, '\"' || :e164 || '\"', '\"\"')",),
    ),
    Holding(
        "verifications",
        "SELECT n, id, number, status, key, reference, attempts, sends, language, created_at, "
        "expires_at, ended_at FROM verifications WHERE number = :e164 ORDER BY n",
        (
            "DELETE FROM verification_messages WHERE verification = :n "
            "AND EXISTS (SELECT 1 FROM verifications v WHERE v.n = :n AND v.status <> 'pending')",
            "DELETE FROM verifications WHERE n = :n AND status <> 'pending'",
        ),
    ),
    Holding(
        "verification_uses",
        "SELECT n, what, number, key, at FROM verification_uses WHERE number = :e164 ORDER BY n",
        ("DELETE FROM verification_uses WHERE n = :n",),
    ),
    Holding(
        "consents",
        "SELECT n, number, scope, state, source, evidence, at, recorded_at, key, inbound "
        "FROM consent_history WHERE number = :e164 ORDER BY n",
    ),
)
"""Everything that holds numbers of people, in the order in which it is shown and erased."""


class SqlitePrivacy(Rows):
    """Everything about one number."""

    __slots__ = ()

    def find(self, forms: Forms) -> Mapping[str, Sequence[Held]]:
        """What is kept about a number, by holding, also if that is nothing. May take long."""
        return {holding.name: self._find(holding, forms) for holding in HOLDINGS}

    def _find(self, holding: Holding, forms: Forms) -> list[Held]:
        cursor = self._db.execute(holding.find, forms._asdict())
        names = [column[0] for column in cursor.description][1:]
        return [Held(row[0], dict(zip(names, row[1:], strict=True))) for row in cursor]

    def erase(self, forms: Forms, holding: str, numbers: Sequence[int]) -> None:
        """Empty these of a holding of texts and numbers, or delete them.

        What is not done with yet (a message on its way, a delivery that is yet to be made) is left
        as it is: it is found again.
        """
        (found,) = (one for one in HOLDINGS if one.name == holding)
        for n in numbers:
            about = {**forms._asdict(), "n": n}
            for statement in found.erase:
                self._db.execute(statement, about)
