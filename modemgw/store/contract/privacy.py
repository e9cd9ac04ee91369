"""Everything that is kept about one number: found, and emptied of it.

What keeps numbers says so in one place of the backend (in SQLite: `HOLDINGS` in
modemgw/store/sqlite/privacy.py), and is exported and erased from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Held(NamedTuple):
    """Something that is kept about a number."""

    n: int
    """By which it is erased, within its holding."""
    document: dict[str, Any]
    """What it says; octets in hexadecimal, times in UTC seconds."""


class Forms(NamedTuple):
    """How a number may stand where it is kept."""

    e164: str
    digits: str
    """Without +."""
    national: str
    """As it is dialled in its own country, without spaces."""


class PrivacyView(Protocol):
    """Everything about one number: what can be asked."""

    def find(self, forms: Forms) -> Mapping[str, Sequence[Held]]:
        """What is kept about a number, by holding, also if that is nothing. May take long."""


class Privacy(PrivacyView, Protocol):
    """Everything about one number."""

    def erase(self, forms: Forms, holding: str, numbers: Sequence[int]) -> None:
        """Empty these of a holding of texts and numbers, or delete them.

        What is not done with yet (a message on its way, a delivery that is yet to be made) is left
        as it is: it is found again.
        """
