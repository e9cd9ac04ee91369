"""A count over a rolling window. Pure."""

from __future__ import annotations

from collections import deque

SLICES = 60
"""In so many slices a window is kept: what it holds is right to a sixtieth."""


class Window:
    """Sums of what was added in the last `span_s` seconds."""

    __slots__ = ("_slice_s", "_slices", "_span_s", "part", "whole")

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._slice_s = span_s / SLICES
        self._slices: deque[list[float]] = deque()
        """[begun at, part, whole], oldest first."""
        self.part = 0.0
        self.whole = 0.0

    def add(self, now: float, part: float, whole: float) -> None:
        """Add to both sums; what is too old leaves them. `now` never goes back."""
        slices = self._slices
        while slices and slices[0][0] <= now - self._span_s:
            _, old_part, old_whole = slices.popleft()
            self.part -= old_part
            self.whole -= old_whole
        if part or whole:
            if not slices or slices[-1][0] + self._slice_s <= now:
                slices.append([now, 0.0, 0.0])
            slices[-1][1] += part
            slices[-1][2] += whole
            self.part += part
            self.whole += whole
        if not slices:  # no remainders of what floating point cannot hold
            self.part = self.whole = 0.0
