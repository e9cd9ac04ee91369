"""What becomes of a part, by its destination: magic numbers, as one table.

A magic number is a prefix, a kind of two digits, a value of three digits, and any further digits
that make it unique: `+999` `01` `021` `0001` is refused with +CMS ERROR 21. There are two prefixes
because number libraries refuse country code 999: `+1999…` has the length of a North American number
and an area code that is not in use.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

PREFIXES = ("+999", "+1999")

_MAGIC = re.compile(r"\+(?:999|1999)(\d\d)(\d\d\d)")


class Recipient(StrEnum):
    """How a report writes TP-RA."""

    AS_SENT = "as sent"
    NATIONAL = "national"
    TAIL = "last eight digits"
    OTHER = "another number"


@dataclass(frozen=True, slots=True)
class Report:
    """One status report. Times are seconds after the acceptance, besides receipt_seconds."""

    status: int = 0
    """TP-ST."""
    after: float = 0.0
    before_answer: bool = False
    """Arrives before +CMGS; `after` does not count."""
    recipient: Recipient = Recipient.AS_SENT


DELIVERED = (Report(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What the network does with a part."""

    refused: int | None = None
    """+CMS ERROR with which the network refuses it."""
    first_only: bool = False
    """Only the first try to this number is refused."""
    slow: float = 0.0
    """Seconds of radio time besides the usual."""
    accepted: bool = True
    """The service centre has it. Differs from what the modem says only if the answer is lost."""
    answered: bool = True
    """The modem hears of the acceptance; else it says nothing more about this part."""
    answer_code: int | None = None
    """Accepted, but the modem says +CMS ERROR with this code."""
    reports: tuple[Report, ...] = DELIVERED
    last_part_only: bool = False
    """Only the last part of a long message is reported."""
    copies: int = 1
    """How often the service centre takes it (a repeat of RP-DATA after a lost RP-ACK)."""


USUAL = Fate()


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table: `make` builds the fate from the value of three digits."""

    digits: str
    name: str
    value: str
    """What the three digits mean; empty: they are not read."""
    make: Callable[[int], Fate]


def _final(status: int) -> Report:
    return Report(status & 0xFF)


KINDS: tuple[Kind, ...] = (
    Kind("00", "delivered", "", lambda _: USUAL),
    Kind("01", "refused by the network", "CMS code", lambda v: Fate(refused=v)),
    Kind("02", "one report with this status", "TP-ST", lambda v: Fate(reports=(_final(v),))),
    Kind(
        "03",
        "temporary status, then delivered",
        "TP-ST (32 to 63)",
        lambda v: Fate(reports=(_final(v), Report(0, 2.0))),
    ),
    Kind("04", "no report, ever", "", lambda _: Fate(reports=())),
    Kind("05", "late report", "seconds", lambda v: Fate(reports=(Report(0, float(v)),))),
    Kind(
        "06",
        "repeated report",
        "how often",
        lambda v: Fate(reports=tuple(Report(0, 0.5 * i) for i in range(max(2, v)))),
    ),
    Kind(
        "07",
        "report before +CMGS",
        "TP-ST",
        lambda v: Fate(reports=(Report(v & 0xFF, before_answer=True),)),
    ),
    Kind(
        "08",
        "accepted, the modem never answers, report comes",
        "TP-ST",
        lambda v: Fate(answered=False, reports=(_final(v),)),
    ),
    Kind("09", "slow, then accepted", "seconds", lambda v: Fate(slow=float(v))),
    Kind(
        "10",
        "accepted, the modem says error, report comes",
        "CMS code",
        lambda v: Fate(answer_code=v),
    ),
    Kind(
        "11",
        "first try refused, then accepted",
        "CMS code",
        lambda v: Fate(refused=v, first_only=True),
    ),
    Kind(
        "12",
        "not accepted, the modem never answers",
        "",
        lambda _: Fate(accepted=False, answered=False, reports=()),
    ),
    Kind(
        "13",
        "report with national recipient",
        "",
        lambda _: Fate(reports=(Report(recipient=Recipient.NATIONAL),)),
    ),
    Kind(
        "14",
        "report with the recipient's tail only",
        "",
        lambda _: Fate(reports=(Report(recipient=Recipient.TAIL),)),
    ),
    Kind(
        "15",
        "report with another recipient",
        "",
        lambda _: Fate(reports=(Report(recipient=Recipient.OTHER),)),
    ),
    Kind("16", "report for the last part only", "", lambda _: Fate(last_part_only=True)),
    Kind("17", "taken twice by the service centre", "", lambda _: Fate(copies=2)),
    Kind(
        "18",
        "refused after 135 seconds",
        "CMS code",
        lambda v: Fate(refused=v, slow=135.0),
    ),
    Kind(
        "19",
        "final status, then delivered after all",
        "TP-ST",
        lambda v: Fate(reports=(_final(v), Report(0, 2.0))),
    ),
    Kind(
        "20",
        "accepted, the modem never answers, no report",
        "",
        lambda _: Fate(answered=False, reports=()),
    ),
)

_BY_DIGITS = {kind.digits: kind for kind in KINDS}


def fate_of(destination: str) -> Fate:
    """The fate that a destination asks for; numbers without magic are delivered."""
    if not destination.startswith(PREFIXES):
        return USUAL
    match = _MAGIC.match(destination)
    kind = _BY_DIGITS.get(match[1]) if match else None
    if match is None or kind is None:
        return USUAL
    return kind.make(int(match[2]))
