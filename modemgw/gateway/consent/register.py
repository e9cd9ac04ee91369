"""What the numbers have decided, in memory: nothing that is sent waits for a look into the store.

It is read before anything is accepted, and follows each decision once that is committed, before
anybody is told that it was: so whatever is accepted or sent after that goes by it, and a crash
loses nothing. Some 100 octets for each number and scope.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from typing import NamedTuple

from modemgw.store import Consent, ConsentState, Store, View
from modemgw.store.contract.consents import EVERYTHING, Erased, lets_in

CHUNK = 5000
"""Decisions that are read at once."""

_Numbers = dict[str, set[str]]
"""Numbers by scope."""


class _Found(NamedTuple):
    numbers: dict[ConsentState, _Numbers]
    erased: Erased


class ConsentRegister:
    """Who has opted out; and who has opted in, as long as somebody asks for that."""

    def __init__(self) -> None:
        self._numbers: dict[ConsentState, _Numbers] = {state: {} for state in ConsentState}
        self._erased = Erased(b"", frozenset())
        self._read: frozenset[ConsentState] = frozenset()
        """What was read from the store; of the rest nothing is kept."""
        self._meanwhile: list[Consent] | None = None
        """What has come while the store is read."""

    async def load(self, store: Store, *, opted_in: bool) -> None:
        """Read what is not known yet. Raises StoreUnavailable.

        `opted_in`: whether it is asked who has opted in. Called once at a time.
        """
        wanted = frozenset(ConsentState if opted_in else (ConsentState.OPTED_OUT,))
        if wanted <= self._read:
            return
        self._meanwhile = []
        try:
            found = await store.read(lambda view: _read(view, wanted))
            self._read, self._erased = wanted, found.erased
            for state, by_scope in found.numbers.items():
                for scope, numbers in by_scope.items():
                    kept = self._numbers[state].setdefault(scope, set())  # rules hold on to it
                    kept.clear()
                    kept |= numbers
        finally:
            came, self._meanwhile = self._meanwhile, None
        self.put(came)

    def put(self, stands: Iterable[Consent]) -> None:
        """These decisions stand from now on, in place of those before them."""
        for one in stands:
            if self._meanwhile is not None:
                self._meanwhile.append(one)
            for state, by_scope in self._numbers.items():
                if state is not one.state:
                    by_scope.get(one.scope, _NOBODY).discard(one.number)
                elif state in self._read:
                    by_scope.setdefault(one.scope, set()).add(one.number)
            if self._erased.marks and lets_in(one):
                self._erased = self._erased.without(one.number)

    def erase(self, number: str, erased: Erased) -> None:
        """Nothing is known of a number any more. `erased`: the marks from now on."""
        self._erased = erased
        for by_scope in self._numbers.values():
            for numbers in by_scope.values():
                numbers.discard(number)

    def opted_out(self, scopes: Collection[str] = ()) -> list[Container[str]]:
        """The numbers that are not sent what is of these scopes; empty when there is nobody.

        Each set goes with what is decided later.
        """
        by_scope = self._numbers[ConsentState.OPTED_OUT]
        found: list[Container[str]] = [
            numbers for scope in (EVERYTHING, *scopes) if (numbers := by_scope.get(scope))
        ]
        return [*found, self._erased] if self._erased.marks else found

    def opted_in(self, scopes: Collection[str] = ()) -> list[Container[str]]:
        """The numbers that may be sent what is of these scopes, as `opted_out` gives them."""
        by_scope = self._numbers[ConsentState.OPTED_IN]
        return [by_scope.setdefault(scope, set()) for scope in (EVERYTHING, *scopes)]

    @property
    def erased(self) -> Erased:
        """The marks of those who opted out and were erased."""
        return self._erased


_NOBODY: set[str] = set()


def _read(view: View, wanted: Collection[ConsentState]) -> _Found:
    numbers: dict[ConsentState, _Numbers] = {state: {} for state in ConsentState}
    last = 0
    while part := view.consents.after(last, CHUNK):
        for last, one in part:  # noqa: B007 - the last one's number is where the next part begins
            if one.state in wanted:
                numbers[one.state].setdefault(one.scope, set()).add(one.number)
    return _Found(numbers, view.consents.erased())
