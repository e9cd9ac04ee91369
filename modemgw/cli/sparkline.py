"""How a signal was, in a few characters."""

from __future__ import annotations

from collections.abc import Sequence

WEAKEST, STRONGEST = -113, -51
"""dBm: the ends of +CSQ (TS 27.007 8.5)."""
_BLOCKS = "▁▂▃▄▅▆▇█"


def strength(dbm: int) -> float:
    """From 0, at -113 dBm and below, to 1, at -51 dBm and above."""
    return min(1.0, max(0.0, (dbm - WEAKEST) / (STRONGEST - WEAKEST)))


def sparkline(samples: Sequence[int | None]) -> str:
    """One character for each sample, on the scale of `strength`; a space for one unknown."""
    return "".join(
        " " if dbm is None else _BLOCKS[round(strength(dbm) * (len(_BLOCKS) - 1))]
        for dbm in samples
    )


def bar(dbm: int | None, width: int) -> str:
    """A bar of up to `width` characters."""
    return "" if dbm is None else "█" * round(strength(dbm) * width)
