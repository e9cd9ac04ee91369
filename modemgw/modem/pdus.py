"""The PDU in a line, as modems really print it (TS 27.005 3.1 <pdu>, <length>).

There should be a service centre address, then a TPDU of <length> octets. Some modems leave the
address out, fill the rest of a record with FF, or have a digit too many at the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..sms import PduError, decode_mt, unpack_pdu

_TYPE_OF_ADDRESS = 0x80
"""Bit 8 of a type-of-address octet is always set (TS 23.040 9.1.2.5)."""
_LONGEST_ADDRESS = 12
_SUBMIT_MTI = 1


def unpack(digits: str, length: int | None) -> tuple[str | None, bytes]:
    """The service centre and the TPDU in hexadecimal `digits`; no octets when there is none.

    `length` is the TPDU's in octets as the header gives it, without the service centre address; it
    may be missing or wrong. The service centre is None where it is not named.
    """
    digits = digits[: len(digits) // 2 * 2]
    octets = bytes.fromhex(digits)
    readings = list(_readings(octets, length))
    for start, end in readings:
        if _is_tpdu(octets[start:end]):
            return _service_centre(digits, start), octets[start:end]
    if readings:
        # Nothing that can be understood, but kept all the same.
        start, end = readings[0]
        return _service_centre(digits, start), octets[start:end]
    try:
        smsc, tpdu = unpack_pdu(digits)
    except PduError:
        return None, b""
    return None if smsc is None else str(smsc), tpdu


def _readings(octets: bytes, length: int | None) -> Iterator[tuple[int, int]]:
    """Where the TPDU may be, the likeliest first."""
    if not octets:
        return
    total, behind = len(octets), 1 + octets[0]
    has_address = octets[0] == 0 or (
        behind < total and octets[0] <= _LONGEST_ADDRESS and octets[1] & _TYPE_OF_ADDRESS
    )
    if length is None or not 0 < length <= total:
        if has_address and behind < total:
            yield behind, total
        yield 0, total
        return
    if length == total:
        yield 0, total
    if has_address and behind + length <= total:
        yield behind, behind + length
        if behind + length == total:
            return
    elif has_address and behind < total:
        yield behind, total
    if length < total:
        yield 0, length


def _is_tpdu(octets: bytes) -> bool:
    if octets and octets[0] & 3 == _SUBMIT_MTI:
        return True  # a draft, in whatever state it is
    try:
        decode_mt(octets)
    except PduError:
        return False
    return True


def _service_centre(digits: str, start: int) -> str | None:
    if start == 0:
        return None
    try:
        smsc, _ = unpack_pdu(digits)
    except PduError:
        return None
    return None if smsc is None else str(smsc)
