"""Whole PDUs: which TPDU octets are, and the hexadecimal form with service centre address that
modems speak.

TP-MTI has two bits, so the same octets are different TPDUs in the two directions (TS 23.040
9.2.3.1).
"""

from typing import Final

from modemgw.sms.address import Address, decode_smsc
from modemgw.sms.command import Command
from modemgw.sms.deliver import Deliver
from modemgw.sms.errors import PduError
from modemgw.sms.report import DeliverReport, SubmitReport
from modemgw.sms.status_report import StatusReport
from modemgw.sms.submit import Submit

_HEX: Final = frozenset("0123456789abcdefABCDEF")


def decode_mt(tpdu: bytes) -> Deliver | StatusReport | SubmitReport:
    """A TPDU from the service centre, as a mobile receives it; PduError for anything else."""
    if not tpdu:
        raise PduError("TP-MTI", 0, "no octets at all")
    kind = tpdu[0] & 3
    if kind == 2:
        return StatusReport.decode(tpdu)
    if kind == 1:
        return SubmitReport.decode(tpdu)
    return Deliver.decode(tpdu)


def decode_mo(tpdu: bytes) -> Submit | Command | DeliverReport:
    """A TPDU from a mobile, as the service centre receives it; PduError for anything else."""
    if not tpdu:
        raise PduError("TP-MTI", 0, "no octets at all")
    kind = tpdu[0] & 3
    if kind == 1:
        return Submit.decode(tpdu)
    if kind == 2:
        return Command.decode(tpdu)
    if kind == 0:
        return DeliverReport.decode(tpdu)
    raise PduError("TP-MTI", 0, "11 is reserved for what a mobile sends")


def pack_pdu(tpdu: bytes, smsc: Address | None = None) -> str:
    """Upper-case hexadecimal with the service centre's address before it, ``00`` for the SIM's own.

    The length that AT+CMGS wants is ``len(tpdu)`` (TS 27.005 4.3).
    """
    prefix = b"\0" if smsc is None else smsc.encode_smsc()
    return (prefix + tpdu).hex().upper()


def unpack_pdu(text: str) -> tuple[Address | None, bytes]:
    """The service centre's address (None when left out) and the TPDU of what a modem shows.

    White space around it and between octets is skipped, small letters are as good as capitals.
    PduError, with an offset that counts octets of the whole, when it is not hexadecimal or the
    address is cut off.
    """
    try:
        octets = bytes.fromhex(text.strip())
    except ValueError:
        raise _not_hexadecimal(text) from None
    smsc, at = decode_smsc(octets)
    return smsc, octets[at:]


def _not_hexadecimal(text: str) -> PduError:
    digits = 0
    for character in text:
        if character in _HEX:
            digits += 1
        elif not character.isspace():
            return PduError("PDU", digits // 2, f"not hexadecimal: {character!r} is no digit")
    return PduError("PDU", digits // 2, "not hexadecimal: an odd number of digits")
