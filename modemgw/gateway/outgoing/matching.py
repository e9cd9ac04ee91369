"""Which attempt a status report is about, chosen among those that it fits (TS 23.040 9.2.2.3).

A report names its part by TP-MR, an octet that a SIM uses again after 256 parts, by a recipient
that networks rewrite, and by the time at which the service centre took the part. The time decides:
an attempt that was made when the report says it was taken comes before all others, be it answered,
in doubt or still in the air. Only where the time says nothing, because the clock of the service
centre is not known yet or has just been set, is a part believed because its report comes soon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from modemgw.gateway.fleet.centre import SLACK_S
from modemgw.sms import status_of
from modemgw.store import Candidate
from modemgw.store.records import AttemptState

NEAR_S = 600.0
"""An attempt this near to the time in a report may be meant; and a report that comes so soon after
an attempt may be about it, whatever the clock of the service centre says."""
HANDICAP_S = 30.0
"""By so much the time must speak for a doubt, before one that was answered with the very TP-MR is
passed over."""
DAY_S = 86400.0
OLDEST_S = 8 * DAY_S
"""A report on a part that was sent longer ago is not looked for."""


@dataclass(slots=True)
class Heard:
    """What a report tells of the time, and what is known of the clock by which it does."""

    sc_time: float | None
    """When the service centre took the part, by its own clock."""
    offset: float | None
    """How far that clock is ahead of ours; None: it is not known."""
    at: float
    """When the report came, by our clock."""
    taken_at: float | None = field(init=False, default=None)
    """When the part was taken, by our clock; None where the report cannot tell."""

    def __post_init__(self) -> None:
        if self.sc_time is not None:
            taken_at = self.sc_time - (self.offset or 0.0)
            if self.at - OLDEST_S <= taken_at <= self.at + DAY_S:
                self.taken_at = taken_at

    @property
    def just_now(self) -> bool:
        """The report says that its part was taken a moment ago."""
        return self.sc_time is not None and abs(self.sc_time - self.at) <= NEAR_S


@dataclass(frozen=True, slots=True)
class Choice:
    """The attempt that a report is about."""

    one: Candidate
    sure: bool = False
    """Nothing else can be meant; and the service centre took it when it ended, or it is in the
    air."""


def choose(fitting: Sequence[Candidate], heard: Heard) -> Choice | None:
    """The attempt that a report is about, or None: better none than a wrong one.

    `fitting`: attempts to its recipient that were answered with its TP-MR, or with none yet (in the
    air, in doubt). The one in the air is chosen where it may be the one: whether it is will be
    known when it has its TP-MR.
    """
    if heard.sc_time is not None:
        # The time stamp is the same in all reports on one part.
        repeated = next((one for one in fitting if one.sc_time == heard.sc_time), None)
        if repeated is not None:
            return Choice(repeated)
    waiting = [one for one in fitting if not _is_settled(one)]
    found = _nearest(waiting, heard) or _in_the_air(waiting, heard) or _believed(waiting, heard)
    if found is not None:
        if found.state is AttemptState.SUBMITTING:
            rivals = (one for one in waiting if one.state is AttemptState.ACCEPTED and one.asked)
            return Choice(found, not any(_is_near(one, heard) for one in rivals))
        alone = len(waiting) == 1 and (_comes_soon(found, heard) or _is_near(found, heard))
        return Choice(found, alone and _tells_time(found))
    timeless = (one for one in fitting if heard.sc_time is None or one.sc_time is None)
    last = next((one for one in timeless if _is_settled(one)), None)
    return None if last is None else Choice(last)


def _nearest(waiting: Sequence[Candidate], heard: Heard) -> Candidate | None:
    """The one that was made when the report says that its part was taken."""
    taken_at = heard.taken_at
    if taken_at is None:
        return None
    near = [one for one in waiting if _is_near(one, heard)]
    if len(near) <= 1:
        return near[0] if near else None

    def distance(one: Candidate) -> tuple[bool, float, bool, float]:
        # The one in the air has no handicap: nothing is lost by waiting for its TP-MR.
        handicap = HANDICAP_S if one.state is AttemptState.AMBIGUOUS else 0.0
        outside = apart(one, taken_at, heard.at) + handicap
        told = one.state is AttemptState.ACCEPTED
        return (not one.asked, outside, not told, abs((one.ended_at or one.started_at) - taken_at))

    return min(near, key=distance)


def _in_the_air(waiting: Sequence[Candidate], heard: Heard) -> Candidate | None:
    """The one in the air, unless the report is certain to be about an earlier one."""
    for one in waiting:
        if one.state is AttemptState.SUBMITTING and one.asked:
            before = heard.taken_at is not None and heard.taken_at < one.started_at - SLACK_S
            if heard.offset is None or not before:
                return one
    return None


def _believed(waiting: Sequence[Candidate], heard: Heard) -> Candidate | None:
    """The one that is meant if the time in the report is wrong, or tells nothing.

    One whose report comes soon after it; else, while the centre's clock is not known, any, except
    that a report which says "just now" hours later would have to be wrong by these very hours.
    """

    def likely(one: Candidate) -> bool:
        if not one.asked or one.state is AttemptState.SUBMITTING:
            return False
        if _comes_soon(one, heard):
            return True
        if heard.sc_time is None:
            return heard.at - one.started_at <= OLDEST_S
        unknown = heard.offset is None and not heard.just_now
        taken_at = heard.taken_at
        return unknown and (taken_at is None or apart(one, taken_at, heard.at) <= DAY_S)

    def order(one: Candidate) -> tuple[bool, bool, float]:
        told, soon = one.state is AttemptState.ACCEPTED, _comes_soon(one, heard)
        # Of answered ones the newest; of doubts the oldest, as their reports come in order.
        return (not told, not soon, -one.started_at if told else one.started_at)

    return min(filter(likely, waiting), key=order, default=None)


def apart(one: Candidate, taken_at: float, now: float) -> float:
    """Seconds by which a time lies outside an attempt; 0 within it."""
    ended_at = one.ended_at
    if ended_at is None:
        ended_at = max(now, one.started_at) if one.state is AttemptState.SUBMITTING else None
    last = one.started_at if ended_at is None else ended_at
    return max(one.started_at - taken_at, taken_at - last, 0.0)


def _is_near(one: Candidate, heard: Heard) -> bool:
    """Whether an attempt was made when the report says. One without a receipt: only at the very
    time, for a network that was asked for no report sends none."""
    near = NEAR_S if one.asked else SLACK_S
    return heard.taken_at is not None and apart(one, heard.taken_at, heard.at) <= near


def _comes_soon(one: Candidate, heard: Heard) -> bool:
    ended_at = one.started_at if one.ended_at is None else one.ended_at
    return heard.at - ended_at <= NEAR_S


def _tells_time(one: Candidate) -> bool:
    """Whether the first report on it shows how far the service centre's clock is ahead."""
    first = one.asked and one.state is AttemptState.ACCEPTED and one.tp_status is None
    return first and one.ended_at is not None and one.ended_at - one.started_at <= SLACK_S


def _is_settled(one: Candidate) -> bool:
    """Whether its final report has come."""
    return one.tp_status is not None and status_of(one.tp_status).final
