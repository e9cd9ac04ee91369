"""Names for what the gateway makes: unique, hard to guess, sorted by time."""

from __future__ import annotations

from random import Random


def new_id(prefix: str, now: float, random: Random) -> str:
    """`prefix` and 32 hexadecimal digits: 48 bits of UTC milliseconds, 80 random bits."""
    return f"{prefix}_{int(now * 1000):012x}{random.getrandbits(80):020x}"
