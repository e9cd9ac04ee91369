"""Which parts are of one long message, where senders use their references again.

Some count them up to 255 and begin anew, some use the same one always: what tells the messages
apart is when the service centre took their parts, and what is still missing of which.
"""

from __future__ import annotations

from collections.abc import Sequence

from modemgw.sms import Deliver, UserData, decode_mt
from modemgw.store import Gap, StoredPart

SPREAD_S = 1800.0
"""The service centre takes the parts of one message within this time."""
LATE_S = 2 * 86400.0
"""What fills a gap exactly may have been taken so much later: a phone without a network goes on
trying to send."""


def of_one_message(parts: Sequence[StoredPart], anchor: StoredPart) -> list[StoredPart]:
    """Those parts that are of the anchor's message, by the service centre's time stamps.

    Senders use references again, some the same one always: for each place the part that is nearest
    in time counts, with its repetitions; others are of another message and go on waiting.
    """
    decoded = {p.n: d for p in parts if isinstance(d := decode_mt(p.tpdu), Deliver)}
    at = decoded[anchor.n].scts.datetime

    def apart(part: StoredPart) -> float:
        other = decoded[part.n].scts.datetime
        return 0.0 if at is None or other is None else abs((other - at).total_seconds())

    near = sorted((p for p in parts if p.n in decoded and apart(p) <= SPREAD_S), key=apart)
    counts: dict[int, UserData] = {}
    for part in near:
        counts.setdefault(part.sequence, decoded[part.n].user_data)
    return [p for p in near if decoded[p.n].user_data == counts[p.sequence]]


def gap_for(gaps: Sequence[Gap], part: StoredPart, waiting: Sequence[StoredPart]) -> Gap | None:
    """The incomplete message that a part belongs to, by the service centre's time stamps.

    The nearest of those that lack it; none, where parts that wait are as near: references are used
    again, so it may be one of theirs.
    """
    lacking = [gap for gap in gaps if part.sequence not in {p.sequence for p in gap.parts}]
    if not lacking:
        return None
    distance, found = min(
        ((min(_apart(part, p) for p in gap.parts), gap) for gap in lacking), key=lambda one: one[0]
    )
    others = [_apart(part, p) for p in waiting if p.sequence != part.sequence]
    return found if distance <= SPREAD_S and all(distance < other for other in others) else None


def is_the_rest(gap: Gap, parts: Sequence[StoredPart]) -> bool:
    """Whether parts are what an incomplete message lacks, all of it and nothing else."""
    there = {p.sequence for p in gap.parts}
    new = {p.sequence for p in parts}
    whole = len(there) + len(new) == gap.inbound.parts_total and not there & new
    return whole and min(_apart(gap.parts[0], p) for p in parts) <= LATE_S


def _apart(one: StoredPart, other: StoredPart) -> float:
    """Seconds between two parts by the service centre's time stamps; 0.0 where one has none."""
    return abs(_sent(one) - _sent(other)) if _sent(one) and _sent(other) else 0.0


def _sent(part: StoredPart) -> float:
    deliver = decode_mt(part.tpdu)
    moment = deliver.scts.datetime if isinstance(deliver, Deliver) else None
    return 0.0 if moment is None else moment.timestamp()
