"""Makes of modems by name. A new one is a `Personality` in a file here and a line below."""

from modemgw.virtual.personalities.generic import GENERIC
from modemgw.virtual.personalities.personality import (
    Chatter,
    Cnmi,
    EmptySlot,
    Personality,
    UssdCoding,
)

PERSONALITIES: dict[str, Personality] = {
    personality.name: personality for personality in (GENERIC,)
}


def personality_named(name: str) -> Personality:
    """The personality `name`; ValueError names those that exist."""
    try:
        return PERSONALITIES[name]
    except KeyError:
        known = ", ".join(sorted(PERSONALITIES))
        raise ValueError(f"no personality {name!r}; there are {known}") from None


__all__ = [
    "PERSONALITIES",
    "Chatter",
    "Cnmi",
    "EmptySlot",
    "Personality",
    "UssdCoding",
    "personality_named",
]
