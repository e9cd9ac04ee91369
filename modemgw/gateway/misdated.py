"""What is dated later than now: a clock was ahead when it was stored, or is behind now. Pure.

Taken at its word it would hold a limit for as long as the clock was ahead; left out, the day's
count would be forgotten. So the newest of it is taken to be of the moment at which it was first
found, and the rest to be as much older as it is dated older. What was found is remembered, so that
each restart does not count it anew.
"""

from __future__ import annotations

from collections.abc import Iterable

from modemgw.store.records import Misdated


def found_in(
    dates: Iterable[float], now: float, known: Misdated | None, slack_s: float = 0.0
) -> Misdated | None:
    """What to remember of rows dated like this; None when nothing is dated later than now.

    So much as `slack_s` later is nothing.
    """
    newest = max((at for at in dates if at > now + slack_s), default=None)
    if newest is None:
        return None
    if known is not None and newest <= known.newest and known.seen_at <= now:
        return known
    return Misdated(newest, now)


def believed(at: float, now: float, found: Misdated | None, slack_s: float = 0.0) -> float:
    """When a row that is dated `at` is taken to be of; never later than now, but for the slack."""
    if at <= now + slack_s or found is None:
        return at
    return min(now, at - (found.newest - found.seen_at))
