"""SMS-STATUS-REPORT: what became of a message or a command (TS 23.040 9.2.2.3)."""

from typing import ClassVar, Final

from modemgw.sms.address import Address, decode_address
from modemgw.sms.dcs import DataCoding
from modemgw.sms.errors import PduError
from modemgw.sms.fields import octet, require
from modemgw.sms.parameters import Parameters, decode_indicator, decode_parameters
from modemgw.sms.timestamp import Timestamp
from modemgw.sms.user_data import MAX_TPDU, UserData
from modemgw.sms.value import value

_MAX_USER_DATA: Final = MAX_TPDU - 21  # with an empty address and neither TP-PID nor TP-DCS


@value
class StatusReport:
    """The fate of the SMS-SUBMIT (``qualifier`` False) or SMS-COMMAND (True) with TP-MR
    ``reference``.

    ``scts`` is when the centre took that one, ``discharge`` when ``status`` (TP-ST, see
    ``status_of``) came about.
    """

    name: ClassVar[str] = "SMS-STATUS-REPORT"
    mti: ClassVar[int] = 2

    reference: int
    recipient: Address
    scts: Timestamp
    discharge: Timestamp
    status: int
    more_messages: bool = False
    qualifier: bool = False
    loop_prevention: bool = False
    pid: int | None = None
    dcs: DataCoding | None = None
    user_data: UserData | None = None

    def encode(self) -> bytes:
        """The TPDU without SCA; ValueError for values that the spec cannot carry."""
        first = self.mti
        if not self.more_messages:
            first |= 0x04
        if self.loop_prevention:
            first |= 0x08
        if self.qualifier:
            first |= 0x20
        user_data = self.user_data
        if user_data is not None and user_data.header_octets is not None:
            first |= 0x40
        tpdu = b"".join(
            (
                bytes((first, octet("TP-MR", self.reference))),
                self.recipient.encode(),
                self.scts.raw,
                self.discharge.raw,
                bytes((octet("TP-ST", self.status),)),
            )
        )
        optional = Parameters(self.pid, self.dcs, user_data)
        indicator = optional.indicator()
        return tpdu + bytes((indicator,)) + optional.encode(_MAX_USER_DATA) if indicator else tpdu

    @classmethod
    def decode(cls, tpdu: bytes) -> "StatusReport":
        """Read a TPDU with TP-MTI 10; trailing octets are padding. PduError otherwise."""
        if len(tpdu) < 2:
            require(tpdu, 0, (("TP-MTI", 1), ("TP-MR", 1)))
        first = tpdu[0]
        if first & 3 != cls.mti:
            raise PduError("TP-MTI", 0, f"{first & 3:02b} is not that of an {cls.name}")
        recipient, at = decode_address(tpdu, 2, "TP-RA")
        end = at + 15
        if len(tpdu) < end:
            require(tpdu, at, (("TP-SCTS", 7), ("TP-DT", 7), ("TP-ST", 1)))
        pid, dcs, user_data = _NO_PARAMETERS
        if len(tpdu) > end and tpdu[end] != 0xFF:  # FF is the padding of a SIM record, not a TP-PI
            indicator, end = decode_indicator(tpdu, end)
            pid, dcs, user_data = decode_parameters(
                tpdu, end, indicator, bool(first & 0x40), _MAX_USER_DATA
            )
        return cls(
            tpdu[1],
            recipient,
            Timestamp(tpdu[at : at + 7]),
            Timestamp(tpdu[at + 7 : at + 14]),
            tpdu[at + 14],
            not first & 0x04,
            bool(first & 0x20),
            bool(first & 0x08),
            pid,
            dcs,
            user_data,
        )


_NO_PARAMETERS = Parameters()
