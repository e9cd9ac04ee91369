"""TP-DCS, the data coding scheme (TS 23.038 clause 4)."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final


class Alphabet(StrEnum):
    """The alphabets of user data, by the names of the HTTP API."""

    GSM7 = "gsm7"
    DATA = "binary"
    UCS2 = "ucs2"


class Indication(IntEnum):
    """What kind of message waits (TS 23.038 clause 4, bits 1 and 0 of its groups)."""

    VOICEMAIL = 0
    FAX = 1
    EMAIL = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class MessageWaiting:
    """A message waiting indication: its kind, set or cleared, and whether to keep the text."""

    kind: Indication
    active: bool
    store: bool


# A member of an Enum is slow to look up, and every message asks for these.
GSM7: Final = Alphabet.GSM7
DATA: Final = Alphabet.DATA
UCS2: Final = Alphabet.UCS2

# The two alphabet bits; 3 is reserved, which clause 4 has read as the default alphabet.
_ALPHABETS: Final = (Alphabet.GSM7, Alphabet.DATA, Alphabet.UCS2, Alphabet.GSM7)


@dataclass(frozen=True, slots=True)
class DataCoding:
    """One TP-DCS octet and what its coding group makes of it; every octet means something."""

    octet: int
    alphabet: Alphabet = field(init=False, repr=False, compare=False)
    """The alphabet of the user data; compressed text is DATA, its octets are not characters."""

    def __post_init__(self) -> None:
        if not 0 <= self.octet <= 255:
            raise ValueError(f"TP-DCS is 0 to 255, not {self.octet}")
        object.__setattr__(self, "alphabet", _alphabet(self.octet))

    @classmethod
    def from_octet(cls, octet: int) -> "DataCoding":
        """The same as the constructor, from the 256 that are ready made."""
        return _CODINGS[octet]

    @classmethod
    def of(cls, alphabet: Alphabet, message_class: int | None = None) -> "DataCoding":
        """The general octet (group 00xx) for an alphabet and, if given, a class 0 to 3."""
        octet = 0x00 if alphabet is GSM7 else 0x08 if alphabet is UCS2 else 0x04
        if message_class is None:
            return _CODINGS[octet]
        if not 0 <= message_class <= 3:
            raise ValueError(f"a message class is 0, 1, 2 or 3, not {message_class}")
        return _CODINGS[octet | 0x10 | message_class]

    @property
    def message_class(self) -> int | None:
        """0 (show at once) to 3 (to the terminal equipment), or None where the octet gives no
        class.
        """
        octet = self.octet
        if octet >= 0xF0 or (octet < 0x80 and octet & 0x10):
            return octet & 3
        return None

    @property
    def compressed(self) -> bool:
        """Whether the text is compressed by TS 23.042."""
        return self.octet < 0x80 and bool(self.octet & 0x20)

    @property
    def automatic_deletion(self) -> bool:
        """Whether the receiver may delete the message once read (group 01xx)."""
        return 0x40 <= self.octet < 0x80

    @property
    def mwi(self) -> MessageWaiting | None:
        """The message waiting indication of groups 1100 (discard), 1101 and 1110 (store), else
        None.
        """
        octet = self.octet
        if not 0xC0 <= octet < 0xF0:
            return None
        return MessageWaiting(Indication(octet & 3), bool(octet & 0x08), octet >= 0xD0)

    @property
    def reserved(self) -> bool:
        """Whether the octet uses a reserved group or reserved bits (which are then ignored)."""
        octet = self.octet
        if octet < 0x80:
            return octet & 0x0C == 0x0C or (octet & 0x13 in (1, 2, 3))
        return octet < 0xC0 or bool(octet & 0x08 if octet >= 0xF0 else octet & 0x04)


def _alphabet(octet: int) -> Alphabet:
    if octet < 0x80:  # 00xx general, 01xx marked for automatic deletion: laid out alike
        return DATA if octet & 0x20 else _ALPHABETS[octet >> 2 & 3]
    if octet >= 0xF0:  # data coding / message class; bit 3 is reserved
        return DATA if octet & 0x04 else GSM7
    if octet >= 0xE0:  # message waiting, store, UCS2
        return UCS2
    # Message waiting discard and store; the reserved groups 1000 to 1011 are read as GSM 7 bit.
    return GSM7


_CODINGS: Final = tuple(DataCoding(octet) for octet in range(256))
