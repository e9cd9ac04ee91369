"""What the gateway answers when it will not do what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with a request."""

    field: str
    """The request's field, as the API names it."""
    detail: str
    """What is wrong and what would be right, in a sentence."""
    code: str
    """Stable and machine-readable, such as `invalid-number`."""


class GatewayError(Exception):
    """The root of the gateway's refusals."""


class Rejected(GatewayError):
    """The message cannot be sent as asked; `problems` names every field that is wrong."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.detail}" for p in problems))
        self.problems = tuple(problems)


class NotFound(GatewayError):
    """There is no such thing."""


class Conflict(GatewayError):
    """The thing is not in a state in which this can be done."""


class Outdated(GatewayError):
    """The thing is not what it was when it was looked at: somebody else has changed it."""


class Unavailable(GatewayError):
    """It cannot be done just now; later it may be."""


class TooMany(GatewayError):
    """A limit on messages is reached; after `retry_after_s` seconds one more is allowed."""

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BudgetExhausted(TooMany):
    """A budget has not enough left for the message; it has again after `retry_after_s` seconds."""


class NotYet(GatewayError):
    """The message is well, but this is not its time: until UTC second `until` it is scheduled."""

    def __init__(self, until: float, detail: str, code: str) -> None:
        super().__init__(detail)
        self.until = until
        self.code = code


class Duplicate(GatewayError):
    """The same was sent to the same number by the same key; `first` is that message's id."""

    def __init__(self, first: str, detail: str, retry_after_s: float) -> None:
        super().__init__(detail)
        self.first = first
        self.retry_after_s = retry_after_s


class IdempotencyConflict(GatewayError):
    """The Idempotency-Key was used before, for another request."""


def foreign_cursor() -> Rejected:
    """What is answered to a cursor that the list never gave out."""
    return Rejected(
        [FieldProblem("cursor", "is not a next_cursor that this list gave", "invalid-cursor")]
    )
