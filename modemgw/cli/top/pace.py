"""How fast something counts, from looks at its counter."""

from __future__ import annotations

from collections import deque

WINDOW_S = 60.0
_LEAST_S = 2.0


class Pace:
    """Counts a minute, over the last minute."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, at: float, count: int) -> None:
        """The counter stood at `count` at the monotonic time `at`. One that falls began anew."""
        if self._looks and count < self._looks[-1][1]:
            self._looks.clear()
        self._looks.append((at, count))
        while len(self._looks) > 2 and at - self._looks[1][0] >= WINDOW_S:
            self._looks.popleft()

    @property
    def per_minute(self) -> float | None:
        """None until it was looked at for two seconds."""
        if not self._looks:
            return None
        (began, first), (ended, last) = self._looks[0], self._looks[-1]
        seconds = ended - began
        return None if seconds < _LEAST_S else (last - first) * 60 / seconds
