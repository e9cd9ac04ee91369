"""What a modem reads from a TPDU that comes to it, without decoding the rest (TS 23.040 9.2)."""

from __future__ import annotations

TYPE_0 = 0x40
"""TP-PID of a message that is acknowledged and never shown (23.040 9.2.3.9)."""
_REPLACING = range(0x41, 0x48)


def message_class_of(dcs: int) -> int | None:
    """The class in a TP-DCS octet (TS 23.038 clause 4), None if it has none."""
    if dcs & 0xF0 == 0xF0 or dcs & 0x90 == 0x10:
        return dcs & 3
    return None


def is_report(tpdu: bytes) -> bool:
    """TP-MTI 10 from the service centre: SMS-STATUS-REPORT."""
    return bool(tpdu) and tpdu[0] & 3 == 2


def pid_and_dcs(tpdu: bytes) -> tuple[int, int]:
    """TP-PID and TP-DCS of a DELIVER; zeros when it is cut off."""
    if len(tpdu) < 2:
        return 0, 0
    at = 3 + (tpdu[1] + 1) // 2
    if len(tpdu) < at + 2:
        return 0, 0
    return tpdu[at], tpdu[at + 1]


def replace_type(tpdu: bytes) -> bytes:
    """What a message replaces is the one with the same TP-PID (41 to 47) and TP-OA; else empty.

    TS 23.040 9.2.3.9.
    """
    pid, _ = pid_and_dcs(tpdu)
    if is_report(tpdu) or pid not in _REPLACING:
        return b""
    return tpdu[1 : 4 + (tpdu[1] + 1) // 2]
