"""Text mode: messages as lines of text (TS 27.005 clause 3)."""

from __future__ import annotations

from modemgw import sms
from modemgw.virtual.charset import from_charset, to_charset
from modemgw.virtual.command import Command
from modemgw.virtual.errors import CmsError
from modemgw.virtual.parameters import Parameters
from modemgw.virtual.slot import Slot
from modemgw.virtual.store import TEXT_STATUS, Stored

_REPORT_REQUEST = 0x20
_VALIDITY_FORMAT, _RELATIVE_VALIDITY = 0x18, 0x10
_UCS2_DCS = 8


class TextMode:
    """Messages and numbers as AT+CSCS, AT+CSMP and AT+CSDH of one AT port want them written."""

    def __init__(self, parameters: Parameters, slot: Slot) -> None:
        self._parameters = parameters
        self._slot = slot

    @property
    def on(self) -> bool:
        """AT+CMGF=1."""
        return self._parameters["+CMGF"][0] == 1

    def number(self, command: Command, position: int) -> str:
        """A number parameter, with `+` when the type that follows says international (145)."""
        number = from_charset(self._parameters.charset, command.string(position))
        if command.integer(position + 1, 0) == 145 and not number.startswith("+"):
            return f"+{number}"
        return number

    def compose(self, destination: str, body: bytes) -> bytes:
        """A SUBMIT from typed text, by AT+CSMP and AT+CSCS; one part, else +CMS ERROR 305."""
        first_octet, validity, pid, dcs = self._parameters["+CSMP"]
        typed = body.decode("latin-1").removeprefix("\n").replace("\r", "\n").replace("\n\n", "\n")
        ucs2 = dcs & 0x0C == _UCS2_DCS
        text = from_charset("UCS2" if ucs2 else self._parameters.charset, typed)
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

    def direct(self, tpdu: bytes) -> str | None:
        """`+CMT` or `+CDS` in text mode; None when the TPDU cannot be shown so."""
        value = _decoded(tpdu)
        if isinstance(value, sms.StatusReport):
            return f"+CDS: {_report_fields(value)}"
        if value is None:
            return None
        sender = to_charset(self._parameters.charset, str(value.originator))
        header = f'+CMT: "{sender}",,"{_time(value.scts)}"'
        if self._in_detail():
            header += (
                f",{_kind(value.originator)},{tpdu[0]},{value.pid},{value.dcs.octet},"
                f"{self._centre()},{_length(value.user_data)}"
            )
        return f"{header}\r\n{self._content(value.user_data)}"

    def entry(self, prefix: str, stored: Stored, *, listing: bool) -> str:
        """An entry of +CMGL or the answer of +CMGR in text mode."""
        status = TEXT_STATUS[stored.status]
        if stored.outgoing:
            submit = sms.decode_mo(stored.tpdu)
            if isinstance(submit, sms.Submit):
                number = to_charset(self._parameters.charset, str(submit.destination))
                details = self._draft_details(submit, stored.tpdu, listing=listing)
                content = self._content(submit.user_data)
                return f'{prefix}"{status}","{number}",{details}\r\n{content}'
        value = _decoded(stored.tpdu)
        if isinstance(value, sms.StatusReport):
            return f'{prefix}"{status}",{_report_fields(value)}'
        if value is None:
            return f'{prefix}"{status}","",\r\n'
        number = to_charset(self._parameters.charset, str(value.originator))
        details = ""
        if self._in_detail():
            details = f",{_kind(value.originator)}"
            if not listing:
                details += f",{stored.tpdu[0]},{value.pid},{value.dcs.octet},{self._centre()}"
            details += f",{_length(value.user_data)}"
        header = f'{prefix}"{status}","{number}",,"{_time(value.scts)}"{details}'
        return f"{header}\r\n{self._content(value.user_data)}"

    def _draft_details(self, submit: sms.Submit, tpdu: bytes, *, listing: bool) -> str:
        """What AT+CSDH=1 adds behind <da>,[<alpha>] of a message that was written here.

        27.005 3.4.2: ,[<scts>],<toda>,<length>;
        3.4.3: ,<toda>,<fo>,<pid>,<dcs>,[<vp>],<sca>,<tosca>,<length>.
        """
        if not self._in_detail():
            return ""
        kind, length = _kind(submit.destination), _length(submit.user_data)
        if listing:
            return f",,{kind},{length}"
        validity = submit.validity
        relative = validity is not None and validity.format is sms.ValidityFormat.RELATIVE
        shown = validity.raw[0] if validity is not None and relative else ""
        return (
            f",{kind},{tpdu[0]},{submit.pid},{submit.dcs.octet},{shown},{self._centre()},{length}"
        )

    def _content(self, user_data: sms.UserData) -> str:
        if user_data.text is None:
            return user_data.data.hex().upper()
        if user_data.alphabet is sms.Alphabet.UCS2:
            return to_charset("UCS2", user_data.text)
        return to_charset(self._parameters.charset, user_data.text)

    def _centre(self) -> str:
        """<sca>,<tosca>"""
        number = self._slot.service_centre
        kind = 145 if number.startswith("+") else 129
        return f'"{to_charset(self._parameters.charset, number)}",{kind}'

    def _in_detail(self) -> bool:
        return self._parameters["+CSDH"][0] == 1


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


def _length(user_data: sms.UserData) -> int:
    """<length>: characters of the text, or octets of what is none (27.005 3.1)."""
    return len(user_data.data if user_data.text is None else user_data.text)


def _report_fields(report: sms.StatusReport) -> str:
    return (
        f'6,{report.reference},"{report.recipient}",{_kind(report.recipient)},'
        f'"{_time(report.scts)}","{_time(report.discharge)}",{report.status}'
    )
