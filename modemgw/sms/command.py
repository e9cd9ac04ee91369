"""SMS-COMMAND: asks the service centre about an earlier message, or to delete it (TS 23.040
9.2.2.4).
"""

from enum import IntEnum
from typing import ClassVar, Final

from modemgw.sms.address import Address, decode_address
from modemgw.sms.errors import PduError
from modemgw.sms.fields import octet, require
from modemgw.sms.user_data import MAX_TPDU
from modemgw.sms.value import value

MAX_DATA: Final = MAX_TPDU - 8  # with an empty address


class CommandType(IntEnum):
    """TP-CT (9.2.3.19); 4 to 1F are reserved, E0 to FF are for the service centre."""

    ENQUIRY = 0
    CANCEL_STATUS_REPORT_REQUEST = 1
    DELETE = 2
    ENABLE_STATUS_REPORT_REQUEST = 3


@value
class Command:
    """A command on the message ``message_number`` (its TP-MR) to ``destination``.

    ``command`` is a CommandType or another octet; ``has_header`` says that ``data`` begins with a
    user data header.
    """

    name: ClassVar[str] = "SMS-COMMAND"
    mti: ClassVar[int] = 2

    destination: Address
    command: int
    message_number: int
    reference: int = 0
    pid: int = 0
    data: bytes = b""
    status_report_request: bool = False
    has_header: bool = False

    def encode(self) -> bytes:
        """The TPDU without SCA; ValueError for values that the spec cannot carry."""
        if len(self.data) > MAX_DATA:
            raise ValueError(f"command data of {len(self.data)} octets, at most {MAX_DATA} fit")
        first = self.mti | 0x20 * self.status_report_request | 0x40 * self.has_header
        return b"".join(
            (
                bytes(
                    (
                        first,
                        octet("TP-MR", self.reference),
                        octet("TP-PID", self.pid),
                        octet("TP-CT", self.command),
                        octet("TP-MN", self.message_number),
                    )
                ),
                self.destination.encode(),
                bytes((len(self.data),)),
                self.data,
            )
        )

    @classmethod
    def decode(cls, tpdu: bytes) -> "Command":
        """Read a TPDU with TP-MTI 10; trailing octets are padding. PduError otherwise."""
        require(tpdu, 0, (("TP-MTI", 1), ("TP-MR", 1), ("TP-PID", 1), ("TP-CT", 1), ("TP-MN", 1)))
        first = tpdu[0]
        if first & 3 != cls.mti:
            raise PduError("TP-MTI", 0, f"{first & 3:02b} is not that of an {cls.name}")
        destination, at = decode_address(tpdu, 5, "TP-DA")
        require(tpdu, at, (("TP-CDL", 1),))
        length = tpdu[at]
        if length > MAX_DATA:
            raise PduError(
                "TP-CDL", at, f"{length} octets of command data, at most {MAX_DATA} are allowed"
            )
        require(tpdu, at + 1, (("TP-CD", length),))
        return cls(
            destination,
            tpdu[3],
            tpdu[4],
            tpdu[1],
            tpdu[2],
            tpdu[at + 1 : at + 1 + length],
            bool(first & 0x20),
            bool(first & 0x40),
        )
