"""What the information elements of a user data header are called and mean (TS 23.040 9.2.3.24)."""

from typing import Final

from modemgw.sms.header import (
    Element,
    Iei,
    concatenation_of,
    ports_of,
    special_messages_of,
)
from modemgw.sms.tables import NationalLanguage

_NAMES: Final = {
    0x00: ("concatenated short messages, 8-bit reference", "9.2.3.24.1"),
    0x01: ("special SMS message indication", "9.2.3.24.2"),
    0x04: ("application port addressing, 8 bit", "9.2.3.24.3"),
    0x05: ("application port addressing, 16 bit", "9.2.3.24.4"),
    0x06: ("SMSC control parameters", "9.2.3.24.5"),
    0x07: ("UDH source indicator", "9.2.3.24.6"),
    0x08: ("concatenated short messages, 16-bit reference", "9.2.3.24.8"),
    0x09: ("wireless control message protocol", "9.2.3.24.9"),
    0x0A: ("text formatting", "9.2.3.24.10"),
    0x0B: ("predefined sound", "9.2.3.24.10"),
    0x0C: ("user defined sound", "9.2.3.24.10"),
    0x0D: ("predefined animation", "9.2.3.24.10"),
    0x0E: ("large animation", "9.2.3.24.10"),
    0x0F: ("small animation", "9.2.3.24.10"),
    0x10: ("large picture", "9.2.3.24.10"),
    0x11: ("small picture", "9.2.3.24.10"),
    0x12: ("variable picture", "9.2.3.24.10"),
    0x13: ("user prompt indicator", "9.2.3.24.10"),
    0x14: ("extended object", "9.2.3.24.10"),
    0x15: ("reused extended object", "9.2.3.24.10"),
    0x16: ("compression control", "9.2.3.24.10"),
    0x17: ("object distribution indicator", "9.2.3.24.10"),
    0x18: ("standard WVG object", "9.2.3.24.10"),
    0x19: ("character size WVG object", "9.2.3.24.10"),
    0x1A: ("extended object data request command", "9.2.3.24.10"),
    0x20: ("RFC 822 e-mail header", "9.2.3.24.11"),
    0x21: ("hyperlink format", "9.2.3.24"),
    0x22: ("reply address", "9.2.3.24"),
    0x23: ("enhanced voice mail information", "9.2.3.24.13"),
    0x24: ("national language single shift", "9.2.3.24.15"),
    0x25: ("national language locking shift", "9.2.3.24.16"),
}
_INDICATIONS: Final = {0: "voice", 1: "fax", 2: "e-mail", 3: "other", 7: "video"}


def element_name(iei: int) -> tuple[str, str]:
    """The name of an information element and the clause that lists or defines it."""
    known = _NAMES.get(iei)
    if known is not None:
        return known
    if 0x1B <= iei <= 0x1F:
        return "reserved for EMS", "9.2.3.24"
    if 0x70 <= iei <= 0x7F:
        return "(U)SIM toolkit security header", "9.2.3.24.7"
    if 0x80 <= iei <= 0x9F:
        return "SME to SME specific", "9.2.3.24"
    if 0xC0 <= iei <= 0xDF:
        return "SC specific", "9.2.3.24"
    return "reserved", "9.2.3.24"


def element_meaning(element: Element) -> str:
    """What the content of one element says, empty where this codec does not read it."""
    alone = (element,)
    place = concatenation_of(alone)
    if place is not None:
        return f"part {place.sequence} of {place.total}, reference {place.reference}"
    ports = ports_of(alone)
    if ports is not None:
        return f"to port {ports.destination} from port {ports.source}"
    for special in special_messages_of(alone):
        kind = _INDICATIONS.get(special.kind, f"reserved kind {special.kind}")
        keep = "store" if special.store else "discard"
        return f"{special.count} waiting, {kind}, {keep}, profile {special.profile}"
    if element.iei in (Iei.SINGLE_SHIFT, Iei.LOCKING_SHIFT) and len(element.data) == 1:
        code = element.data[0]
        return NationalLanguage(code).name.lower() if code in list(NationalLanguage) else "reserved"
    if element.iei in (Iei.CONCATENATION_8, Iei.CONCATENATION_16):
        return "void, ignored"
    return ""
