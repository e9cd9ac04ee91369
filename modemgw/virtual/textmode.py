"""Text mode: messages as lines of text (TS 27.005 clause 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw import sms
from modemgw.virtual.commands import CmsError, Command
from modemgw.virtual.store import TEXT_STATUS, Stored

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem

_REPORT_REQUEST = 0x20
_UCS2_DCS = 8


def from_charset(charset: str, text: str) -> str:
    """A string as the terminal wrote it under AT+CSCS."""
    if charset != "UCS2":
        return text
    try:
        return bytes.fromhex(text).decode("utf-16-be")
    except ValueError:
        return text


def to_charset(charset: str, text: str) -> str:
    """A string as AT+CSCS wants it shown."""
    if charset == "UCS2":
        return text.encode("utf-16-be", "replace").hex().upper()
    return text


def number_given(modem: VirtualModem, command: Command, position: int) -> str:
    """A number parameter, with `+` when the type that follows says international (145)."""
    number = from_charset(modem.parameters.charset, command.string(position))
    if command.integer(position + 1, 0) == 145 and not number.startswith("+"):
        return f"+{number}"
    return number


def compose(modem: VirtualModem, destination: str, body: bytes) -> bytes:
    """A SUBMIT from typed text, by AT+CSMP and AT+CSCS; one part, else +CMS ERROR 305."""
    first_octet, _, pid, dcs = modem.parameters["+CSMP"]
    typed = body.decode("latin-1").removeprefix("\n").replace("\r", "\n").replace("\n\n", "\n")
    hexadecimal = modem.parameters.charset == "UCS2" or dcs & 0x0C == _UCS2_DCS
    text = from_charset("UCS2" if hexadecimal else "IRA", typed)
    try:
        address = sms.Address.parse(destination)
        segmentation = sms.segment_text(
            text, encoding="ucs2" if dcs & 0x0C == _UCS2_DCS else "auto"
        )
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
    return f"{header}\r\n{_content(modem, value.user_data)}"


def entry_in_text_mode(modem: VirtualModem, prefix: str, stored: Stored, *, listing: bool) -> str:
    """An entry of +CMGL or the answer of +CMGR in text mode."""
    status = TEXT_STATUS[stored.status]
    if stored.outgoing:
        submit = sms.decode_mo(stored.tpdu)
        if isinstance(submit, sms.Submit):
            number = to_charset(modem.parameters.charset, str(submit.destination))
            return f'{prefix}"{status}","{number}",\r\n{_content(modem, submit.user_data)}'
    value = _decoded(stored.tpdu)
    if isinstance(value, sms.StatusReport):
        return f'{prefix}"{status}",{_report_fields(value)}'
    if value is None:
        return f'{prefix}"{status}","",\r\n'
    number = to_charset(modem.parameters.charset, str(value.originator))
    details = ""
    if modem.parameters["+CSDH"][0]:
        content = _content(modem, value.user_data)
        details = f",{_kind(value.originator)}"
        if not listing:
            details += f",{stored.tpdu[0]},{value.pid},{value.dcs.octet}"
            details += f',"{modem.sim_smsc()}",145'
        details += f",{len(content)}"
    header = f'{prefix}"{status}","{number}",,"{_time(value.scts)}"{details}'
    return f"{header}\r\n{_content(modem, value.user_data)}"
