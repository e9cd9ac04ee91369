"""Everything about one number: shown to the person whose it is, and erased when they want it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import phonenumbers

from modemgw.clock import Clock
from modemgw.gateway.consent.consents import Consents
from modemgw.gateway.errors import Conflict, NotFound, Unavailable
from modemgw.gateway.outgoing.messages import Messages
from modemgw.store import Store, StoreUnavailable, Transaction
from modemgw.store.contract.privacy import Forms, Held
from modemgw.store.records import OPEN_STATUSES

CHUNK = 100
"""Rows that are erased in one transaction: others must not wait long for the writer."""

STAYS = (
    "that the number has opted out, if it has: as a mark from which it cannot be read without "
    "trying all numbers, so that no list lets it in again",
    "when something was sent or received, by which modem, and what became of it: without number, "
    "text and reference",
    "digests by which the network's repetitions are recognised",
    "answers kept for Idempotency-Keys: 7 days",
    "what servers answered to webhooks about messages: as long as [retention] deliveries_days says",
    "copies of the database that somebody made, and what applications keep themselves",
)
"""What is not erased, and why."""


@dataclass(frozen=True, slots=True)
class Export:
    """Everything about a number."""

    number: str
    at: float
    holdings: Mapping[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased of a number, or would be."""

    dry_run: bool
    found: Mapping[str, int]
    """How much there was, by holding."""
    left: Mapping[str, int]
    """How much of it is not done with: to be erased once it is."""
    canceled: int
    """Messages that had not begun."""
    opted_out: bool
    """Whether a mark says from now on that the number has opted out."""


class Privacy:
    """What is kept about numbers."""

    def __init__(
        self, store: Store, consents: Consents, messages: Messages, *, clock: Clock
    ) -> None:
        self._store = store
        self._consents = consents
        self._messages = messages
        self._clock = clock

    async def export(self, given: str) -> Export:
        """Everything about a number. Raises Rejected."""
        forms = self._forms(given)
        found = await self._find(forms)
        return Export(
            forms.e164,
            self._clock.time(),
            {name: [held.document for held in rows] for name, rows in found.items()},
        )

    async def erase(self, given: str, *, dry_run: bool = False) -> Erasure:
        """Erase everything about a number that is done with; what has not begun is canceled.

        What ends this midway leaves a part erased; done once more, the rest is. Raises Rejected,
        Unavailable.
        """
        forms = self._forms(given)
        found = await self._find(forms)
        counts = {name: len(rows) for name, rows in found.items()}
        if dry_run:
            return Erasure(True, counts, {}, 0, self._consents.opted_out(forms.e164))
        canceled = await self._cancel(found["messages"])
        try:
            for name, rows in found.items():
                for start in range(0, len(rows), CHUNK):
                    numbers = [held.n for held in rows[start : start + CHUNK]]
                    await self._store.write(_erasing(forms, name, numbers))
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error
        with contextlib.suppress(NotFound):
            await self._consents.erase(forms.e164)
        left = {name: len(rows) for name, rows in (await self._find(forms)).items() if rows}
        return Erasure(False, counts, left, canceled, self._consents.opted_out(forms.e164))

    def _forms(self, given: str) -> Forms:
        number = self._consents.number(given)
        parsed = phonenumbers.parse(number)
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        return Forms(number, number[1:], "".join(filter(str.isdecimal, written)))

    async def _find(self, forms: Forms) -> Mapping[str, Sequence[Held]]:
        return await self._store.read(lambda view: view.privacy.find(forms))

    async def _cancel(self, messages: Sequence[Held]) -> int:
        canceled = 0
        for _, message in messages:
            if message["status"] in OPEN_STATUSES:
                with contextlib.suppress(Conflict, NotFound):
                    await self._messages.cancel(message["id"])
                    canceled += 1
        return canceled


def _erasing(forms: Forms, name: str, numbers: Sequence[int]) -> Callable[[Transaction], None]:
    return lambda tx: tx.privacy.erase(forms, name, numbers)
