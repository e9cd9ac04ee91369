"""Messages that no rule had anything against, on their way into the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modemgw.gateway.admission.rule import Reservation, give_back
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

    def keep(self, kept: Iterable[tuple[int, Recipient]]) -> None:
        """Go on with these positions and recipients only; the others have given back theirs."""
        rows = list(kept)
        self.positions = [position for position, _ in rows]
        self.mailing = Mailing(self.mailing.common, [recipient for _, recipient in rows])

    def give_back(self) -> None:
        """They were not accepted after all."""
        for _, to, _ in self.mailing.recipients:
            give_back(self.reservations, to)


def give_all_back(admitted: Iterable[Admitted]) -> None:
    """None of these was accepted after all."""
    for one in admitted:
        one.give_back()
