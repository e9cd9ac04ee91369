"""Names for what the gateway makes: unique, hard to guess, sorted by time."""

from __future__ import annotations

from random import Random

_RANDOM_BITS = 80


def new_id(prefix: str, now: float, random: Random) -> str:
    """`prefix` and 32 hexadecimal digits: 48 bits of UTC milliseconds, 80 random bits."""
    return f"{_stem(prefix, now)}{random.getrandbits(_RANDOM_BITS):020x}"


def new_ids(prefix: str, now: float, random: Random, count: int) -> list[str]:
    """`count` names as `new_id` makes them, in rising order: an index takes them at its end."""
    stem = _stem(prefix, now)
    draws = sorted(random.getrandbits(_RANDOM_BITS) for _ in range(count))
    return [f"{stem}{draw:020x}" for draw in draws]


def _stem(prefix: str, now: float) -> str:
    return f"{prefix}_{int(now * 1000):012x}"
