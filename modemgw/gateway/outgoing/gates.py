"""Gates before the messages of batches: shut, or letting one through at a pace. Pure.

What stands before a gate lies where no lane looks. Only what has not begun is held: half a message
would be worse than all of it. Without a gate nothing is asked of any message.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping
from math import ceil, floor
from typing import NamedTuple

from modemgw.gateway.outgoing.job import Job
from modemgw.store import Span

AHEAD_S = 1.0
"""What is let through in so many seconds may wait for a modem; then nothing more is. So the pace is
kept also after there was none for a while."""
TARGETS = "batch:"
"""Targets that begin like this are places before a gate."""
GROUP_S = 0.05
"""Those that are nearer to each other than this are let through together."""


class Pace:
    """When the next may go: at moments that have the same distance, from a beginning on.

    Where the moments are follows from the beginning alone, so it goes on over restarts without
    anything that is written down; those that have passed meanwhile are not made up for. Times are
    UTC seconds of a clock that goes on evenly.
    """

    def __init__(self, per_minute: int, begins: float, now: float) -> None:
        self._every_s = 60.0 / per_minute
        self.most = max(1, ceil(AHEAD_S / self._every_s))
        """How many may wait for a modem."""
        past = max(0, ceil((now - begins) / self._every_s))
        self.next_at = begins + past * self._every_s

    def passed(self, now: float) -> int:
        """How many moments have passed since this was asked the last time."""
        if now < self.next_at:
            return 0
        passed = floor((now - self.next_at) / self._every_s) + 1
        self.next_at += passed * self._every_s
        return passed


class _LetThrough(NamedTuple):
    job: Job
    place: int
    """It has been taken, or moved, when its place is another."""


class Gate:
    """The gate before the messages of one batch. Without a pace it is shut."""

    def __init__(self, batch: str, spans: Iterable[Span], pace: Pace | None) -> None:
        self.batch = batch
        self.target = f"{TARGETS}{batch}"
        """Where what stands before it lies; no lane has a target of this name."""
        self.spans = list(spans)
        self.pace = pace
        self._through: deque[_LetThrough] = deque()
        """What was let through and has not been taken yet."""

    def allowed(self, passed: int, most: int) -> int:
        """How many may go when so many moments have passed, if `most` may wait for a modem."""
        if not passed:
            return 0
        self._through = deque(one for one in self._through if one.job.place == one.place)
        return min(passed, most - len(self._through))

    def let_through(self, job: Job) -> None:
        """This one went through, to the place where it lies now."""
        self._through.append(_LetThrough(job, job.place))


class Gates:
    """All gates there are, found by a message's number."""

    def __init__(self) -> None:
        self._by_batch: dict[str, Gate] = {}
        self.paced: list[tuple[Gate, Pace]] = []
        """Those that let one through now and then."""
        self._firsts: list[int] = []
        self._spans: list[tuple[int, Gate]] = []
        """Of each span its last number and its gate, in the order of the first numbers."""
        self._looked_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._by_batch)

    def set(self, gate: Gate) -> None:
        """Put a gate before a batch, in the place of the one that it has."""
        self._by_batch[gate.batch] = gate
        self._index()

    def widen(self, batch: str, span: Span) -> None:
        """These messages belong to a batch that has a gate, too."""
        self._by_batch[batch].spans.append(span)
        self._index()

    def remove(self, batch: str) -> None:
        """Let everything of a batch through from now on."""
        if self._by_batch.pop(batch, None) is not None:
            self._index()

    def _index(self) -> None:
        gates = self._by_batch.values()
        self.paced = [(gate, gate.pace) for gate in gates if gate.pace is not None]
        spans = sorted((span, gate.batch) for gate in gates for span in gate.spans)
        self._firsts = [span.first for span, _ in spans]
        self._spans = [(span.last, self._by_batch[batch]) for span, batch in spans]

    def before(self, job: Job) -> Gate | None:
        """The gate that a job has to stand before."""
        at = bisect_right(self._firsts, job.n) - 1
        if at < 0:
            return None
        last, gate = self._spans[at]
        return gate if job.n <= last and job.unsent else None

    def is_shut_before(self, job: Job) -> bool:
        """Whether a job may not go, wherever it lies."""
        gate = self.before(job)
        return gate is not None and gate.pace is None

    def opens_at(self, standing: Mapping[str, int]) -> float | None:
        """When a gate before which there stands something opens next.

        `standing`: how many jobs lie at a target.
        """
        times = [pace.next_at for gate, pace in self.paced if standing[gate.target] > 0]
        return max(min(times), self._looked_at + GROUP_S) if times else None

    def looked(self, now: float) -> None:
        """What may go now went."""
        self._looked_at = now
