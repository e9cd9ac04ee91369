"""How long the answer to a wrong API key waits, by the address that it came from. Pure.

Tokens cannot be guessed; this is for the noise that those make who try. It grows with each wrong
key and is forgotten by and by. Who shows a right key never waits, from whatever address.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

FREE = 5
"""So many wrong keys are answered at once: a person has pasted the wrong one, an old job runs."""
FIRST_S = 0.25
MOST_S = 4.0
HALF_LIFE_S = 60.0
"""After this time without another one, half of them are forgotten."""
MOST_ADDRESSES = 4096
"""Remembered at the most; the one that was quiet the longest makes way."""


class WrongKeys:
    """The wrong keys of late, counted by address."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        """How many there were, and when the last one came; the longest ago first."""

    def delay_s(self, address: str, now: float) -> float:
        """Count one more, and say how many seconds its answer waits.

        `now`: monotonic seconds. `address`: an IP address, or whatever else stands for one.
        """
        network = _network(address)
        count, at = self._seen.pop(network, (0.0, now))
        count = count * 0.5 ** ((now - at) / HALF_LIFE_S) + 1.0
        if len(self._seen) >= MOST_ADDRESSES:
            del self._seen[next(iter(self._seen))]
        self._seen[network] = count, now
        if count <= FREE:
            return 0.0
        return float(min(MOST_S, FIRST_S * 2 ** min(count - FREE - 1, 32)))


def _network(address: str) -> str:
    """Who has one IPv6 address has 2**64 of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return f"{int(found) >> 64:016x}"
    return address
