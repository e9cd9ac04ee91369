"""What was said to whom a short while ago, by digest: so that it is known when it comes again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol


class Said(NamedTuple):
    """A message that was accepted lately."""

    id: str
    at: float
    """UTC seconds."""


class RecentView(Protocol):
    """What was said lately: what can be asked."""

    def find(self, digests: Collection[bytes], since: float, until: float) -> dict[bytes, Said]:
        """Of these digests, those that were remembered between two times, and for which message."""


class Recent(RecentView, Protocol):
    """What was said lately."""

    def remember(self, said: Iterable[tuple[bytes, str]], at: float) -> None:
        """Remember digests, each with the id of its message, instead of what there was of them."""
