"""Messages that wait for the same lanes, by type and age."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from modemgw.gateway.outgoing.job import RANKS, Job

# Entries name a job by its number and place: one that is over leaves nothing but them behind.
_Entry = tuple[int, int]
STALE = 1024
"""So many entries more than there are jobs: then those that are stale are thrown away."""


@dataclass(slots=True)
class Bucket:
    """Waiting messages that the same lanes may carry, oldest first in each type."""

    jobs: dict[int, Job]
    """Every job that is known, by number."""
    heaps: tuple[list[_Entry], ...] = field(default_factory=lambda: tuple([] for _ in RANKS))

    def put(self, job: Job, waiting: int) -> None:
        """Let a job wait here, at its place. `waiting`: how many do, at the most.

        Stale entries are thrown away when they are far more than those.
        """
        heap = self.heaps[job.rank]
        heappush(heap, (job.n, job.place))
        if len(heap) > 2 * waiting + STALE:
            heap[:] = [entry for entry in heap if self._at(*entry)]
            heapify(heap)

    def head(self, rank: int) -> Job | None:
        """The oldest of a type."""
        heap = self.heaps[rank]
        while heap:
            n, place = heap[0]
            job = self.jobs.get(n)
            if job is not None and job.place == place:
                return job
            heappop(heap)
        return None

    def waiting(self) -> list[Job]:
        """Every message in it."""
        return [job for heap in self.heaps for n, place in heap if (job := self._at(n, place))]

    def _at(self, n: int, place: int) -> Job | None:
        job = self.jobs.get(n)
        return job if job is not None and job.place == place else None
