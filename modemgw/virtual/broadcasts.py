"""Which channels of cell broadcast a modem listens to (TS 27.005 3.3.4)."""

from __future__ import annotations

_HIGHEST = 0xFFFF


class Broadcasts:
    """A set of channels, changed by AT+CSCB and kept until power goes."""

    def __init__(self) -> None:
        self._ranges: list[range] = []

    def __contains__(self, channel: int) -> bool:
        return any(channel in one for one in self._ranges)

    def change(self, channels: str, *, wanted: bool) -> None:
        """Listen to these, or to these no more; to none at all when none is named.

        ValueError: not such as `0,5,320-478`.
        """
        named = [_range(one) for one in channels.split(",")] if channels.strip() else []
        if not named:
            self._ranges.clear()
        elif wanted:
            self._ranges += [one for one in named if one not in self._ranges]
        else:
            self._ranges = [one for one in self._ranges if one not in named]

    def clear(self) -> None:
        """Power is gone."""
        self._ranges.clear()

    def shown(self) -> str:
        """As AT+CSCB? shows them."""
        return ",".join(
            str(one.start) if len(one) == 1 else f"{one.start}-{one.stop - 1}"
            for one in self._ranges
        )


def _range(text: str) -> range:
    first, dash, last = text.strip().partition("-")
    found = range(int(first), int(last if dash else first) + 1)
    if not found or found.start < 0 or found.stop > _HIGHEST + 1:
        raise ValueError(f"{text} is no range of channels")
    return found
