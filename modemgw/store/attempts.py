"""Rows of attempts: one for each try of one part on one SIM, with the receipt that answered it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modemgw.sms import status_of
from modemgw.store.records import Attempt, AttemptState, ErrorInfo, Receipt
from modemgw.store.writer import Transaction

_COLUMNS = (
    "message, part, n, state, modem, sim, to_number, reference, started_at, ended_at, "
    "duplicate_risk, error_code, error_detail, error_permanent, tp_status, report_at, sc_time, "
    "discharge_time"
)


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """Which attempt: the message's number, the part from 1, the try from 1."""

    message: int
    part: int
    n: int


@dataclass(frozen=True, slots=True)
class Submission:
    """An attempt as the matching of reports wants to see it."""

    key: AttemptKey
    to: str
    attempt: Attempt


def begin(
    tx: Transaction,
    key: AttemptKey,
    *,
    modem: str,
    sim: str,
    to: str,
    started_at: float,
    duplicate_risk: bool,
) -> None:
    """Record that a PDU is about to go out. Committed before it does: a crash finds it here."""
    tx.execute(
        "INSERT INTO attempts (message, part, n, state, modem, sim, to_number, started_at, "
        "duplicate_risk) VALUES (?, ?, ?, 'submitting', ?, ?, ?, ?, ?)",
        (key.message, key.part, key.n, modem, sim, to, started_at, duplicate_risk),
    )


def finish(
    tx: Transaction,
    key: AttemptKey,
    state: AttemptState,
    *,
    reference: int | None = None,
    error: ErrorInfo | None = None,
    ended_at: float,
) -> None:
    """Record how an attempt ended."""
    tx.execute(
        "UPDATE attempts SET state = ?, reference = ?, ended_at = ?, error_code = ?, "
        "error_detail = ?, error_permanent = ? WHERE message = ? AND part = ? AND n = ?",
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
        "WHERE message = ? AND part = ? AND n = ?",
        (reference, ended_at, key.message, key.part, key.n),
    )


def find_reference(tx: Transaction, sim: str, reference: int, limit: int) -> list[Submission]:
    """The newest attempts on `sim` that the modem answered with this TP-MR."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM attempts WHERE sim = ? AND reference = ? "
        "ORDER BY started_at DESC LIMIT ?",
        (sim, reference, limit),
    )
    return [_submission(row) for row in rows]


def find_unsettled(tx: Transaction, sim: str) -> list[Submission]:
    """Attempts on `sim` whose answer is not (yet) known, oldest first."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM attempts WHERE sim = ? "
        "AND state IN ('submitting', 'ambiguous') ORDER BY started_at",
        (sim,),
    )
    return [_submission(row) for row in rows]


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


def recent(db: sqlite3.Connection, sim: str, since: float) -> list[tuple[float, str]]:
    """(start, recipient) of each attempt on `sim` since a time: what its limits have used up."""
    rows = db.execute(
        "SELECT started_at, to_number FROM attempts WHERE sim = ? AND started_at >= ? "
        "AND state != 'not_sent' ORDER BY started_at",
        (sim, since),
    )
    return [(started, to) for started, to in rows]


def _submission(row: Sequence[Any]) -> Submission:
    return Submission(AttemptKey(row[0], row[1], row[2]), row[6], _attempt(row))


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
    )
