"""TP-FCS, why a service centre or a mobile refused a TPDU (TS 23.040 9.2.3.22)."""

from enum import StrEnum
from typing import Final


class FailureClass(StrEnum):
    """What a refusal is about, as the spec groups the values."""

    PROTOCOL = "TP-PID error"
    DATA_CODING = "TP-DCS error"
    COMMAND = "TP-Command error"
    TPDU = "TPDU not supported"
    SERVICE_CENTRE = "service centre"
    MOBILE = "mobile or (U)SIM"
    APPLICATION = "application specific"
    UNSPECIFIED = "unspecified"


_CAUSES: Final = {
    0x80: "telematic interworking not supported",
    0x81: "short message type 0 not supported",
    0x82: "cannot replace short message",
    0x8F: "unspecified TP-PID error",
    0x90: "data coding scheme (alphabet) not supported",
    0x91: "message class not supported",
    0x9F: "unspecified TP-DCS error",
    0xA0: "command cannot be actioned",
    0xA1: "command unsupported",
    0xAF: "unspecified TP-Command error",
    0xB0: "TPDU not supported",
    0xC0: "SC busy",
    0xC1: "no SC subscription",
    0xC2: "SC system failure",
    0xC3: "invalid SME address",
    0xC4: "destination SME barred",
    0xC5: "SM rejected, duplicate SM",
    0xC6: "TP-VPF not supported",
    0xC7: "TP-VP not supported",
    0xD0: "(U)SIM SMS storage full",
    0xD1: "no SMS storage capability in (U)SIM",
    0xD2: "error in MS",
    0xD3: "memory capacity exceeded",
    0xD4: "(U)SIM application toolkit busy",
    0xD5: "(U)SIM data download error",
    0xFF: "unspecified error cause",
}


def failure_cause(octet: int) -> str:
    """The meaning of a TP-FCS octet; reserved ones are read as FF, unspecified error cause."""
    known = _CAUSES.get(octet)
    if known is not None:
        return known
    if 0xE0 <= octet <= 0xFE:
        return "application specific"
    return "reserved, read as unspecified error cause"


_CLASSES: Final = {
    0x8: FailureClass.PROTOCOL,
    0x9: FailureClass.DATA_CODING,
    0xA: FailureClass.COMMAND,
    0xB: FailureClass.TPDU,
    0xC: FailureClass.SERVICE_CENTRE,
    0xD: FailureClass.MOBILE,
    0xE: FailureClass.APPLICATION,
    0xF: FailureClass.APPLICATION,
}


def failure_class(octet: int) -> FailureClass:
    """The group of a TP-FCS octet, reserved values of a group included."""
    if octet == 0xFF or octet < 0x80:
        return FailureClass.UNSPECIFIED
    return _CLASSES[octet >> 4]
