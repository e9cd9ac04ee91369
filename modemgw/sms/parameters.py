"""TP-PI and the optional fields that it announces (TS 23.040 9.2.3.27): every report ends so."""

from typing import Final, NamedTuple

from modemgw.sms.dcs import DataCoding
from modemgw.sms.errors import PduError
from modemgw.sms.fields import alphabet_of, encode_user_data, octet, require
from modemgw.sms.user_data import UserData, decode_user_data

_PID: Final = 0x01
_DCS: Final = 0x02
USER_DATA: Final = 0x04
_EXTENSION: Final = 0x80


class Parameters(NamedTuple):
    """TP-PID, TP-DCS and TP-UD, each where it was announced."""

    pid: int | None = None
    dcs: DataCoding | None = None
    user_data: UserData | None = None

    def indicator(self) -> int:
        """TP-PI for the fields that are there."""
        return (
            _PID * (self.pid is not None)
            | _DCS * (self.dcs is not None)
            | USER_DATA * (self.user_data is not None)
        )

    def encode(self, limit: int) -> bytes:
        """The fields that TP-PI announces, with at most so many octets of user data."""
        octets = b""
        if self.pid is not None:
            octets += bytes((octet("TP-PID", self.pid),))
        if self.dcs is not None:
            octets += bytes((self.dcs.octet,))
        if self.user_data is not None:
            octets += encode_user_data(self.user_data, self.dcs or DataCoding.from_octet(0), limit)
        return octets


def decode_indicator(octets: bytes, offset: int) -> tuple[int, int]:
    """TP-PI at ``offset`` and the offset after it and its extensions, which announce nothing known
    yet.
    """
    at = offset
    while True:
        if len(octets) <= at:
            raise PduError("TP-PI", len(octets), "the octets end before it")
        more = octets[at] & _EXTENSION
        at += 1
        if not more:
            return octets[offset], at


def decode_parameters(
    octets: bytes, offset: int, indicator: int, has_header: bool, limit: int
) -> Parameters:
    """The fields that TP-PI announces, from ``offset``; octets after them are padding."""
    pid: int | None = None
    dcs: DataCoding | None = None
    user_data: UserData | None = None
    at = offset
    if indicator & _PID:
        require(octets, at, (("TP-PID", 1),))
        pid = octets[at]
        at += 1
    if indicator & _DCS:
        require(octets, at, (("TP-DCS", 1),))
        dcs = DataCoding.from_octet(octets[at])
        at += 1
    if indicator & USER_DATA:
        user_data = decode_user_data(octets, at, alphabet_of(dcs), has_header, limit)
    return Parameters(pid, dcs, user_data)
