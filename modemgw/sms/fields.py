"""Reading fixed-size fields in order, and the checks that all TPDUs share."""

from modemgw.sms.dcs import GSM7, Alphabet, DataCoding
from modemgw.sms.errors import PduError
from modemgw.sms.user_data import MAX_OCTETS, UserData


def require(octets: bytes, offset: int, fields: tuple[tuple[str, int], ...]) -> None:
    """PduError naming the first of the (name, size) fields from ``offset`` that is cut off."""
    end = offset
    for name, size in fields:
        end += size
        if len(octets) < end:
            wanted = f"the end of its {size} octets" if size > 1 else "it"
            raise PduError(name, len(octets), f"the octets end before {wanted}")


def octet(name: str, value: int) -> int:
    """The value, checked to fit an octet."""
    if not 0 <= value <= 255:
        raise ValueError(f"{name} is 0 to 255, not {value}")
    return value


def encode_user_data(user_data: UserData, dcs: DataCoding, limit: int = MAX_OCTETS) -> bytes:
    """TP-UDL and TP-UD, checked to be in the alphabet that TP-DCS announces."""
    if dcs.alphabet is not user_data.alphabet:
        raise ValueError(
            f"TP-DCS {dcs.octet:02X} announces {dcs.alphabet},"
            f" the user data is {user_data.alphabet}"
        )
    return user_data.encode(limit)


def alphabet_of(dcs: DataCoding | None) -> Alphabet:
    """The alphabet of user data where TP-DCS may be left out: the default one (9.2.3.27)."""
    return GSM7 if dcs is None else dcs.alphabet
