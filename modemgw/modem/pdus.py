"""PDUs in URCs and answers, as modems really print them (TS 27.005 3.1 <pdu>, <length>).

There should be a service centre address, then a TPDU of <length> octets. Some modems leave the
address out, fill the rest of a record with FF, or have a digit too many at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..at import Cursor, Urc
from ..at.dialogue import hex_digits, looks_like_pdu
from ..sms import Deliver, PduError, decode_mt, replace_type, unpack_pdu

_TYPE_OF_ADDRESS = 0x80
"""Bit 8 of a type-of-address octet is always set (TS 23.040 9.1.2.5)."""
_LONGEST_ADDRESS = 12
_SUBMIT_MTI = 1


@dataclass(frozen=True, slots=True)
class ReceivedPdu:
    """A PDU as the modem gave it, not yet decoded. `tpdu` is empty when `raw` is no PDU at all."""

    tpdu: bytes
    raw: str
    smsc: str | None
    memory: str | None
    index: int | None
    direct: bool
    beside: frozenset[tuple[str, int]] = frozenset()
    """Other places of the modem's stores in which something lay at the same time, where the whole
    store was looked through."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry of a message store."""

    index: int
    status: int
    pdu: ReceivedPdu


def direct_pdu(urc: Urc) -> ReceivedPdu:
    """The PDU of +CMT or +CDS. The last number of the header is the TPDU's length in octets."""
    return _received(urc.pdu or urc.line, _last_number(urc.line), None, None, direct=True)


def octets_of(urc: Urc) -> bytes:
    """What +CBM hands over, without a look at it; empty when that is no hexadecimal."""
    digits = hex_digits((urc.pdu or "").strip().lstrip('"'))
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def entries(lines: tuple[str, ...], memory: str | None, index: int | None) -> list[Stored]:
    """Headers and PDUs of a CMGR (`index` given) or CMGL answer; empty slots are left out."""
    found: list[Stored] = []
    header: str | None = None
    pending = list(reversed(lines))
    while pending:
        line = pending.pop()
        if line.startswith("+CMG"):
            header = line
            continue
        if header is None:
            continue
        glued = line.find("+CMGL:")
        if glued > 0:
            pending.append(line[glued:])
            line = line[:glued]
        cursor = Cursor(header)
        number = cursor.number() if index is None else index
        status = cursor.number()
        if number is not None and not _is_empty(line):
            pdu = _received(line, _last_number(header), memory, number, direct=False)
            found.append(Stored(number, status or 0, pdu))
        header = None
    return found


def _received(
    line: str, length: int | None, memory: str | None, index: int | None, *, direct: bool
) -> ReceivedPdu:
    raw = hex_digits(line.strip().lstrip('"'))
    smsc, tpdu = unpack(raw, length) if looks_like_pdu(line) else (None, b"")
    if not tpdu:
        return ReceivedPdu(b"", line, None, memory, index, direct)
    return ReceivedPdu(tpdu, raw, smsc, memory, index, direct)


def _last_number(header: str) -> int | None:
    """`+CMGR: 0,23`, `,,92`, `24`, `4,1,,151`: the length is always the last."""
    last = header.rpartition(",")[2].rpartition(":")[2].strip()
    return int(last) if last.isdecimal() else None


def _is_empty(line: str) -> bool:
    """A slot without a message: `00`, or `00` and a fill of F."""
    return not line.strip("0").strip("Ff") and line.startswith("0")


def is_submit(stored: Stored) -> bool:
    """A draft or a sent message: not ours to deliver. By TP-MTI; the status alone may lie."""
    return stored.status >= 2 and bool(stored.pdu.tpdu) and stored.pdu.tpdu[0] & 3 == _SUBMIT_MTI


def is_replaceable(stored: Stored) -> bool:
    """A modem puts the next message of this type into the same slot (TS 23.040 9.2.3.9)."""
    try:
        deliver = decode_mt(stored.pdu.tpdu)
    except PduError:
        return False
    return isinstance(deliver, Deliver) and replace_type(deliver.pid) is not None


def unpack(digits: str, length: int | None) -> tuple[str | None, bytes]:
    """The service centre and the TPDU in hexadecimal `digits`; no octets when there is none.

    `length` is the TPDU's in octets as the header gives it, without the service centre address; it
    may be missing or wrong. The service centre is None where it is not named.
    """
    digits = digits[: len(digits) // 2 * 2]
    octets = bytes.fromhex(digits)
    readings = list(_readings(octets, length))
    if readings:
        # Nothing to choose from, or nothing that can be understood: kept all the same.
        start, end = readings[0]
        if len(readings) > 1:
            understood = (r for r in readings if _is_tpdu(octets[slice(*r)]))
            start, end = next(understood, readings[0])
        return _service_centre(digits[: 2 * start]), octets[start:end]
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


@lru_cache(maxsize=64)
def _service_centre(digits: str) -> str | None:
    """The service centre before a TPDU. A network has few."""
    if not digits:
        return None
    try:
        smsc, _ = unpack_pdu(digits)
    except PduError:
        return None
    return None if smsc is None else str(smsc)
