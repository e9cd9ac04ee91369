"""TP-ST, the status of a message, and what it means for the sender (TS 23.040 9.2.3.15)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What a sender may conclude about one part."""

    DELIVERED = "delivered"
    UNCONFIRMED = "sent, unconfirmed"
    REPLACED = "replaced"
    TRYING = "trying"
    FAILED_PERMANENT = "failed, permanent"
    FAILED_TEMPORARY = "failed, temporary"
    EXPIRED = "expired"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TpStatus:
    """A TP-ST octet; ``final`` is False while the service centre keeps trying."""

    octet: int
    meaning: str
    outcome: Outcome
    final: bool


_TEMPORARY: Final = (
    "congestion",
    "SME busy",
    "no response from SME",
    "service rejected",
    "quality of service not available",
    "error in SME",
)
_MEANINGS: Final = {
    0x00: ("received by the SME", Outcome.DELIVERED),
    0x01: ("forwarded to the SME, the centre cannot confirm delivery", Outcome.UNCONFIRMED),
    0x02: ("replaced by the centre", Outcome.REPLACED),
    **{0x20 + i: (f"{cause}, still trying", Outcome.TRYING) for i, cause in enumerate(_TEMPORARY)},
    0x40: ("remote procedure error", Outcome.FAILED_PERMANENT),
    0x41: ("incompatible destination", Outcome.FAILED_PERMANENT),
    0x42: ("connection rejected by SME", Outcome.FAILED_PERMANENT),
    0x43: ("not obtainable", Outcome.FAILED_PERMANENT),
    0x44: ("quality of service not available", Outcome.FAILED_PERMANENT),
    0x45: ("no interworking available", Outcome.FAILED_PERMANENT),
    0x46: ("validity period expired", Outcome.EXPIRED),
    0x47: ("deleted by the originating SME", Outcome.CANCELED),
    0x48: ("deleted by the centre's administration", Outcome.FAILED_PERMANENT),
    0x49: ("the message does not exist", Outcome.UNKNOWN),
    **{
        0x60 + i: (f"{cause}, given up", Outcome.FAILED_TEMPORARY)
        for i, cause in enumerate(_TEMPORARY)
    },
}


def _status(octet: int) -> TpStatus:
    final = not 0x20 <= octet <= 0x3F
    known = _MEANINGS.get(octet)
    if known is not None:
        return TpStatus(octet, *known, final)
    if octet >= 0x80:  # reserved; the spec has it read as 63, service rejected, given up
        return TpStatus(octet, "reserved, read as service rejected", Outcome.FAILED_TEMPORARY, True)
    kind = "specific to the centre" if octet & 0x10 else "reserved"
    if octet < 0x20:
        outcome = Outcome.DELIVERED if octet & 0x10 else Outcome.UNCONFIRMED
        return TpStatus(octet, f"transaction completed, {kind}", outcome, True)
    if octet < 0x40:
        return TpStatus(octet, f"temporary error, still trying, {kind}", Outcome.TRYING, False)
    if octet < 0x60:
        return TpStatus(octet, f"permanent error, {kind}", Outcome.FAILED_PERMANENT, True)
    return TpStatus(octet, f"temporary error, given up, {kind}", Outcome.FAILED_TEMPORARY, True)


_STATUSES: Final = tuple(_status(octet) for octet in range(256))


def status_of(octet: int) -> TpStatus:
    """The meaning of a TP-ST octet, 0 to 255.

    Reserved values below 80 are judged by the range that they are in, which says what the spec's
    own rule (treat them as 63) hides: whether the transaction completed and whether the centre goes
    on.
    """
    return _STATUSES[octet]
