"""The SMS codec: octets <-> values by TS 23.038 and 23.040. Pure: no I/O, no clock, no logging."""

from modemgw.sms.address import Address
from modemgw.sms.assemble import GAP, Assembled, assemble, collate
from modemgw.sms.cause import FailureClass, failure_cause, failure_class
from modemgw.sms.cell_broadcast import BroadcastPage, Scope, decode_broadcast, encode_broadcast
from modemgw.sms.command import Command, CommandType
from modemgw.sms.dcs import Alphabet, DataCoding, Indication, MessageWaiting
from modemgw.sms.deliver import Deliver
from modemgw.sms.errors import (
    PduError,
    SegmentationError,
    TooManyPartsError,
    UnencodableError,
)
from modemgw.sms.header import Concatenation, Element, Iei, Ports, SpecialMessage
from modemgw.sms.pdu import decode_mo, decode_mt, pack_pdu, unpack_pdu
from modemgw.sms.pid import protocol, replace_type
from modemgw.sms.report import DeliverReport, SubmitReport
from modemgw.sms.segment import Segmentation, ShiftTables, segment_data, segment_text
from modemgw.sms.status import Outcome, TpStatus, status_of
from modemgw.sms.status_report import StatusReport
from modemgw.sms.submit import Submit
from modemgw.sms.tables import NationalLanguage
from modemgw.sms.timestamp import Timestamp
from modemgw.sms.user_data import UserData
from modemgw.sms.validity import Validity, ValidityFormat

__all__ = [
    "GAP",
    "Address",
    "Alphabet",
    "Assembled",
    "BroadcastPage",
    "Command",
    "CommandType",
    "Concatenation",
    "DataCoding",
    "Deliver",
    "DeliverReport",
    "Element",
    "FailureClass",
    "Iei",
    "Indication",
    "MessageWaiting",
    "NationalLanguage",
    "Outcome",
    "PduError",
    "Ports",
    "Scope",
    "Segmentation",
    "SegmentationError",
    "ShiftTables",
    "SpecialMessage",
    "StatusReport",
    "Submit",
    "SubmitReport",
    "Timestamp",
    "TooManyPartsError",
    "TpStatus",
    "UnencodableError",
    "UserData",
    "Validity",
    "ValidityFormat",
    "assemble",
    "collate",
    "decode_broadcast",
    "decode_mo",
    "decode_mt",
    "encode_broadcast",
    "failure_cause",
    "failure_class",
    "pack_pdu",
    "protocol",
    "replace_type",
    "segment_data",
    "segment_text",
    "status_of",
    "unpack_pdu",
]
