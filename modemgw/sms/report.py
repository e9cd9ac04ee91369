"""SMS-DELIVER-REPORT and SMS-SUBMIT-REPORT (TS 23.040 9.2.2.1a, 9.2.2.2a).

Each has two forms, in an RP-ACK without and in an RP-ERROR with TP-FCS, and nothing in the octets
says which. TP-FCS is 80 to FF, and a TP-PI has bit 7 only where it is extended, which no edition
has needed; so that bit tells them apart unless the caller knows better.
"""

from typing import ClassVar, Final

from modemgw.sms.dcs import DataCoding
from modemgw.sms.errors import PduError
from modemgw.sms.fields import require
from modemgw.sms.parameters import USER_DATA, Parameters, decode_indicator, decode_parameters
from modemgw.sms.timestamp import Timestamp
from modemgw.sms.user_data import MAX_TPDU, UserData
from modemgw.sms.value import value

# With TP-PID and TP-DCS, without TP-FCS.
_MAX_DELIVER_DATA: Final = MAX_TPDU - 5
_MAX_SUBMIT_DATA: Final = MAX_TPDU - 12


@value
class DeliverReport:
    """The mobile's answer to an SMS-DELIVER or SMS-STATUS-REPORT.

    ``failure_cause`` (TP-FCS, 80 to FF, see ``failure_cause()``) is there when it failed.
    """

    name: ClassVar[str] = "SMS-DELIVER-REPORT"
    mti: ClassVar[int] = 0

    failure_cause: int | None = None
    pid: int | None = None
    dcs: DataCoding | None = None
    user_data: UserData | None = None

    def encode(self) -> bytes:
        """The TPDU without SCA; ValueError for values that the spec cannot carry."""
        optional = Parameters(self.pid, self.dcs, self.user_data)
        return _head(self.mti, self.failure_cause, optional) + optional.encode(_MAX_DELIVER_DATA)

    @classmethod
    def decode(cls, tpdu: bytes, *, error: bool | None = None) -> "DeliverReport":
        """Read a TPDU with TP-MTI 00; PduError otherwise.

        ``error`` says whether an RP-ERROR carried it, None that it is for the octets to tell.
        """
        cause, indicator, at = _read_head(tpdu, cls.mti, cls.name, error)
        return cls(
            cause, *decode_parameters(tpdu, at, indicator, bool(tpdu[0] & 0x40), _MAX_DELIVER_DATA)
        )


@value
class SubmitReport:
    """The centre's answer to an SMS-SUBMIT or SMS-COMMAND.

    ``failure_cause`` (TP-FCS, 80 to FF, see ``failure_cause()``) is there when it refused.
    """

    name: ClassVar[str] = "SMS-SUBMIT-REPORT"
    mti: ClassVar[int] = 1

    scts: Timestamp
    failure_cause: int | None = None
    pid: int | None = None
    dcs: DataCoding | None = None
    user_data: UserData | None = None

    def encode(self) -> bytes:
        """The TPDU without SCA; ValueError for values that the spec cannot carry."""
        optional = Parameters(self.pid, self.dcs, self.user_data)
        return (
            _head(self.mti, self.failure_cause, optional)
            + self.scts.raw
            + optional.encode(_MAX_SUBMIT_DATA)
        )

    @classmethod
    def decode(cls, tpdu: bytes, *, error: bool | None = None) -> "SubmitReport":
        """Read a TPDU with TP-MTI 01; PduError otherwise.

        ``error`` says whether an RP-ERROR carried it, None that it is for the octets to tell.
        """
        cause, indicator, at = _read_head(tpdu, cls.mti, cls.name, error)
        require(tpdu, at, (("TP-SCTS", 7),))
        scts = Timestamp(tpdu[at : at + 7])
        return cls(
            scts,
            cause,
            *decode_parameters(tpdu, at + 7, indicator, bool(tpdu[0] & 0x40), _MAX_SUBMIT_DATA),
        )


def _head(mti: int, cause: int | None, optional: Parameters) -> bytes:
    user_data = optional.user_data
    first = mti | 0x40 if user_data is not None and user_data.header_octets is not None else mti
    if cause is None:
        return bytes((first, optional.indicator()))
    if not 0x80 <= cause <= 0xFF:
        raise ValueError(f"TP-FCS is 128 to 255, not {cause}")
    return bytes((first, cause, optional.indicator()))


def _read_head(tpdu: bytes, mti: int, name: str, error: bool | None) -> tuple[int | None, int, int]:
    """TP-FCS, TP-PI and the offset after them."""
    require(tpdu, 0, (("TP-MTI", 1),))
    if tpdu[0] & 3 != mti:
        raise PduError("TP-MTI", 0, f"{tpdu[0] & 3:02b} is not that of an {name}")
    require(tpdu, 1, (("TP-FCS" if error else "TP-PI", 1),))
    cause = None
    at = 1
    if error or (error is None and tpdu[1] >= 0x80):
        cause = tpdu[1]
        at = 2
    indicator, at = decode_indicator(tpdu, at)
    if tpdu[0] & 0x40 and not indicator & USER_DATA:
        raise PduError("TP-UDHI", 0, "a header is announced, but TP-PI announces no user data")
    return cause, indicator, at
