"""A group of units of work that share one commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from modemgw.store.contract.unit import Transaction
from modemgw.store.errors import StoreConflict
from modemgw.store.records import Event
from modemgw.store.sqlite.trouble import is_disk_trouble
from modemgw.store.sqlite.unit import SqliteTransaction

logger = logging.getLogger(__name__)
T = TypeVar("T")

Work = Callable[[Transaction], T]

ALIVE_EVERY = 16
"""So many units are run between two signs of life."""


@dataclass(slots=True)
class Unit:
    """A unit of work that was submitted, and what came of it."""

    work: Work[Any]
    done: asyncio.Future[Any]
    keep: bool
    then: Callable[[Any], None] | None
    withdrawn: bool = False
    """The loop has told its caller that it will not be done."""
    over: bool = False
    """The thread has nothing more to do with it."""
    result: Any = None
    error: BaseException | None = None


class RunAgain(Exception):
    """The group must be run again, with savepoints; without `unit`, and what was withdrawn."""

    def __init__(self, unit: Unit | None = None) -> None:
        super().__init__()
        self.unit = unit


class Group:
    """Units of work in one transaction.

    `alive` is called now and then. `rehearse`: run every unit once and undo it, before it is
    run in earnest.
    """

    __slots__ = ("_alive", "_db", "_rehearse", "_tx", "_units")

    def __init__(
        self,
        tx: SqliteTransaction,
        units: list[Unit],
        *,
        alive: Callable[[], None],
        rehearse: bool,
    ) -> None:
        self._tx = tx
        self._db = tx.connection
        self._units = units
        self._alive = alive
        self._rehearse = rehearse

    def commit(
        self, now: float, next_event: int, *, savepoints: bool
    ) -> tuple[list[Event], int] | None:
        """Run the units and commit them. Returns their events, and how many rows were changed.

        None, when the only one has failed by its own fault with something written. Raises what is
        no unit's own fault. Then, as with None, nothing is committed: the caller rolls back.
        """
        db, units = self._db, self._units
        before = db.total_changes
        db.execute("BEGIN IMMEDIATE")
        tx = self._tx
        tx.renew(now)
        run = self._run_carefully if savepoints or self._rehearse else self._run
        for done, unit in enumerate(units):
            if done % ALIVE_EVERY == 0:
                self._alive()
            if not run(tx, unit, savepoints):
                if len(units) > 1:
                    raise RunAgain(unit if savepoints else None)
                return None
        events = tx.events.write_emitted(next_event) if tx.events.emitted else []
        if tx.usage.counted:
            tx.usage.write_counted()
        changes = db.total_changes - before
        if any(unit.withdrawn for unit in units):
            raise RunAgain
        db.execute("COMMIT")
        return events, changes

    def _run(self, tx: SqliteTransaction, unit: Unit, savepoints: bool) -> bool:
        """Run a unit. False when it failed by its own fault and the whole group must be undone."""
        unit.error = None
        said, changes = _said(tx), self._db.total_changes
        try:
            unit.result = unit.work(tx)
        except BaseException as error:
            self._failed(tx, unit, error, said)
            return self._db.in_transaction and self._db.total_changes == changes
        return True

    def _run_carefully(self, tx: SqliteTransaction, unit: Unit, savepoints: bool) -> bool:
        """As `_run`; with savepoints only the unit is undone, where that is possible."""
        db = self._db
        unit.error = None
        said, changes = _said(tx), db.total_changes
        try:
            if self._rehearse:
                self._run_and_undo(tx, unit)
            if savepoints:
                db.execute("SAVEPOINT unit")
            unit.result = unit.work(tx)
            if savepoints:
                db.execute("RELEASE unit")
        except BaseException as error:
            self._failed(tx, unit, error, said)
            if not db.in_transaction:  # its statement has undone everything
                return False
            if not savepoints:
                return db.total_changes == changes
            db.execute("ROLLBACK TO unit")
            db.execute("RELEASE unit")
            tx.forget()
        return True

    def _failed(
        self, tx: SqliteTransaction, unit: Unit, error: BaseException, said: tuple[int, int]
    ) -> None:
        """Note why a unit failed. Raises what is no fault of its own."""
        if is_disk_trouble(error):
            raise error
        unit.error = _for_future(error)
        if not isinstance(error, StoreConflict):
            logger.error("a unit of work failed and is undone", exc_info=error)
        _unsay(tx, said)

    def _run_and_undo(self, tx: SqliteTransaction, unit: Unit) -> None:
        db, said = self._db, _said(tx)
        db.execute("SAVEPOINT rehearsal")
        try:
            unit.work(tx)
        except Exception as error:
            if is_disk_trouble(error):
                raise
        _unsay(tx, said)
        db.execute("ROLLBACK TO rehearsal")
        db.execute("RELEASE rehearsal")
        tx.forget()


def _said(tx: SqliteTransaction) -> tuple[int, int]:
    """How much of what is written at the end of the group there is: events, and what is counted."""
    return len(tx.events.emitted), len(tx.usage.counted)


def _unsay(tx: SqliteTransaction, said: tuple[int, int]) -> None:
    """A unit was undone: what came after `said` is not written."""
    del tx.events.emitted[said[0] :]
    del tx.usage.counted[said[1] :]


def _for_future(error: BaseException) -> Exception:
    """The error as a future takes it: what would end the loop, or is no error there, is wrapped."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"a unit of work raised {error!r}")
    wrapped.__cause__ = error
    return wrapped
