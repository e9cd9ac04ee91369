"""TP-PID, the protocol identifier (TS 23.040 9.2.3.9): what kind of message this is."""

from typing import Final

_DEVICES: Final = {
    0x00: "implicit, specific to the SC",
    0x01: "telex",
    0x02: "group 3 telefax",
    0x03: "group 4 telefax",
    0x04: "voice telephone",
    0x05: "ERMES",
    0x06: "national paging system",
    0x07: "videotex",
    0x08: "teletex, carrier unspecified",
    0x09: "teletex in PSPDN",
    0x0A: "teletex in CSPDN",
    0x0B: "teletex in analog PSTN",
    0x0C: "teletex in digital ISDN",
    0x0D: "UCI",
    0x10: "message handling facility",
    0x11: "public X.400 message handling system",
    0x12: "Internet electronic mail",
    0x1F: "GSM/UMTS mobile station",
}
_SPECIAL: Final = {
    0x40: "short message type 0",
    **{0x40 + n: f"replace short message type {n}" for n in range(1, 8)},
    0x48: "device triggering short message",
    0x5E: "enhanced message service (obsolete)",
    0x5F: "return call message",
    0x7C: "ANSI-136 R-DATA",
    0x7D: "ME data download",
    0x7E: "ME de-personalization short message",
    0x7F: "(U)SIM data download",
}


def protocol(octet: int) -> str:
    """The meaning of a TP-PID octet."""
    if octet == 0:
        return "plain short message"
    if octet < 0x20:
        return f"SME to SME protocol {octet}"
    if octet < 0x40:
        device = octet & 0x1F
        known = "specific to the SC" if 0x18 <= device <= 0x1E else "reserved"
        return f"telematic interworking: {_DEVICES.get(device, known)}"
    if octet < 0x80:
        return _SPECIAL.get(octet, "reserved")
    return "reserved" if octet < 0xC0 else "specific to the SC"


def replace_type(octet: int) -> int | None:
    """1 to 7 when the message replaces an earlier one of the same sender, centre and type."""
    return octet - 0x40 if 0x41 <= octet <= 0x47 else None
