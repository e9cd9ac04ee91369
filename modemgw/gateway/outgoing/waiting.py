"""What waits: the jobs that are known, each in one place at the most. Pure bookkeeping.

A job that may be taken lies in a bucket of its target; the others wait for a time, or are held.
Each move of a job makes the entries that name its place stale: they are passed over, and thrown
away when they are many.
"""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heappop, heappush
from sys import intern

from modemgw.gateway.outgoing.bucket import STALE, Bucket
from modemgw.gateway.outgoing.job import Job

_Timed = tuple[float, int, int]
"""When, and which job by number and place: one that is over leaves nothing but this behind."""


class Waiting:
    """The jobs that are known, by number, and where they wait."""

    def __init__(self) -> None:
        self.jobs: dict[int, Job] = {}
        """Every job that is known: waiting, held, not yet due, or in a lane's hands."""
        self.buckets: dict[str, dict[frozenset[str], Bucket]] = {}
        """What may be taken, by target and by the SIMs that it is to avoid."""
        self.counts: Counter[str] = Counter()
        """How many jobs lie in the buckets of a target."""
        self._delayed: list[_Timed] = []
        self._held: list[_Timed] = []
        self._expiring: list[tuple[float, int]] = []

    def know(self, job: Job, now: float) -> None:
        """A job came, from outside or out of a lane's hands."""
        if job.n not in self.jobs or job.expires_at <= now:
            self.jobs[job.n] = job
            self.expire(job)

    def forget(self, job: Job) -> None:
        """A job is over."""
        self.leave(job)
        job.waiting = False
        self.jobs.pop(job.n, None)

    def expire(self, job: Job) -> None:
        """Have `expired` look at a job when its validity ends."""
        heappush(self._expiring, (job.expires_at, job.n))
        # Jobs leave long before their time is over: without this their entries would pile up.
        if len(self._expiring) > 2 * len(self.jobs) + STALE:
            self._expiring = [(j.expires_at, n) for n, j in self.jobs.items()]
            heapify(self._expiring)

    def put(self, job: Job, target: str) -> None:
        """Let a job be taken by whoever serves `target`. It must have left its place before."""
        buckets = self.buckets.get(target)
        if buckets is None:
            buckets = self.buckets[intern(target)] = {}
        bucket = buckets.get(job.avoid)
        if bucket is None:
            bucket = buckets[job.avoid] = Bucket(self.jobs)
        job.lies_in = target
        self.counts[target] += 1
        bucket.put(job, self.counts[target])

    def first(self, target: str) -> Job | None:
        """The most urgent and oldest of what lies at `target`."""
        heads = (
            bucket.head(rank)
            for bucket in self.buckets.get(target, {}).values()
            for rank in range(len(bucket.heaps))
        )
        return min(
            (job for job in heads if job is not None),
            key=lambda job: (job.rank, job.n),
            default=None,
        )

    def forget_target(self, target: str) -> None:
        """Drop what is kept of a target, if nothing lies there."""
        if not self.counts[target]:
            self.counts.pop(target, None)
            self.buckets.pop(target, None)

    def leave(self, job: Job) -> None:
        """Take a job from its place, wherever that is: entries that name the place are stale."""
        job.place += 1
        if job.lies_in is not None:
            self.counts[job.lies_in] -= 1
            job.lies_in = None

    def delay(self, job: Job, until: float) -> None:
        """Have `freed` tell of a job, if it has not left its place by then."""
        self._wait(self._delayed, until, job)

    def hold(self, job: Job, until: float) -> None:
        """Have `overdue` tell of a job, if it has not left its place by then."""
        self._wait(self._held, until, job)

    def freed(self, now: float) -> list[Job]:
        """Jobs whose delay is over."""
        return self._due(self._delayed, now)

    def overdue(self, now: float) -> list[Job]:
        """Jobs that were held until now."""
        return self._due(self._held, now)

    def expired(self, now: float) -> list[Job]:
        """Jobs whose validity ended while they waited; they are forgotten."""
        expired: list[Job] = []
        while self._expiring and self._expiring[0][0] <= now:
            _, n = heappop(self._expiring)
            job = self.jobs.get(n)
            if job is not None and job.waiting and job.expires_at <= now:
                self.forget(job)
                expired.append(job)
        return expired

    def times(self) -> list[float]:
        """When each of `freed`, `overdue` and `expired` may have something to tell next."""
        heaps: tuple[list[_Timed] | list[tuple[float, int]], ...]
        heaps = (self._delayed, self._held, self._expiring)
        return [heap[0][0] for heap in heaps if heap]

    def _wait(self, heap: list[_Timed], until: float, job: Job) -> None:
        heappush(heap, (until, job.n, job.place))
        if len(heap) > 2 * len(self.jobs) + STALE:
            heap[:] = [entry for entry in heap if self._at(entry) is not None]
            heapify(heap)

    def _due(self, heap: list[_Timed], now: float) -> list[Job]:
        """Take what is due from a heap, without entries that a later move made stale."""
        jobs: list[Job] = []
        while heap and heap[0][0] <= now:
            job = self._at(heappop(heap))
            if job is not None:
                jobs.append(job)
        return jobs

    def _at(self, entry: _Timed) -> Job | None:
        """The job that an entry names, unless it has left its place."""
        _, n, place = entry
        job = self.jobs.get(n)
        return job if job is not None and job.place == place else None
