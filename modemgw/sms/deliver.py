"""SMS-DELIVER: from the service centre to the mobile (TS 23.040 9.2.2.1)."""

from typing import ClassVar

from modemgw.sms.address import Address, decode_address
from modemgw.sms.dcs import DataCoding
from modemgw.sms.errors import PduError
from modemgw.sms.fields import encode_user_data, octet, require
from modemgw.sms.timestamp import Timestamp
from modemgw.sms.user_data import UserData, decode_user_data
from modemgw.sms.value import value


@value
class Deliver:
    """A received short message; ``scts`` is when the service centre took it."""

    name: ClassVar[str] = "SMS-DELIVER"
    mti: ClassVar[int] = 0

    originator: Address
    user_data: UserData
    scts: Timestamp
    dcs: DataCoding
    pid: int = 0
    more_messages: bool = False
    status_report_indication: bool = False
    reply_path: bool = False
    loop_prevention: bool = False

    def encode(self) -> bytes:
        """The TPDU without SCA; ValueError for values that the spec cannot carry."""
        first = self.mti
        if not self.more_messages:  # TP-MMS is 1 when no more messages wait (9.2.3.2)
            first |= 0x04
        if self.loop_prevention:
            first |= 0x08
        if self.status_report_indication:
            first |= 0x20
        if self.user_data.header_octets is not None:
            first |= 0x40
        if self.reply_path:
            first |= 0x80
        return b"".join(
            (
                bytes((first,)),
                self.originator.encode(),
                bytes((octet("TP-PID", self.pid), self.dcs.octet)),
                self.scts.raw,
                encode_user_data(self.user_data, self.dcs),
            )
        )

    def identity(self) -> bytes:
        """Octets that are the same in every repetition of this message, and in no other one.

        Originator, TP-SCTS, coding and user data. Not among them is what a service centre sets anew
        each time (TP-MMS, TP-LP, TP-SRI, TP-RP, TP-PID, the type of the originator's number), nor
        fill bits and padding. Two messages of one sender that the service centre took in the same
        second with the same content have the same identity.
        """
        header = self.user_data.header_octets
        fields = (
            self.originator.value.encode(),
            self.scts.raw,
            bytes((self.dcs.octet,)),
            self.user_data.data,
            b"" if header is None else b"\x01" + header,
        )
        return b"".join(len(field).to_bytes(2) + field for field in fields)

    @classmethod
    def decode(cls, tpdu: bytes) -> "Deliver":
        """Read a TPDU that begins with TP-MTI 00; trailing octets are padding. PduError otherwise.

        The reserved TP-MTI 11 is read as an SMS-DELIVER, as the spec wants it (9.2.3.1).
        """
        if len(tpdu) < 1:
            require(tpdu, 0, (("TP-MTI", 1),))
        first = tpdu[0]
        if first & 3 not in (0, 3):
            raise PduError("TP-MTI", 0, f"{first & 3:02b} is not that of an {cls.name}")
        originator, at = decode_address(tpdu, 1, "TP-OA")
        if len(tpdu) < at + 9:
            require(tpdu, at, (("TP-PID", 1), ("TP-DCS", 1), ("TP-SCTS", 7)))
        dcs = DataCoding.from_octet(tpdu[at + 1])
        return cls(
            originator,
            decode_user_data(tpdu, at + 9, dcs.alphabet, bool(first & 0x40)),
            Timestamp(tpdu[at + 2 : at + 9]),
            dcs,
            tpdu[at],
            not first & 0x04,
            bool(first & 0x20),
            bool(first & 0x80),
            bool(first & 0x08),
        )
