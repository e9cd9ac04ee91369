"""A message on its way to a modem, as the queue keeps it in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

from modemgw.gateway.outgoing.content import Content
from modemgw.gateway.outgoing.life import Subject
from modemgw.store.records import Attempt, AttemptState, Mailing, Message, MessageStatus

RANKS = {"otp": 0, "transactional": 1, "promotional": 2}
"""Where in a bucket each type lies. Which one goes first is its priority (Matchmaking)."""


FRILLS_REFUSED = frozenset({"cms-69", "cms-198", "cms-199"})
"""Errors of a network that does without a message's validity period or its report, or not at all
(TS 23.040 9.2.3.22: facility not supported; TP-VP or TP-SRR not supported)."""


class PartState(Enum):
    """What is still to be done for a part."""

    PENDING = 1
    ACCEPTED = 2
    AMBIGUOUS = 3
    """Nobody knows whether the network has it; the type's policy decides what is done."""


@dataclass(slots=True)
class PartProgress:
    """One part's way so far."""

    state: PartState = PartState.PENDING
    tries: int = 0
    """Attempts made, of whatever end."""
    refusals: int = 0
    """Attempts that the network or the modem refused: these count against `max_attempts`."""
    doubted_at: float = 0.0
    """While ambiguous: UTC seconds since when."""
    duplicate_risk: bool = False
    """The next attempt may double what an ambiguous one already sent."""


@dataclass(slots=True, eq=False)
class Job:
    """A message that still wants a modem. Identity is the object's; `n` orders by acceptance."""

    n: int
    id: str
    to: str
    content: Content
    type: str
    route: str
    modem: str | None
    receipt: bool
    status: MessageStatus
    created_at: float
    due_at: float
    expires_at: float
    part_count: int
    reference: str | None = None
    key: str = ""
    """The name of the API key that sent it, or what stands for one."""
    tags: tuple[str, ...] = ()
    progress: Sequence[PartProgress] = ()
    """Empty until the first attempt; use `part`."""
    sim: str | None = None
    """The SIM (ICCID) that has parts of it already: the others should follow there."""
    avoid: frozenset[str] = frozenset()
    """SIMs that just refused it."""
    avoid_until: float = 0.0
    bare: bool = False
    """Send without TP-VP and TP-SRR: the network refused them."""
    place: int = 0
    """Grows with each move in the queue, so that a stale entry is recognised."""
    waiting: bool = False
    """In the queue, not in a lane's hands."""
    faults: int = 0
    """Faults of the gateway itself with it in hand."""
    lies_in: str | None = None
    """The bucket that counts it, while it may be taken."""

    @property
    def subject(self) -> Subject:
        """The message as its life knows it."""
        return Subject(self.n, self.id, self.reference)

    @property
    def asks_receipt(self) -> bool:
        """Whether its next part asks for a status report."""
        return self.receipt and not self.bare

    @property
    def rank(self) -> int:
        """Where in a bucket it lies."""
        return RANKS[self.type]

    def part(self, index: int) -> PartProgress:
        """The progress of the part at `index` (from 0)."""
        if not self.progress:
            self.progress = [PartProgress() for _ in range(self.part_count)]
        return self.progress[index]

    def pending(self) -> list[int]:
        """Indexes of the parts that are to be sent, in order."""
        if not self.progress:
            return list(range(self.part_count))
        return [i for i, p in enumerate(self.progress) if p.state is PartState.PENDING]

    def ambiguous(self) -> list[int]:
        """Indexes of the parts of which nobody knows."""
        return [i for i, p in enumerate(self.progress) if p.state is PartState.AMBIGUOUS]

    @property
    def complete(self) -> bool:
        """Whether every part was accepted by the network."""
        return bool(self.progress) and all(p.state is PartState.ACCEPTED for p in self.progress)

    @property
    def unsent(self) -> bool:
        """Whether nothing of it can have gone out."""
        return all(p.state is PartState.PENDING and not p.duplicate_risk for p in self.progress)

    def ended(self, status: MessageStatus) -> MessageStatus:
        """How it ends when it is given up: an earlier doubt leaves more than "never sent"."""
        doubt = any(p.state is PartState.AMBIGUOUS or p.duplicate_risk for p in self.progress)
        return MessageStatus.UNKNOWN if doubt else status

    def start_over(self) -> None:
        """Send every part again, from another SIM: parts from two senders do not join."""
        for progress in self.progress:
            if progress.state is not PartState.PENDING:
                progress.state = PartState.PENDING
                progress.duplicate_risk = True
        self.sim = None


def jobs_of(n: int, mailing: Mailing, ahead_s: float = 0.0) -> list[Job]:
    """The jobs of messages that were just accepted, of which the first is number `n`.

    `ahead_s`: how far the wall clock, by which they are dated, is ahead of the queue's.
    """
    common = mailing.common
    content = Content(
        text=common.text,
        data=common.data,
        ports=common.ports,
        encoding="ucs2" if common.encoding == "ucs2" else "auto",
        message_class=common.message_class,
    )
    type, modem, receipt, status = common.type, common.modem, common.receipt, common.status
    created_at, expires_at = common.created_at - ahead_s, common.expires_at - ahead_s
    due_at = created_at if common.send_at is None else common.send_at - ahead_s
    count, reference, key, tags = len(common.parts), common.reference, common.key, common.tags
    return [
        Job(
            i,
            id,
            to,
            content,
            type,
            route,
            modem,
            receipt,
            status,
            created_at,
            due_at,
            expires_at,
            count,
            reference,
            key,
            tags,
        )
        for i, (id, to, route) in enumerate(mailing.recipients, n)
    ]


def job_of(n: int, message: Message, now: float = inf) -> Job:
    """The job of a message as a restart finds it in the store at `now`."""
    (job,) = jobs_of(n, Mailing.of(message))
    early_s = job.created_at - now
    if early_s > 0:  # the clock was ahead when it was accepted: it has its validity from now on
        job.created_at = now
        if message.send_at is None:
            job.due_at = now
            job.expires_at -= early_s
    for part in message.parts:
        if part.attempts:
            _take_up(job, part.index - 1, part.attempts, now)
    return job


def _take_up(job: Job, index: int, attempts: tuple[Attempt, ...], now: float) -> None:
    progress = job.part(index)
    last = attempts[-1]
    progress.tries = last.n
    refused = [a for a in attempts if a.state is AttemptState.REFUSED]
    progress.refusals = len(refused)
    job.bare = job.bare or any(
        a.error is not None and a.error.code in FRILLS_REFUSED for a in refused
    )
    # The last one's own doubt is not yet a risk: only another try would be.
    earlier = any(a.state is AttemptState.AMBIGUOUS for a in attempts[:-1])
    progress.duplicate_risk = earlier or last.duplicate_risk
    if last.state is AttemptState.ACCEPTED:
        progress.state = PartState.ACCEPTED
        job.sim = last.sim
    elif last.state in (AttemptState.AMBIGUOUS, AttemptState.SUBMITTING):
        progress.state = PartState.AMBIGUOUS
        progress.doubted_at = min(last.ended_at or last.started_at, now)
        job.sim = last.sim
    _wait_on(job, refused, now)


def _wait_on(job: Job, refused: list[Attempt], now: float) -> None:
    """Keep to the waits that refusals before the restart have called for."""
    for attempt in refused:
        retry = attempt.retry
        if retry is None:
            continue
        ended_at = attempt.ended_at or attempt.started_at
        # By a clock that was ahead then, the wait would last for as long as that.
        until = min(retry.at, now + retry.at - ended_at)
        if until <= now:
            continue
        if retry.elsewhere:
            job.avoid |= {attempt.sim}
            job.avoid_until = max(job.avoid_until, until)
        elif attempt is refused[-1]:
            job.due_at = max(job.due_at, until)
