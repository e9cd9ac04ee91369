"""What was sent and what it cost, counted while it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from modemgw.store.records import Cost

Dimension = Literal["sim", "key", "type", "prefix", "day"]
"""What use is told apart by."""

DAY_S = 86_400


class Bucket(NamedTuple):
    """What is counted together."""

    day: int
    """Of UTC, from 1970-01-01."""
    sim: str
    """ICCID."""
    key: str
    """Name of the API key."""
    type: str
    prefix: str
    """What the recipient's number begins with: a tariff's prefix, or that of a country."""


class Counts(NamedTuple):
    """Parts, each try for itself."""

    parts: int = 0
    """Tries that the network answered: it accepted the part, or refused it."""
    accepted: int = 0
    delivered: int = 0
    """A report said so."""
    failed: int = 0
    """It was refused, or a report said that it was not delivered."""


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """What to add up. Days are of UTC, from 1970-01-01."""

    by: Sequence[Dimension] = ()
    """What sums are told apart by, in their order; empty: one sum of all."""
    since: int | None = None
    until: int | None = None
    """The first day that does not count."""
    only: Mapping[str, str] = field(default_factory=dict)
    """By `sim`, `key`, `type` or `prefix`: nothing else counts."""
    limit: int = 50_000
    """Sums at the most."""


class UsageSum(NamedTuple):
    """What is the same in what was added up, and the sums."""

    of: tuple[str | int, ...]
    """In the order of the query's `by`; days as numbers."""
    counts: Counts
    amounts: tuple[Cost, ...]
    """By currency, in their order; none where no tariff says."""


class UsageView(Protocol):
    """What can be asked of what was sent."""

    def sums(self, query: UsageQuery) -> list[UsageSum]:
        """The sums, in the order of what they are told apart by."""

    def free_used(self, sim: str, tariff: str, month: int) -> int:
        """How many free parts of a tariff a SIM has used in the month that begins then."""


class Usage(UsageView, Protocol):
    """What was sent and what it cost."""

    def count(self, bucket: Bucket, counts: Counts, cost: Cost | None = None) -> None:
        """Add to a bucket; seen once the unit of work is committed."""

    def take_free(self, sim: str, tariff: str, month: int, most: int) -> bool:
        """Take one of the `most` free parts that a SIM has in the month that begins then.

        `month`: UTC seconds. False: none is left.
        """
