"""What is tried again, and when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from modemgw.client.errors import ApiError, ClientError, Unreachable, Untrusted

_NOT_DONE: Final = frozenset({429, 503})
_IN_BETWEEN: Final = frozenset({502, 504})
"""What a proxy answers while the gateway is started anew."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a call is tried, and how long it pauses in between (seconds).

    Tried again is what is safe to repeat (GET, and POST with an Idempotency-Key) when the
    connection is lost, and when the gateway says 429 or 503; anything else only when nothing can
    have reached the gateway, or it says 429.
    """

    tries: int = 4
    """In all; 1: nothing is tried again."""
    first_s: float = 0.5
    """The first pause; each is twice as long as the one before, less up to a half by chance."""
    longest_s: float = 8.0
    patience_s: float = 30.0
    """A Retry-After beyond this is not waited for: the error is raised at once."""

    def pause_s(
        self, error: ClientError, failures: int, random: Random, *, repeatable: bool
    ) -> float | None:
        """How long to wait before the next try, after so many failed; None: there is none."""
        if failures >= self.tries or not is_worth_it(error, repeatable=repeatable):
            return None
        asked_s = error.retry_after_s if isinstance(error, ApiError) else None
        if asked_s is None:
            return self.growing_s(failures, random)
        # All who were sent away must not come back at the same moment.
        return None if asked_s > self.patience_s else asked_s + random.uniform(0, self.first_s)

    def growing_s(self, failures: int, random: Random) -> float:
        """A pause that grows with the failures in a row."""
        longest = min(self.first_s * 2.0 ** min(failures - 1, 30), self.longest_s)
        return longest * random.uniform(0.5, 1.0)


NEVER: Final = Retry(tries=1)
"""Tries nothing again."""


def is_worth_it(error: ClientError, *, repeatable: bool) -> bool:
    """Whether a request that failed so may be made once more without being done twice."""
    match error:
        case Untrusted():
            return False
        case Unreachable():
            return repeatable or error.unsent
        case ApiError(status=429):
            return True
        case ApiError():
            return repeatable and (
                error.status in _NOT_DONE
                or (error.status in _IN_BETWEEN and not error.is_from_modemgw)
            )
    return False
