"""Rows of attempts: one for each try of one part on one SIM, with the receipt that answered it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from modemgw.sms import status_of
from modemgw.store.records import (
    Attempt,
    AttemptState,
    ErrorInfo,
    MessageStatus,
    Receipt,
    Retry,
)
from modemgw.store.writer import Transaction

_COLUMNS = (
    "message, part, n, state, modem, sim, to_number, reference, started_at, ended_at, "
    "duplicate_risk, error_code, error_detail, error_permanent, tp_status, report_at, sc_time, "
    "discharge_time, retry_at, retry_elsewhere"
)


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """Which attempt: the message's number, the part from 1, the try from 1."""

    message: int
    part: int
    n: int


@dataclass(frozen=True, slots=True)
class Submission:
    """An attempt, with what the matching of reports wants to know of it and its message."""

    key: AttemptKey
    state: AttemptState
    to: str
    asked: bool
    """A status report was asked for with it."""
    started_at: float
    ended_at: float | None
    tp_status: int | None
    """Of the newest report so far."""
    sc_time: float | None
    """TP-SCTS of that report."""
    only_try: bool
    """Its part was tried this once."""
    message_id: str
    message_status: MessageStatus
    message_parts: int
    message_reference: str | None


TAIL_DIGITS = 7
"""So many last digits of a number survive what networks do to it."""


def tail(number: str) -> str:
    """The end of a number, by which its national and international spellings are one."""
    return number[-TAIL_DIGITS:]


def begin(
    tx: Transaction,
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
    tx.execute(
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
    tx: Transaction,
    key: AttemptKey,
    state: AttemptState,
    *,
    reference: int | None = None,
    error: ErrorInfo | None = None,
    ended_at: float,
    retry: Retry | None = None,
) -> None:
    """Record how an attempt ended, once: an end that is known already stays."""
    if retry is not None:
        tx.execute(
            "UPDATE attempts SET retry_at = ?, retry_elsewhere = ? "
            "WHERE message = ? AND part = ? AND n = ?",
            (retry.at, retry.elsewhere, key.message, key.part, key.n),
        )
    tx.execute(
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


@dataclass(frozen=True, slots=True)
class Begun:
    """How an attempt began."""

    sim: str
    to: str
    started_at: float


def find(tx: Transaction, key: AttemptKey) -> Begun | None:
    """How an attempt began; None when it was never recorded."""
    row = tx.execute(
        "SELECT sim, to_number, started_at FROM attempts WHERE message = ? AND part = ? AND n = ?",
        (key.message, key.part, key.n),
    ).fetchone()
    return None if row is None else Begun(*row)


def add_report(
    tx: Transaction,
    key: AttemptKey,
    *,
    tp_status: int,
    reported_at: float,
    sc_time: float | None,
    discharge_time: float | None,
) -> None:
    """Keep the newest status report of an attempt."""
    tx.execute(
        "UPDATE attempts SET tp_status = ?, report_at = ?, sc_time = ?, discharge_time = ? "
        "WHERE message = ? AND part = ? AND n = ?",
        (tp_status, reported_at, sc_time, discharge_time, key.message, key.part, key.n),
    )


def settle(tx: Transaction, key: AttemptKey, reference: int, ended_at: float) -> None:
    """An ambiguous attempt turned out to be accepted: a report named it."""
    tx.execute(
        "UPDATE attempts SET state = 'accepted', reference = ?, ended_at = coalesce(ended_at, ?) "
        "WHERE message = ? AND part = ? AND n = ? AND state = 'ambiguous'",
        (reference, ended_at, key.message, key.part, key.n),
    )


_SUBMISSIONS = (
    "SELECT a.message, a.part, a.n, a.state, a.to_number, coalesce(a.receipt_asked, m.receipt), "
    "a.started_at, a.ended_at, a.tp_status, a.sc_time, a.n = 1 AND NOT EXISTS (SELECT 1 "
    "FROM attempts b WHERE b.message = a.message AND b.part = a.part AND b.n = 2), "
    "m.id, m.status, m.parts, m.reference "
    "FROM attempts a JOIN messages m ON m.n = a.message WHERE a.sim = ?1 "
)


_FITTING = (
    f"SELECT * FROM ({_SUBMISSIONS} AND a.reference = ?2 AND a.to_tail = ?3 "
    "ORDER BY a.started_at DESC LIMIT ?5) "
    f"UNION ALL SELECT * FROM ({_SUBMISSIONS} AND a.state = 'submitting' AND a.to_tail = ?3) "
    f"UNION ALL SELECT * FROM ({_SUBMISSIONS} AND a.state = 'ambiguous' AND a.to_tail = ?3 "
    "AND a.started_at >= ?4 ORDER BY a.started_at DESC LIMIT ?5)"
)


def find_fitting(
    tx: Transaction, sim: str, reference: int, recipient: str, since: float, limit: int
) -> list[Submission]:
    """Attempts on `sim` to a recipient that a report with this TP-MR may name.

    The newest that the modem answered with it, the part in the air, and the newest of which nobody
    knows and that were begun since a time; `limit` of the first and of the last kind.
    """
    rows = tx.execute(_FITTING, (sim, reference, tail(recipient), since, limit))
    return [_submission(row) for row in rows]


def find_unreported(
    tx: Transaction, sim: str, reference: int, since: float, limit: int
) -> list[Submission]:
    """Attempts on `sim` to anybody with this TP-MR, since a time, that no report named yet."""
    rows = tx.execute(
        _SUBMISSIONS
        + "AND a.reference = ?2 AND +a.started_at >= ?3 AND a.tp_status IS NULL LIMIT ?4",
        (sim, reference, since, limit),
    )
    return [_submission(row) for row in rows]


def last_sims(
    db: sqlite3.Connection, routes: Sequence[str], messages: int
) -> Iterable[tuple[str, str]]:
    """(recipient, SIM) of what `routes` carried, oldest first, within the newest `messages`."""
    marks = ", ".join("?" * len(routes))
    return db.execute(
        "SELECT a.to_number, a.sim FROM messages m JOIN attempts a ON a.message = m.n "
        "WHERE m.n > (SELECT coalesce(max(n), 0) FROM messages) - ? "
        f"AND m.route IN ({marks}) AND a.state = 'accepted' ORDER BY m.n",
        (messages, *routes),
    )


def interrupted(tx: Transaction, error: ErrorInfo) -> list[AttemptKey]:
    """After a crash: every attempt that was in the air becomes ambiguous. Returns which."""
    rows = tx.execute("SELECT message, part, n FROM attempts WHERE state = 'submitting'").fetchall()
    tx.many(
        "UPDATE attempts SET state = 'ambiguous', error_code = ?, error_detail = ?, "
        "error_permanent = 0 WHERE message = ? AND part = ? AND n = ?",
        [(error.code, error.detail, *row) for row in rows],
    )
    return [AttemptKey(*row) for row in rows]


def of(db: sqlite3.Connection | Transaction, message: int) -> dict[int, list[Attempt]]:
    """Every attempt of a message, by part, oldest first."""
    history: dict[int, list[Attempt]] = {}
    for row in db.execute(
        f"SELECT {_COLUMNS} FROM attempts WHERE message = ? ORDER BY part, n",
        (message,),
    ):
        history.setdefault(row[1], []).append(_attempt(row))
    return history


_USED = " UNION ALL ".join(
    f"SELECT started_at, to_number FROM attempts WHERE sim = ?1 AND {one} AND started_at >= ?2"
    for one in (
        "reference IS NOT NULL",
        "state = 'ambiguous'",
        "state = 'accepted' AND reference IS NULL",
    )
)


def recent(db: sqlite3.Connection | Transaction, sim: str, since: float) -> list[tuple[float, str]]:
    """(start, recipient) of each part that `sim` has sent, or may have, since a time, oldest first.

    Its limits' use. One of which nobody knows counts: the network may have counted it as well.
    """
    rows = db.execute(f"{_USED} ORDER BY 1", (sim, since))
    return [(started, to) for started, to in rows]


def used(db: sqlite3.Connection, sim: str, since: float) -> tuple[int, float | None]:
    """How many parts `recent` has, and when the oldest of them was begun."""
    row = db.execute(f"SELECT count(*), min(started_at) FROM ({_USED})", (sim, since)).fetchone()
    return row[0], row[1]


def in_the_air(tx: Transaction, sim: str, carried: Iterable[int]) -> list[tuple[float, str]]:
    """(start, recipient) of each part of the messages `carried` whose end on `sim` is not known."""
    return [
        (started, to)
        for n in carried
        for started, to in tx.execute(
            "SELECT started_at, to_number FROM attempts "
            "WHERE message = ? AND sim = ? AND state = 'submitting'",
            (n, sim),
        )
    ]


def _submission(row: Sequence[Any]) -> Submission:
    return Submission(
        AttemptKey(row[0], row[1], row[2]),
        state=AttemptState(row[3]),
        to=row[4],
        asked=bool(row[5]),
        started_at=row[6],
        ended_at=row[7],
        tp_status=row[8],
        sc_time=row[9],
        only_try=bool(row[10]),
        message_id=row[11],
        message_status=MessageStatus(row[12]),
        message_parts=row[13],
        message_reference=row[14],
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
        retry=None if row[18] is None else Retry(row[18], bool(row[19])),
    )
