"""Names for what the gateway makes: unique, hard to guess, sorted by time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random


def new_id(prefix: str, now: float, random: Random) -> str:
    """`prefix` and 32 hexadecimal digits: 48 bits of UTC milliseconds, 80 random bits."""
    return f"{_stem(prefix, now)}{random.getrandbits(80):020x}"


def new_ids(prefix: str, now: float, random: Random) -> Iterator[str]:
    """Names of the same form, each above the one before it, so that an index grows at its end.

    Good for half a million: each is 1 to 2**60 above the last, the first is below 2**79.
    """
    stem = _stem(prefix, now)
    last = random.getrandbits(79)
    while True:
        last += random.getrandbits(60) + 1
        yield f"{stem}{last:020x}"


def _stem(prefix: str, now: float) -> str:
    return f"{prefix}_{int(now * 1000):012x}"
