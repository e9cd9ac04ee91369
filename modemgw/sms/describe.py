"""Every field of a TPDU with its clause of TS 23.040, its value and its meaning, for people."""

from dataclasses import dataclass
from typing import Final

from modemgw.sms.address import NPI_NAMES, TON_NAMES, Address
from modemgw.sms.cause import failure_cause, failure_class
from modemgw.sms.command import Command, CommandType
from modemgw.sms.dcs import Alphabet, DataCoding
from modemgw.sms.deliver import Deliver
from modemgw.sms.elements import element_meaning, element_name
from modemgw.sms.pid import protocol
from modemgw.sms.report import DeliverReport, SubmitReport
from modemgw.sms.status import status_of
from modemgw.sms.status_report import StatusReport
from modemgw.sms.submit import Submit
from modemgw.sms.timestamp import Timestamp
from modemgw.sms.user_data import UserData
from modemgw.sms.validity import Validity, ValidityFormat

Tpdu = Deliver | Submit | StatusReport | Command | SubmitReport | DeliverReport


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``clause`` is of TS 23.040 unless it names another document."""

    name: str
    clause: str
    value: int | str | None
    meaning: str = ""


_COMMANDS: Final = {
    CommandType.ENQUIRY: "enquiry about an earlier message",
    CommandType.CANCEL_STATUS_REPORT_REQUEST: "cancel the status report request",
    CommandType.DELETE: "delete an earlier message",
    CommandType.ENABLE_STATUS_REPORT_REQUEST: "enable the status report request",
}
_CLASSES: Final = ("show at once", "store in the ME", "store in the (U)SIM", "pass to the TE")
_UNITS: Final = {Alphabet.GSM7: "septets", Alphabet.UCS2: "octets", Alphabet.DATA: "octets"}


def describe(tpdu: Tpdu, smsc: Address | None = None) -> list[Field]:
    """The fields in the order of the layout (9.2.2), the service centre's address first."""
    fields = [_address("SCA", "TS 24.011 8.2.5.1", smsc)] if smsc is not None else []
    fields.append(Field("TP-MTI", "9.2.3.1", tpdu.mti, tpdu.name))
    fields += _flags(tpdu)
    match tpdu:
        case Deliver():
            fields += [
                _address("TP-OA", "9.2.3.7", tpdu.originator),
                *_coding(tpdu.pid, tpdu.dcs),
                _timestamp("TP-SCTS", "9.2.3.11", tpdu.scts),
            ]
        case Submit():
            fields += [
                Field("TP-MR", "9.2.3.6", tpdu.reference),
                _address("TP-DA", "9.2.3.8", tpdu.destination),
                *_coding(tpdu.pid, tpdu.dcs),
                *_validity(tpdu.validity),
            ]
        case StatusReport():
            status = status_of(tpdu.status)
            final = "final" if status.final else "not final"
            fields += [
                Field("TP-MR", "9.2.3.6", tpdu.reference),
                _address("TP-RA", "9.2.3.14", tpdu.recipient),
                _timestamp("TP-SCTS", "9.2.3.11", tpdu.scts),
                _timestamp("TP-DT", "9.2.3.13", tpdu.discharge),
                Field("TP-ST", "9.2.3.15", status.octet, f"{status.meaning} ({final})"),
                *_coding(tpdu.pid, tpdu.dcs),
            ]
        case Command():
            return [*fields, *_command(tpdu)]
        case SubmitReport() | DeliverReport():
            if tpdu.failure_cause is not None:
                cause = tpdu.failure_cause
                meaning = f"{failure_cause(cause)} ({failure_class(cause)})"
                fields.append(Field("TP-FCS", "9.2.3.22", cause, meaning))
            if isinstance(tpdu, SubmitReport):
                fields.append(_timestamp("TP-SCTS", "9.2.3.11", tpdu.scts))
            fields += _coding(tpdu.pid, tpdu.dcs)
    return fields if tpdu.user_data is None else fields + _user_data(tpdu.user_data)


_FLAGS: Final = (
    ("more_messages", "TP-MMS", "9.2.3.2", "more messages wait", "no more messages wait"),
    ("reject_duplicates", "TP-RD", "9.2.3.25", "reject duplicates", "accept duplicates"),
    ("loop_prevention", "TP-LP", "9.2.3.28", "already forwarded", "not forwarded"),
    (
        "status_report_indication",
        "TP-SRI",
        "9.2.3.4",
        "the sender gets a status report",
        "the sender gets no status report",
    ),
    (
        "status_report_request",
        "TP-SRR",
        "9.2.3.5",
        "a status report is requested",
        "no status report is requested",
    ),
    ("qualifier", "TP-SRQ", "9.2.3.26", "report on an SMS-COMMAND", "report on an SMS-SUBMIT"),
    ("reply_path", "TP-RP", "9.2.3.17", "reply path set", "no reply path"),
)


def _flags(tpdu: Tpdu) -> list[Field]:
    fields = []
    for attribute, name, clause, is_set, is_clear in _FLAGS:
        state = getattr(tpdu, attribute, None)
        if state is not None:
            bit = int(state) if name != "TP-MMS" else int(not state)
            fields.append(Field(name, clause, bit, is_set if state else is_clear))
    if isinstance(tpdu, Command):
        has_header = tpdu.has_header
    else:
        has_header = tpdu.user_data is not None and tpdu.user_data.header_octets is not None
    meaning = "a header begins the user data" if has_header else "no header"
    return [*fields, Field("TP-UDHI", "9.2.3.23", int(has_header), meaning)]


def _address(name: str, clause: str, address: Address) -> Field:
    plan = NPI_NAMES.get(address.npi, "reserved")
    meaning = f"TON {address.ton} {TON_NAMES[address.ton]}, NPI {address.npi} {plan}"
    return Field(name, clause, str(address), meaning)


def _timestamp(name: str, clause: str, stamp: Timestamp) -> Field:
    moment = stamp.datetime
    if moment is not None:
        return Field(name, clause, moment.isoformat())
    return Field(name, clause, stamp.raw.hex().upper(), f"impossible: {stamp.problem}")


def _coding(pid: int | None, dcs: DataCoding | None) -> list[Field]:
    fields = []
    if pid is not None:
        fields.append(Field("TP-PID", "9.2.3.9", pid, protocol(pid)))
    if dcs is not None:
        fields.append(Field("TP-DCS", "9.2.3.10, TS 23.038 4", dcs.octet, _data_coding(dcs)))
    return fields


def _data_coding(dcs: DataCoding) -> str:
    pieces = ["compressed text" if dcs.compressed else dcs.alphabet.value]
    if dcs.message_class is not None:
        pieces.append(f"class {dcs.message_class}, {_CLASSES[dcs.message_class]}")
    if dcs.automatic_deletion:
        pieces.append("marked for automatic deletion")
    mwi = dcs.mwi
    if mwi is not None:
        state = "active" if mwi.active else "inactive"
        keep = "store" if mwi.store else "discard"
        pieces.append(f"{mwi.kind.name.lower()} waiting {state}, {keep} the message")
    if dcs.reserved:
        pieces.append("reserved coding")
    return "; ".join(pieces)


def _validity(validity: Validity | None) -> list[Field]:
    if validity is None:
        return [Field("TP-VPF", "9.2.3.3", 0, "no validity period")]
    fields = [Field("TP-VPF", "9.2.3.3", int(validity.format), validity.format.name.lower())]
    if validity.format is ValidityFormat.ABSOLUTE:
        return [*fields, _timestamp("TP-VP", "9.2.3.12.2", Timestamp(validity.raw))]
    seconds = validity.seconds
    meaning = "no period" if seconds is None else f"{seconds} s"
    if validity.single_shot:
        meaning += ", single shot"
    if validity.format is ValidityFormat.RELATIVE:
        return [*fields, Field("TP-VP", "9.2.3.12.1", validity.raw[0], meaning)]
    return [*fields, Field("TP-VP", "9.2.3.12.3", validity.raw.hex().upper(), meaning)]


def _command(command: Command) -> list[Field]:
    kind = command.command
    reserved = "specific to the SC" if kind >= 0xE0 else "reserved"
    meaning = _COMMANDS[CommandType(kind)] if kind in list(CommandType) else reserved
    return [
        Field("TP-MR", "9.2.3.6", command.reference),
        *_coding(command.pid, None),
        Field("TP-CT", "9.2.3.19", kind, meaning),
        Field("TP-MN", "9.2.3.18", command.message_number),
        _address("TP-DA", "9.2.3.8", command.destination),
        Field("TP-CDL", "9.2.3.20", len(command.data), "octets"),
        Field("TP-CD", "9.2.3.21", command.data.hex().upper()),
    ]


def _user_data(data: UserData) -> list[Field]:
    length = data.encode(limit=255)[0]
    fields = [Field("TP-UDL", "9.2.3.16", length, _UNITS[data.alphabet])]
    header = data.header_octets
    if header is not None:
        malformed = "malformed, ignored" if header and not data.header else ""
        fields.append(Field("TP-UDH", "9.2.3.24", header.hex().upper(), malformed))
    for element in data.header:
        name, clause = element_name(element.iei)
        meaning = element_meaning(element)
        said = f"{name}: {meaning}" if meaning else name
        fields.append(Field(f"IE {element.iei:02X}", clause, element.data.hex().upper(), said))
    text = data.text
    if text is None:
        return [*fields, Field("TP-UD", "9.2.3.24", data.data.hex().upper(), "binary data")]
    return [*fields, Field("TP-UD", "9.2.3.24", text, f"text of {len(text)} characters")]
