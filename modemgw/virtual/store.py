"""Message stores of a modem and its SIM (TS 27.005 3.2.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """<stat> in PDU mode (TS 27.005 3.1)."""

    UNREAD = 0
    READ = 1
    UNSENT = 2
    SENT = 3
    ALL = 4


TEXT_STATUS = {
    Status.UNREAD: "REC UNREAD",
    Status.READ: "REC READ",
    Status.UNSENT: "STO UNSENT",
    Status.SENT: "STO SENT",
    Status.ALL: "ALL",
}


@dataclass(slots=True)
class Stored:
    """A message in a slot."""

    pdu: str
    """Service centre and TPDU as hex."""
    tpdu: bytes
    status: Status

    @property
    def outgoing(self) -> bool:
        """A SUBMIT that was written here, not a message that came."""
        return self.status in (Status.UNSENT, Status.SENT)


class MessageStore:
    """Slots that are filled from the lowest free index, as cards and modems do."""

    def __init__(self, name: str, size: int, base: int = 0) -> None:
        self.name = name
        self.size = size
        self.base = base
        self._slots: dict[int, Stored] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[tuple[int, Stored]]:
        return iter(sorted(self._slots.items()))

    @property
    def full(self) -> bool:
        return len(self._slots) >= self.size

    def add(self, stored: Stored) -> int | None:
        """Put it in the lowest free slot; its index, or None when full."""
        if self.full:
            return None
        index = self.base
        while index in self._slots:
            index += 1
        self._slots[index] = stored
        return index

    def replace(self, stored: Stored, is_older: Callable[[Stored], bool]) -> int | None:
        """Put it where an older one of its kind is; None if there is none."""
        for index, old in self._slots.items():
            if is_older(old):
                self._slots[index] = stored
                return index
        return None

    def get(self, index: int) -> Stored | None:
        return self._slots.get(index)

    def valid(self, index: int) -> bool:
        """Whether such a slot exists, filled or not."""
        return self.base <= index < self.base + self.size

    def remove(self, index: int) -> bool:
        return self._slots.pop(index, None) is not None

    def clear(self) -> None:
        self._slots.clear()


class CombinedStore:
    """MT: two stores read and deleted as one, the second behind the first."""

    def __init__(self, first: MessageStore, second: MessageStore) -> None:
        self.name = "MT"
        self._first = first
        self._second = second

    @property
    def size(self) -> int:
        return self._first.size + self._second.size

    @property
    def full(self) -> bool:
        return self._first.full and self._second.full

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    def __iter__(self) -> Iterator[tuple[int, Stored]]:
        yield from self._first
        for index, stored in self._second:
            yield index + self._first.size, stored

    def _place(self, index: int) -> tuple[MessageStore, int]:
        if self._first.valid(index):
            return self._first, index
        return self._second, index - self._first.size

    def add(self, stored: Stored) -> int | None:
        index = self._second.add(stored)
        if index is not None:
            return index + self._first.size
        return self._first.add(stored)

    def replace(self, stored: Stored, is_older: Callable[[Stored], bool]) -> int | None:
        index = self._first.replace(stored, is_older)
        if index is None:
            index = self._second.replace(stored, is_older)
            return None if index is None else index + self._first.size
        return index

    def get(self, index: int) -> Stored | None:
        store, own = self._place(index)
        return store.get(own)

    def valid(self, index: int) -> bool:
        store, own = self._place(index)
        return store.valid(own)

    def remove(self, index: int) -> bool:
        store, own = self._place(index)
        return store.remove(own)


AnyStore = MessageStore | CombinedStore
