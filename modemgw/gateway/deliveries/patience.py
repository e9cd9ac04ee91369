"""How long it is tried to hand something over, and when the next try is: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

JITTER = 0.2
"""A wait is up to so much longer or shorter, so that what failed together does not come together
again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits that double from the first one on, and an end. All in seconds."""

    first_wait_s: float
    longest_wait_s: float
    tries: int | None = None
    """After so many it is given up."""
    lasts_s: float | None = None
    """What has waited for longer is given up …"""
    refused_lasts_s: float | None = None
    """… or for this long, where the same request was refused and not just failed …"""
    at_least: int = 1
    """… but not before so many tries, however long it had to wait for its turn."""

    def wait_s(self, tries: int, random: Random) -> float:
        """How long to wait after this many tries (from 1)."""
        wait = min(self.first_wait_s * 2.0 ** min(tries - 1, 30), self.longest_wait_s)
        return wait * random.uniform(1 - JITTER, 1 + JITTER)

    def next_at(
        self,
        tries: int,
        *,
        since: float,
        now: float,
        random: Random,
        refused: bool = False,
        asked_s: float = 0.0,
    ) -> float | None:
        """When to try next what has failed `tries` times since then; None: never.

        `asked_s`: the receiver wants to be left alone for so long.
        """
        if self.tries is not None and tries >= self.tries:
            return None
        at = now + max(self.wait_s(tries, random), asked_s)
        lasts_s = self.refused_lasts_s if refused else self.lasts_s
        if lasts_s is not None and tries >= self.at_least and at > since + lasts_s:
            return None
        return at


OF_HANDLERS = Patience(first_wait_s=5.0, longest_wait_s=900.0, tries=12)
"""A little over two hours."""
OF_MAIL = Patience(first_wait_s=5.0, longest_wait_s=1800.0, lasts_s=3 * 86400.0, at_least=3)
"""Three days: a mail server may be down over a weekend (RFC 5321, 4.5.4.1 asks for four or five of
those who relay)."""
OF_WEBHOOKS = Patience(
    first_wait_s=5.0,
    longest_wait_s=7200.0,
    lasts_s=24 * 3600.0,
    refused_lasts_s=3600.0,
    at_least=3,
)
"""A day; an hour for what is refused: somebody may be mending it."""
