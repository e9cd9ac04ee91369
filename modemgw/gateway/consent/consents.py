"""Consents as doors see them: recorded, shown, listed, erased, imported and exported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from modemgw.clock import Clock
from modemgw.gateway.consent.decisions import Decided, NewConsent, decide
from modemgw.gateway.consent.importing import ImportReport, Row, Sorted, sort_rows
from modemgw.gateway.consent.register import ConsentRegister
from modemgw.gateway.errors import FieldProblem, NotFound, Rejected, Unavailable, foreign_cursor
from modemgw.store import Consent, ConsentQuery, Store, StoreUnavailable, Transaction
from modemgw.store.contract.consents import Erased, mark_of
from modemgw.store.records import Page

CHUNK = 500
"""Rows in one transaction: others must not wait long for the writer."""
PAGE = 1000
"""Decisions that are exported at a time."""
SLACK_S = 300.0
"""How far ahead the clock of who records a decision may be."""


@dataclass(frozen=True, slots=True)
class ConsentsOf:
    """All that is known of one number."""

    number: str
    standing: Sequence[Consent]
    history: Sequence[Consent]
    erased: bool
    """It had opted out and was erased: it is sent no advertising, and nobody knows more."""


class Consents:
    """The decisions. `read_number` gives E.164, or raises ValueError with what is wrong."""

    def __init__(
        self,
        store: Store,
        register: ConsentRegister,
        *,
        clock: Clock,
        read_number: Callable[[str], str],
    ) -> None:
        self._store = store
        self._register = register
        self._clock = clock
        self._read_number = read_number

    def number(self, given: str, field: str = "number") -> str:
        """A number as it is recorded. Raises Rejected."""
        try:
            return self._read_number(given)
        except ValueError as error:
            raise Rejected([FieldProblem(field, str(error), "invalid-number")]) from error

    def opted_out(self, number: str) -> bool:
        """Whether an E.164 number has opted out of everything."""
        return any(number in numbers for numbers in self._register.opted_out())

    def pseudonym(self, given: str) -> str:
        """What stands for a number where it must not be told. Raises Rejected."""
        return mark_of(self._register.erased.key, self.number(given)).hex()[:16]

    def checked(self, new: NewConsent) -> NewConsent:
        """The decision with its number as it is recorded. Raises Rejected."""
        problems: list[FieldProblem] = []
        number = new.number
        try:
            number = self.number(new.number)
        except Rejected as refusal:
            problems += refusal.problems
        if new.at is not None and new.at > self._clock.time() + SLACK_S:
            problems.append(FieldProblem("at", "is in the future", "out-of-range"))
        if problems:
            raise Rejected(problems)
        return replace(new, number=number)

    async def record(self, new: NewConsent) -> Consent:
        """Record a decision. Raises Rejected, Unavailable."""
        checked = self.checked(new)
        try:
            decided = await self._store.write(lambda tx: decide(tx, checked), then=self._decided)
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error
        return decided.consent

    def _decided(self, decided: Decided) -> None:
        """It is committed: go by it."""
        if decided.stands:
            self._register.put([decided.consent])

    async def of(self, given: str) -> ConsentsOf:
        """What is known of a number. Raises NotFound, Rejected."""
        number = self.number(given)
        standing, history = await self._store.look_up(
            lambda view: (view.consents.standing(number), view.consents.history(number))
        )
        erased = number in self._register.erased
        if not (history or erased):
            raise NotFound(f"nothing is recorded of {number}")
        return ConsentsOf(number, standing, history, erased)

    async def find(self, query: ConsentQuery) -> Page[Consent]:
        """A page of decisions that stand, the newest first. Raises Rejected."""
        if query.number is not None:
            query = replace(query, number=self.number(query.number))
        try:
            return await self._store.read(lambda view: view.consents.find(query))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error

    async def erase(self, given: str) -> None:
        """Forget what a number has decided; who has opted out stays so, by a mark.

        Raises NotFound, Rejected, Unavailable.
        """
        number = self.number(given)

        def erase(tx: Transaction) -> tuple[int, Erased]:
            return tx.consents.erase(number), tx.consents.erased()

        def follow(done: tuple[int, Erased]) -> None:
            self._register.erase(number, done[1])

        try:
            count, _ = await self._store.write(erase, then=follow)
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error
        if not count:
            raise NotFound(f"nothing is recorded of {number}")

    async def bring_in(
        self, rows: Sequence[Row], *, again: bool = False, dry_run: bool = False
    ) -> ImportReport:
        """Record the decisions of a list whose rows are `checked`, part by part.

        `again`: rows may let in who has opted out, where they are later. What ends this midway
        leaves the first parts recorded; done once more, the rest is. Raises Unavailable.
        """
        report = ImportReport(dry_run)
        try:
            if dry_run:
                now = self._clock.time()
                found = await self._store.read(
                    lambda view: sort_rows(view, rows, now=now, again=again, dry_run=True)
                )
                return found.report
            for start in range(0, len(rows), CHUNK):
                part = rows[start : start + CHUNK]
                done = await self._store.write(
                    lambda tx, part=part: _take(tx, part, again=again),  # type: ignore[misc]
                    then=lambda done: self._register.put(done.stand),
                )
                report.add(done.report)
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error
        return report

    async def all(self) -> AsyncIterator[Sequence[Consent]]:
        """Every decision that stands, part by part."""
        last = 0
        while part := await self._store.read(
            lambda view, last=last: view.consents.after(last, PAGE)  # type: ignore[misc]
        ):
            last = part[-1][0]
            yield [one for _, one in part]


def _take(tx: Transaction, rows: Sequence[Row], *, again: bool) -> Sorted:
    done = sort_rows(tx, rows, now=tx.now, again=again)
    tx.consents.record(done.stand)
    tx.consents.record(done.history, stands=False)
    return done
