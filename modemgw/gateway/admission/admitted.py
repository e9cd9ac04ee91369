"""Messages that no rule had anything against, on their way into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from modemgw.gateway.admission.rule import Kept, Reservation, give_back
from modemgw.store import Transaction
from modemgw.store.records import Mailing, Recipient


@dataclass(slots=True)
class Admitted:
    """Messages alike but for their recipients, and what each of them has taken."""

    mailing: Mailing
    reservations: Sequence[Reservation]
    positions: list[int]
    """Where each of them stands in the request, from 0."""
    send_at: float | None = None
    """When they were asked to be sent (UTC seconds), whatever they wait for besides."""
    kept: Sequence[Kept] = ()
    """What of that has to be written with them."""

    def keep(self, kept: Iterable[tuple[int, Recipient]]) -> None:
        """Go on with these positions and recipients only; the others have given back theirs."""
        rows = list(kept)
        self.positions = [position for position, _ in rows]
        self.mailing = Mailing(self.mailing.common, [recipient for _, recipient in rows])

    def give_back(self) -> None:
        """They were not accepted after all."""
        for _, to, _ in self.mailing.recipients:
            give_back(self.reservations, to)
        self.forget()

    def writes(self) -> list[Callable[[Transaction], None]]:
        """They are about to be committed: what belongs to the same transaction."""
        return [one.keep(self.mailing) for one in self.kept]

    def forget(self) -> None:
        """They were not committed, though some of them may yet be."""
        for one in self.kept:
            one.forget(self.mailing)


def give_all_back(admitted: Iterable[Admitted]) -> None:
    """None of these was accepted after all."""
    for one in admitted:
        one.give_back()
