"""SMS-SUBMIT: from the mobile to the service centre (TS 23.040 9.2.2.2)."""

from typing import ClassVar, Final

from modemgw.sms.address import Address, decode_address
from modemgw.sms.dcs import DataCoding
from modemgw.sms.errors import PduError
from modemgw.sms.fields import encode_user_data, require
from modemgw.sms.user_data import UserData, decode_user_data
from modemgw.sms.validity import Validity, ValidityFormat
from modemgw.sms.value import value

_RELATIVE: Final = 0x10


@value
class Submit:
    """A short message to send. ``reference`` (TP-MR) is usually replaced by the modem."""

    name: ClassVar[str] = "SMS-SUBMIT"
    mti: ClassVar[int] = 1

    destination: Address
    user_data: UserData
    dcs: DataCoding
    reference: int = 0
    pid: int = 0
    validity: Validity | None = None
    status_report_request: bool = False
    reject_duplicates: bool = False
    reply_path: bool = False

    def encode(self) -> bytes:
        """The TPDU without SCA; ValueError for values that the spec cannot carry."""
        reference, pid = self.reference, self.pid
        if not (0 <= reference <= 255 and 0 <= pid <= 255):
            raise ValueError(f"TP-MR {reference} and TP-PID {pid} have to be 0 to 255")
        validity, user_data, dcs = self.validity, self.user_data, self.dcs
        first = self.mti
        if self.reject_duplicates:
            first |= 0x04
        if validity is not None:
            first |= validity.format << 3
        if self.status_report_request:
            first |= 0x20
        if user_data.header_octets is not None:
            first |= 0x40
        if self.reply_path:
            first |= 0x80
        return b"".join(
            (
                bytes((first, reference)),
                self.destination.encode(),
                bytes((pid, dcs.octet)),
                b"" if validity is None else validity.raw,
                encode_user_data(user_data, dcs),
            )
        )

    @classmethod
    def decode(cls, tpdu: bytes) -> "Submit":
        """Read a TPDU with TP-MTI 01; trailing octets are padding. PduError otherwise."""
        if len(tpdu) < 2:
            require(tpdu, 0, (("TP-MTI", 1), ("TP-MR", 1)))
        first = tpdu[0]
        if first & 3 != cls.mti:
            raise PduError("TP-MTI", 0, f"{first & 3:02b} is not that of an {cls.name}")
        destination, at = decode_address(tpdu, 2, "TP-DA")
        form = first & 0x18
        size = 1 if form == _RELATIVE else 7 if form else 0
        if len(tpdu) < at + 2 + size:
            require(tpdu, at, (("TP-PID", 1), ("TP-DCS", 1), ("TP-VP", size)))
        dcs = DataCoding.from_octet(tpdu[at + 1])
        end = at + 2 + size
        return cls(
            destination,
            decode_user_data(tpdu, end, dcs.alphabet, bool(first & 0x40)),
            dcs,
            tpdu[1],
            tpdu[at],
            Validity(ValidityFormat(form >> 3), tpdu[at + 2 : end]) if form else None,
            bool(first & 0x20),
            bool(first & 0x04),
            bool(first & 0x80),
        )
