"""Text mode: messages as lines of text (TS 27.005 clause 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw import sms
from modemgw.sms.gsm7 import gsm7
from modemgw.virtual.commands import CmsError, Command
from modemgw.virtual.store import TEXT_STATUS, Stored

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem

_REPORT_REQUEST = 0x20
_VALIDITY_FORMAT, _RELATIVE_VALIDITY = 0x18, 0x10
_UNKNOWN = ord("?")
_UCS2_DCS = 8


def from_charset(charset: str, text: str) -> str:
    """A string as the terminal wrote it under AT+CSCS (TS 27.007 5.5); its characters are octets.

    What the set does not have reads as a question mark.
    """
    if charset == "UCS2":
        try:
            return bytes.fromhex(text).decode("utf-16-be")
        except ValueError:
            return text
    if charset == "GSM":
        octets = text.encode("latin-1", "replace")
        return gsm7().decode(bytes(o if o < 0x80 else _UNKNOWN for o in octets))
    return text.encode("ascii", "replace").decode("ascii")


def to_charset(charset: str, text: str) -> str:
    """A string as AT+CSCS wants it shown: code points of 23.038, ASCII, or UCS-2 in hex."""
    if charset == "UCS2":
        return text.encode("utf-16-be", "replace").hex().upper()
    if charset == "GSM":
        alphabet = gsm7()
        known = "".join(c if c in alphabet.characters else "?" for c in text)
        return alphabet.encode(known).decode("latin-1")
    return text.encode("ascii", "replace").decode("ascii")


def number_given(modem: VirtualModem, command: Command, position: int) -> str:
    """A number parameter, with `+` when the type that follows says international (145)."""
    number = from_charset(modem.parameters.charset, command.string(position))
    if command.integer(position + 1, 0) == 145 and not number.startswith("+"):
        return f"+{number}"
    return number


def compose(modem: VirtualModem, destination: str, body: bytes) -> bytes:
    """A SUBMIT from typed text, by AT+CSMP and AT+CSCS; one part, else +CMS ERROR 305."""
    first_octet, validity, pid, dcs = modem.parameters["+CSMP"]
    typed = body.decode("latin-1").removeprefix("\n").replace("\r", "\n").replace("\n\n", "\n")
    ucs2 = dcs & 0x0C == _UCS2_DCS
    text = from_charset("UCS2" if ucs2 else modem.parameters.charset, typed)
    try:
        address = sms.Address.parse(destination)
        segmentation = sms.segment_text(text, encoding="ucs2" if ucs2 else "auto")
    except ValueError:
        raise CmsError(305) from None
    if len(segmentation.parts) != 1:
        raise CmsError(305)
    return sms.Submit(
        destination=address,
        user_data=segmentation.parts[0],
        dcs=segmentation.dcs,
        pid=pid,
        status_report_request=bool(first_octet & _REPORT_REQUEST),
        validity=sms.Validity(sms.ValidityFormat.RELATIVE, bytes((validity,)))
        if first_octet & _VALIDITY_FORMAT == _RELATIVE_VALIDITY
        else None,
    ).encode()


def _time(stamp: sms.Timestamp) -> str:
    moment = stamp.datetime
    if moment is None:
        return "00/00/00,00:00:00+00"
    offset = moment.utcoffset()
    quarters = int(offset.total_seconds()) // 900 if offset else 0
    return f"{moment:%y/%m/%d,%H:%M:%S}{quarters:+03d}"


def _kind(address: sms.Address) -> int:
    return 0x80 | address.ton << 4 | address.npi


def _decoded(tpdu: bytes) -> sms.Deliver | sms.StatusReport | None:
    try:
        value = sms.decode_mt(tpdu)
    except sms.PduError:
        return None
    return value if isinstance(value, sms.Deliver | sms.StatusReport) else None


def _content(modem: VirtualModem, user_data: sms.UserData) -> str:
    if user_data.text is None:
        return user_data.data.hex().upper()
    if user_data.alphabet is sms.Alphabet.UCS2:
        return to_charset("UCS2", user_data.text)
    return to_charset(modem.parameters.charset, user_data.text)


def _length(user_data: sms.UserData) -> int:
    """<length>: characters of the text, or octets of what is none (27.005 3.1)."""
    return len(user_data.data if user_data.text is None else user_data.text)


def _centre(modem: VirtualModem) -> str:
    """<sca>,<tosca>"""
    number = modem.sim_smsc()
    kind = 145 if number.startswith("+") else 129
    return f'"{to_charset(modem.parameters.charset, number)}",{kind}'


def _in_detail(modem: VirtualModem) -> bool:
    return modem.parameters["+CSDH"][0] == 1


def _report_fields(report: sms.StatusReport) -> str:
    return (
        f'6,{report.reference},"{report.recipient}",{_kind(report.recipient)},'
        f'"{_time(report.scts)}","{_time(report.discharge)}",{report.status}'
    )


def direct_in_text_mode(modem: VirtualModem, tpdu: bytes) -> str | None:
    """`+CMT` or `+CDS` in text mode; None when the TPDU cannot be shown so."""
    value = _decoded(tpdu)
    if isinstance(value, sms.StatusReport):
        return f"+CDS: {_report_fields(value)}"
    if value is None:
        return None
    sender = to_charset(modem.parameters.charset, str(value.originator))
    header = f'+CMT: "{sender}",,"{_time(value.scts)}"'
    if _in_detail(modem):
        header += (
            f",{_kind(value.originator)},{tpdu[0]},{value.pid},{value.dcs.octet},"
            f"{_centre(modem)},{_length(value.user_data)}"
        )
    return f"{header}\r\n{_content(modem, value.user_data)}"


def _draft_details(modem: VirtualModem, submit: sms.Submit, tpdu: bytes, *, listing: bool) -> str:
    """What AT+CSDH=1 adds behind <da>,[<alpha>] of a message that was written here.

    27.005 3.4.2: ,[<scts>],<toda>,<length>; 3.4.3: ,<toda>,<fo>,<pid>,<dcs>,[<vp>],<sca>,<tosca>,
    <length>.
    """
    if not _in_detail(modem):
        return ""
    kind, length = _kind(submit.destination), _length(submit.user_data)
    if listing:
        return f",,{kind},{length}"
    validity = submit.validity
    relative = validity is not None and validity.format is sms.ValidityFormat.RELATIVE
    shown = validity.raw[0] if validity is not None and relative else ""
    return f",{kind},{tpdu[0]},{submit.pid},{submit.dcs.octet},{shown},{_centre(modem)},{length}"


def entry_in_text_mode(modem: VirtualModem, prefix: str, stored: Stored, *, listing: bool) -> str:
    """An entry of +CMGL or the answer of +CMGR in text mode."""
    status = TEXT_STATUS[stored.status]
    if stored.outgoing:
        submit = sms.decode_mo(stored.tpdu)
        if isinstance(submit, sms.Submit):
            number = to_charset(modem.parameters.charset, str(submit.destination))
            details = _draft_details(modem, submit, stored.tpdu, listing=listing)
            content = _content(modem, submit.user_data)
            return f'{prefix}"{status}","{number}",{details}\r\n{content}'
    value = _decoded(stored.tpdu)
    if isinstance(value, sms.StatusReport):
        return f'{prefix}"{status}",{_report_fields(value)}'
    if value is None:
        return f'{prefix}"{status}","",\r\n'
    number = to_charset(modem.parameters.charset, str(value.originator))
    details = ""
    if _in_detail(modem):
        details = f",{_kind(value.originator)}"
        if not listing:
            details += f",{stored.tpdu[0]},{value.pid},{value.dcs.octet},{_centre(modem)}"
        details += f",{_length(value.user_data)}"
    header = f'{prefix}"{status}","{number}",,"{_time(value.scts)}"{details}'
    return f"{header}\r\n{_content(modem, value.user_data)}"
