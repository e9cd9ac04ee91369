"""What comes of handing something to somebody outside: it is taken, tried again, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from modemgw.store import Answer, Payload

REFUSED = "refused"
"""The code of what was refused for what it is, and not for the moment."""
GONE = "gone"
"""The code of what a receiver says that wants nothing any more."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did. For the one who tries it out: nothing of it is kept."""

    exit_code: int
    """Negative: the signal that ended it."""
    output: str
    """What it printed, or the end of what it complained of: it may hold what the message says."""


@dataclass(frozen=True, slots=True)
class Taken:
    """It was taken."""

    recorded: bool = False
    """Whether that stands in the store already."""
    answer: Answer | None = None
    """What a server said to it."""
    ran: Ran | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Not this time; it is tried again later.

    `problem` is for the log and must not hold anything of the message; `detail` may, and is kept
    with the delivery only.
    """

    problem: str
    detail: str = ""
    code: str = "failed"
    """For programs."""
    answer: Answer | None = None
    """What a server said to it; kept with the delivery only."""
    rest_s: float = 0.0
    """The receiver wants to be left alone for so many seconds."""
    ran: Ran | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """It will never be taken: another try would be refused for the same reason. See Retry."""

    problem: str
    detail: str = ""
    code: str = REFUSED
    answer: Answer | None = None
    ran: Ran | None = None


Outcome = Taken | Retry | Never


class Kind(Protocol):
    """One way of handing something over."""

    async def deliver(self, payload: Payload) -> Outcome:
        """Hand it over once. May be cancelled when it takes too long."""
        ...

    async def close(self) -> None:
        """Give back what it holds. Nothing is delivered any more."""
        ...


@runtime_checkable
class Warming(Protocol):
    """A kind that can get ready beforehand."""

    def warm(self) -> None:
        """Get ready: deliveries may come at any time."""
        ...
