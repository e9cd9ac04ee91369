"""Addresses: TP-DA, TP-OA, TP-RA and the service centre's (TS 23.040 9.1.2.5, 24.011 8.2.5.1)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from modemgw.sms.errors import PduError
from modemgw.sms.gsm7 import gsm7
from modemgw.sms.septets import pack, unpack

# Semi-octets 10 to 14 are * # a b c; 15 ends the digits (9.1.2.3).
_SWAP: Final = bytes((octet & 0x0F) << 4 | octet >> 4 for octet in range(256))
_FROM_HEX: Final = str.maketrans("abcde", "*#abc")
_TO_HEX: Final = str.maketrans("*#abc", "abcde")
_DIGITS: Final = frozenset("0123456789*#abc")

INTERNATIONAL: Final = 1
ALPHANUMERIC: Final = 5
TON_NAMES: Final = (
    "unknown",
    "international",
    "national",
    "network specific",
    "subscriber",
    "alphanumeric",
    "abbreviated",
    "reserved for extension",
)
NPI_NAMES: Final = {
    0: "unknown",
    1: "ISDN/telephone (E.164)",
    3: "data (X.121)",
    4: "telex",
    5: "service centre specific",
    6: "service centre specific",
    8: "national",
    9: "private",
    10: "ERMES",
    15: "reserved for extension",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A number or a name with type of number (TON, 0 to 7) and numbering plan (NPI, 0 to 15).

    ``value`` holds up to 20 of the digits ``0-9 * # a b c`` without any plus sign, or the text of
    an alphanumeric address (TON 5, up to 11 septets of the default alphabet).
    """

    value: str
    ton: int = 0
    npi: int = 1

    @classmethod
    def parse(cls, text: str) -> "Address":
        """An address as a person dials it: ``+`` makes it international, else it stays as dialled.

        ValueError for an empty text, an unknown digit or more than 20 digits.
        """
        international = text.startswith("+")
        digits = text[1:] if international else text
        if not digits:
            raise ValueError("an address needs at least one digit")
        _digit_octets(digits)
        return cls(digits, INTERNATIONAL if international else 0, 1)

    @classmethod
    def alphanumeric(cls, text: str) -> "Address":
        """A name as sender; ValueError unless it has 1 to 11 septets of the default alphabet."""
        if not text:
            raise ValueError("an alphanumeric address needs at least one character")
        address = cls(text, ALPHANUMERIC, 0)
        address.encode()
        return address

    def __str__(self) -> str:
        return f"+{self.value}" if self.ton == INTERNATIONAL and self.value else self.value

    def encode(self) -> bytes:
        """Length in useful semi-octets, type, value, as in a TPDU.

        ValueError for more than 20 digits or 11 septets, a character that has no code, a TON or NPI
        out of range.
        """
        value = self.value
        if self.ton == ALPHANUMERIC:
            count, octets = _name_octets(value)
        else:
            count, octets = len(value), _digit_octets(value)
        return bytes((count, _type_octet(self.ton, self.npi))) + octets

    def encode_smsc(self) -> bytes:
        """Length in octets, type, value, as modems want it before a TPDU (TS 24.011 8.2.5.1)."""
        octets = self.encode()[1:]
        return bytes((len(octets),)) + octets


def _type_octet(ton: int, npi: int) -> int:
    """Type-of-address: bit 7 set, TON in bits 6 to 4, NPI in bits 3 to 0."""
    if not (0 <= ton <= 7 and 0 <= npi <= 15):
        raise ValueError(f"TON {ton} and NPI {npi} must be 0 to 7 and 0 to 15")
    return 0x80 | ton << 4 | npi


def _digit_octets(value: str) -> bytes:
    if len(value) > 20:
        raise ValueError(f"{value!r} has {len(value)} digits, at most 20 can be written")
    if not (value.isdecimal() and value.isascii()):
        _check_digits(value)
        value = value.translate(_TO_HEX)
    return bytes.fromhex(value + "f" if len(value) & 1 else value).translate(_SWAP)


def _name_octets(value: str) -> tuple[int, bytes]:
    try:
        septets = gsm7().encode(value)
    except UnicodeEncodeError as wrong:
        raise ValueError(
            f"{value!r}: {value[wrong.start]!r} is not in the default alphabet"
        ) from None
    if len(septets) > 11:
        raise ValueError(f"{value!r} takes {len(septets)} septets, at most 11 can be written")
    return (7 * len(septets) + 3) // 4, pack(septets)


def _check_digits(value: str) -> None:
    """ValueError for a character that no semi-octet stands for."""
    wrong = next((c for c in value if c not in _DIGITS), None)
    if wrong is not None:
        raise ValueError(f"{value!r} is no number: {wrong!r} is none of the digits 0-9 * # a b c")


def decode_address(octets: bytes, offset: int, field: str) -> tuple[Address, int]:
    """The address at ``offset`` and the offset after it; PduError when too long or cut off."""
    if len(octets) < offset + 2:
        raise PduError(field, len(octets), "the octets end before its length and type")
    semi_octets = octets[offset]
    if semi_octets > 20:
        raise PduError(
            field, offset, f"a length of {semi_octets} semi-octets, at most 20 are allowed"
        )
    start = offset + 2
    end = start + (semi_octets + 1) // 2
    if len(octets) < end:
        raise PduError(field, len(octets), f"the octets end inside its {semi_octets} semi-octets")
    return _value(octets[start:end], semi_octets, octets[offset + 1]), end


def decode_smsc(octets: bytes) -> tuple[Address | None, int]:
    """The service centre's address that modems prefix, and the offset after it.

    None when its length is 0, or 1: some software writes an empty address as a type octet alone.
    """
    if not octets:
        raise PduError("SCA", 0, "no octets at all")
    length = octets[0]
    if length > 11:
        raise PduError("SCA", 0, f"a length of {length} octets, at most 11 are allowed")
    if len(octets) <= length:
        raise PduError("SCA", len(octets), f"the octets end inside its {length} octets")
    if length < 2:
        return None, 1 + length
    return _smsc(octets[1 : 1 + length]), 1 + length


@lru_cache(maxsize=256)
def _smsc(octets: bytes) -> Address:
    """A network has few service centres, and every message begins with one of them."""
    return _value(octets[1:], 2 * (len(octets) - 1), octets[0])


def _value(octets: bytes, semi_octets: int, type_octet: int) -> Address:
    ton = type_octet >> 4 & 7
    if ton == ALPHANUMERIC:
        count = 4 * semi_octets // 7
        return Address(gsm7().decode(unpack(octets, count)), ton, type_octet & 0x0F)
    digits = octets.translate(_SWAP).hex()[:semi_octets]
    if not digits.isdigit():
        # The filler ends the number wherever it stands: digits after it would be invented.
        digits = digits.partition("f")[0].translate(_FROM_HEX)
    return Address(digits, ton, type_octet & 0x0F)
