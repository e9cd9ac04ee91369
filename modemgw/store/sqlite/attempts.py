"""Rows of attempts: one for each try of one part on one SIM, with the receipt that answered it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from modemgw.sms import status_of
from modemgw.store.contract.attempts import AttemptKey, Begun, Candidate, tail
from modemgw.store.records import (
    Attempt,
    AttemptState,
    Cost,
    ErrorInfo,
    MessageStatus,
    Receipt,
    RetryAt,
)
from modemgw.store.sqlite.rows import Rows
from modemgw.store.sqlite.usage import cost_of, in_millionths

_COLUMNS = (
    "message, part, n, state, modem, sim, to_number, reference, started_at, ended_at, "
    "duplicate_risk, error_code, error_detail, error_permanent, tp_status, report_at, sc_time, "
    "discharge_time, retry_at, retry_elsewhere, cost, currency"
)

_CANDIDATES = (
    "SELECT a.message, a.part, a.n, a.state, a.to_number, coalesce(a.receipt_asked, m.receipt), "
    "a.started_at, a.ended_at, a.tp_status, a.sc_time, a.n = 1 AND NOT EXISTS (SELECT 1 "
    "FROM attempts b WHERE b.message = a.message AND b.part = a.part AND b.n = 2), "
    "m.id, m.status, m.parts, m.reference, m.key, m.type "
    "FROM attempts a JOIN messages m ON m.n = a.message WHERE a.sim = ?1 "
)

_FITTING = (
    f"SELECT * FROM ({_CANDIDATES} AND a.reference = ?2 AND a.to_tail = ?3 "
    "ORDER BY a.started_at DESC LIMIT ?5) "
    f"UNION ALL SELECT * FROM ({_CANDIDATES} AND a.state = 'submitting' AND a.to_tail = ?3) "
    f"UNION ALL SELECT * FROM ({_CANDIDATES} AND a.state = 'ambiguous' AND a.to_tail = ?3 "
    "AND a.started_at >= ?4 ORDER BY a.started_at DESC LIMIT ?5)"
)

_USED = " UNION ALL ".join(
    f"SELECT started_at, to_number FROM attempts INDEXED BY {index} "
    f"WHERE sim = ?1 AND {one} AND started_at >= ?2"
    for index, one in (
        ("attempts_time", "reference IS NOT NULL"),
        ("attempts_ambiguous", "state = 'ambiguous'"),
        ("attempts_unreferenced", "state = 'accepted' AND reference IS NULL"),
    )
)


class SqliteAttempts(Rows):
    """Each try of one part on one SIM, with the receipt that answered it."""

    __slots__ = ()

    def begin(
        self,
        key: AttemptKey,
        *,
        modem: str,
        sim: str,
        to: str,
        started_at: float,
        duplicate_risk: bool,
        receipt_asked: bool,
    ) -> None:
        """Record that a PDU is about to go out. Committed before it does: a crash finds it here."""
        self._db.execute(
            "INSERT INTO attempts (message, part, n, state, modem, sim, to_number, to_tail, "
            "started_at, duplicate_risk, receipt_asked) "
            "VALUES (?, ?, ?, 'submitting', ?, ?, ?, ?, ?, ?, ?)",
            (
                key.message,
                key.part,
                key.n,
                modem,
                sim,
                to,
                tail(to),
                started_at,
                duplicate_risk,
                receipt_asked,
            ),
        )

    def finish(
        self,
        key: AttemptKey,
        state: AttemptState,
        *,
        reference: int | None = None,
        error: ErrorInfo | None = None,
        ended_at: float,
        retry: RetryAt | None = None,
    ) -> bool:
        """Record how an attempt ended, once: an end that is known already stays (False)."""
        if retry is not None:
            self._db.execute(
                "UPDATE attempts SET retry_at = ?, retry_elsewhere = ? "
                "WHERE message = ? AND part = ? AND n = ?",
                (retry.at, retry.elsewhere, key.message, key.part, key.n),
            )
        done = self._db.execute(
            "UPDATE attempts SET state = ?, reference = ?, ended_at = ?, error_code = ?, "
            "error_detail = ?, error_permanent = ? "
            "WHERE message = ? AND part = ? AND n = ? AND state = 'submitting'",
            (
                state,
                reference,
                ended_at,
                None if error is None else error.code,
                None if error is None else error.detail,
                None if error is None else error.permanent,
                key.message,
                key.part,
                key.n,
            ),
        )
        return done.rowcount == 1

    def set_cost(self, key: AttemptKey, cost: Cost) -> None:
        """Keep what an accepted attempt costs."""
        self._db.execute(
            "UPDATE attempts SET cost = ?, currency = ? WHERE message = ? AND part = ? AND n = ?",
            (in_millionths(cost.amount), cost.currency, key.message, key.part, key.n),
        )

    def find(self, key: AttemptKey) -> Begun | None:
        """How an attempt began; None when it was never recorded."""
        row = self._db.execute(
            "SELECT sim, to_number, started_at FROM attempts "
            "WHERE message = ? AND part = ? AND n = ?",
            (key.message, key.part, key.n),
        ).fetchone()
        return None if row is None else Begun(*row)

    def add_report(
        self,
        key: AttemptKey,
        *,
        tp_status: int,
        reported_at: float,
        sc_time: float | None,
        discharge_time: float | None,
    ) -> None:
        """Keep the newest status report of an attempt."""
        self._db.execute(
            "UPDATE attempts SET tp_status = ?, report_at = ?, sc_time = ?, discharge_time = ? "
            "WHERE message = ? AND part = ? AND n = ?",
            (tp_status, reported_at, sc_time, discharge_time, key.message, key.part, key.n),
        )

    def settle(self, key: AttemptKey, reference: int, ended_at: float) -> bool:
        """An ambiguous attempt turned out to be accepted: a report named it. False: it was not."""
        done = self._db.execute(
            "UPDATE attempts SET state = 'accepted', reference = ?, "
            "ended_at = coalesce(ended_at, ?) WHERE message = ? AND part = ? AND n = ? AND state "
            "= 'ambiguous'",
            (reference, ended_at, key.message, key.part, key.n),
        )
        return done.rowcount == 1

    def find_fitting(
        self, sim: str, reference: int, recipient: str, since: float, limit: int
    ) -> list[Candidate]:
        """Attempts on `sim` to a recipient that a report with this TP-MR may name.

        The newest that the modem answered with it, the part in the air, and the newest of which
        nobody knows and that were begun since a time; `limit` of the first and of the last kind.
        """
        rows = self._db.execute(_FITTING, (sim, reference, tail(recipient), since, limit))
        return [_candidate(row) for row in rows]

    def find_unreported(
        self, sim: str, reference: int, since: float, limit: int
    ) -> list[Candidate]:
        """Attempts on `sim` to anybody with this TP-MR, since a time, that no report named yet."""
        rows = self._db.execute(
            _CANDIDATES
            + "AND a.reference = ?2 AND +a.started_at >= ?3 AND a.tp_status IS NULL LIMIT ?4",
            (sim, reference, since, limit),
        )
        return [_candidate(row) for row in rows]

    def last_sims(self, routes: Sequence[str], messages: int) -> Iterable[tuple[str, str]]:
        """(recipient, SIM) of what `routes` carried, oldest first, within the newest `messages`."""
        marks = ", ".join("?" * len(routes))
        return self._db.execute(
            "SELECT a.to_number, a.sim FROM messages m JOIN attempts a ON a.message = m.n "
            "WHERE m.n > (SELECT coalesce(max(n), 0) FROM messages) - ? "
            f"AND m.route IN ({marks}) AND a.state = 'accepted' ORDER BY m.n",
            (messages, *routes),
        )

    def interrupted(self, error: ErrorInfo) -> list[AttemptKey]:
        """After a crash: every attempt that was in the air becomes ambiguous. Returns which."""
        rows = self._db.execute(
            "SELECT message, part, n FROM attempts WHERE state = 'submitting'"
        ).fetchall()
        self._db.executemany(
            "UPDATE attempts SET state = 'ambiguous', error_code = ?, error_detail = ?, "
            "error_permanent = 0 WHERE message = ? AND part = ? AND n = ?",
            [(error.code, error.detail, *row) for row in rows],
        )
        return [AttemptKey(*row) for row in rows]

    def of(self, message: int) -> dict[int, list[Attempt]]:
        """Every attempt of a message, by part, oldest first."""
        history: dict[int, list[Attempt]] = {}
        for row in self._db.execute(
            f"SELECT {_COLUMNS} FROM attempts WHERE message = ? ORDER BY part, n",
            (message,),
        ):
            history.setdefault(row[1], []).append(_attempt(row))
        return history

    def recent(self, sim: str, since: float) -> list[tuple[float, str]]:
        """(start, recipient) of what `sim` has sent, or may have, since a time, oldest first.

        Its limits' use. One of which nobody knows counts: the network may have counted it as well.
        """
        rows = self._db.execute(f"{_USED} ORDER BY 1", (sim, since))
        return [(started, to) for started, to in rows]

    def used(self, sim: str, since: float) -> tuple[int, float | None]:
        """How many parts `recent` has, and when the oldest of them was begun."""
        row = self._db.execute(
            f"SELECT count(*), min(started_at) FROM ({_USED})", (sim, since)
        ).fetchone()
        return row[0], row[1]

    def in_the_air(self, sim: str, carried: Iterable[int]) -> list[tuple[float, str]]:
        """(start, recipient) of each part of these messages whose end on `sim` is not known."""
        return [
            (started, to)
            for n in carried
            for started, to in self._db.execute(
                "SELECT started_at, to_number FROM attempts "
                "WHERE message = ? AND sim = ? AND state = 'submitting'",
                (n, sim),
            )
        ]


# Looked up for every report: three times as fast as the enumerations' own.
_STATES = {state.value: state for state in AttemptState}
_STATUSES = {status.value: status for status in MessageStatus}


def _candidate(row: Sequence[Any]) -> Candidate:
    return Candidate(
        AttemptKey(row[0], row[1], row[2]),
        state=_STATES[row[3]],
        to=row[4],
        asked=bool(row[5]),
        started_at=row[6],
        ended_at=row[7],
        tp_status=row[8],
        sc_time=row[9],
        only_try=bool(row[10]),
        message_id=row[11],
        message_status=_STATUSES[row[12]],
        message_parts=row[13],
        message_reference=row[14],
        message_key=row[15],
        message_type=row[16],
    )


def _attempt(row: Sequence[Any]) -> Attempt:
    receipt = None
    if row[14] is not None:
        status = status_of(row[14])
        receipt = Receipt(
            status=row[14],
            meaning=status.meaning,
            outcome=status.outcome.name.lower(),
            final=status.final,
            received_at=row[15],
            sc_time=row[16],
            discharge_time=row[17],
        )
    return Attempt(
        n=row[2],
        state=AttemptState(row[3]),
        modem=row[4],
        sim=row[5],
        reference=row[7],
        started_at=row[8],
        ended_at=row[9],
        error=None if row[11] is None else ErrorInfo(row[11], row[12], bool(row[13])),
        receipt=receipt,
        duplicate_risk=bool(row[10]),
        retry=None if row[18] is None else RetryAt(row[18], bool(row[19])),
        cost=None if row[20] is None else cost_of(row[20], row[21]),
    )
