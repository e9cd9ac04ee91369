"""Messages: accepting, showing, listing, changing their status."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from modemgw.store.records import (
    Attempt,
    ErrorInfo,
    Mailing,
    Message,
    MessageStatus,
    Page,
    PartStatus,
)

Stand = Callable[[Sequence[Attempt], MessageStatus], PartStatus]
"""Where a part stands, from its attempts (oldest first) and its message's status: a rule that is
handed in, for the store has none (gateway/outgoing/life.py)."""


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Which messages to list, newest first. Times are UTC seconds."""

    status: str | None = None
    to: str | None = None
    type: str | None = None
    reference: str | None = None
    batch: str | None = None
    """Of this batch (its id) alone."""
    since: float | None = None
    until: float | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that still wants a modem, as a restart finds it."""

    n: int
    message: Message


@dataclass(frozen=True, slots=True)
class Unrouted:
    """What the choice of a route wants to know of a message."""

    n: int
    to: str
    type: str
    key: str
    tags: tuple[str, ...]


class MessagesView(Protocol):
    """Messages to send: what can be asked."""

    def since(self, at: float) -> list[tuple[float, str, str]]:
        """(time of acceptance, recipient, key) of messages accepted since then, in no order."""

    def number_of(self, id: str) -> int | None:
        """The number `n` of the message with this id."""

    def get(self, id: str, stand: Stand) -> Message | None:
        """The message with this id and its whole history."""

    def find(self, query: MessageQuery, stand: Stand) -> Page[Message]:
        """A page of messages, newest first. Raises ValueError for a cursor that is not ours."""

    def waiting(self, stand: Stand) -> Iterable[WaitingMessage]:
        """Every message that still wants a modem, in the order of acceptance."""

    def unrouted(self, routes: Collection[str]) -> list[Unrouted]:
        """Messages that still want a modem, whichever is free, by a route that is none of these."""

    def of_number(self, n: int, stand: Stand) -> Message | None:
        """The message number `n` and its whole history."""


class Messages(MessagesView, Protocol):
    """Messages to send."""

    def insert(self, accepted: Sequence[Mailing]) -> int:
        """Accept messages. Returns the number `n` of the first; the others follow in their order.

        A number is higher than any that was ever given, whoever asked for that: also after it was
        deleted, and when another host writes to the same store.
        """

    def status(self, n: int) -> MessageStatus | None:
        """Where message `n` stands; None when there is none."""

    def compare_and_set(
        self, n: int, old: MessageStatus, new: MessageStatus, error: ErrorInfo | None
    ) -> bool:
        """Move a message that is `old` to `new`; False: it is something else, nothing has changed.

        An error stays until there is another, or nothing is in the way any more. The one caller is
        the table of the life of messages (gateway/outgoing/life.py): it knows what may follow what.
        """

    def set_send_at(self, n: int, at: float) -> None:
        """Message `n` is not sent before then."""

    def gone_out(self, n: int) -> bool:
        """Whether anything of message `n` can have gone out."""

    def overdue(self, before: float, limit: int) -> list[tuple[int, str, str | None]]:
        """Messages `sent` before then that wait for a final receipt: (n, id, reference) each."""

    def wait_no_longer(self, numbers: Iterable[int]) -> None:
        """These messages are no longer `overdue`: they are `sent` for good."""

    def erase_ended(self, types: Collection[str]) -> None:
        """From now on empty text and data of messages of these types, and no others, as they end.

        A message ends with its last status, or when a report on it is waited for no longer.
        """

    def set_routes(self, routes: Iterable[tuple[int, str]]) -> None:
        """Give messages that still want a modem another route: (n, route) each."""
