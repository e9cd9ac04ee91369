"""TP-UDL and TP-UD: an optional header and the text or data (TS 23.040 9.2.3.16, 9.2.3.24)."""

from collections.abc import Iterable
from typing import Final

from modemgw.sms.dcs import DATA, GSM7, UCS2, Alphabet
from modemgw.sms.errors import PduError, UnencodableError
from modemgw.sms.gsm7 import gsm7
from modemgw.sms.header import (
    Concatenation,
    Element,
    Ports,
    SpecialMessage,
    concatenation_of,
    parse_elements,
    ports_of,
    shifts_of,
    special_messages_of,
)
from modemgw.sms.septets import pack, unpack
from modemgw.sms.value import value

MAX_OCTETS: Final = 140
MAX_SEPTETS: Final = 160
# A TPDU has at most 164 octets, and so some reports have room for more (9.2.2.1a to 9.2.2.3).
MAX_TPDU: Final = 164


@value
class UserData:
    """What a TPDU carries for its users.

    ``data`` is what follows the header: octets, or for GSM7 septets, one an octet.
    ``header_octets`` is the header without its length octet, None when there is none (TP-UDHI 0).
    Both are read only when asked.
    """

    alphabet: Alphabet
    data: bytes
    header_octets: bytes | None = None

    @classmethod
    def of_text(
        cls, text: str, alphabet: Alphabet = GSM7, header: Iterable[Element] = ()
    ) -> "UserData":
        """A text in GSM7 (by the national tables that the header names) or UCS2, of any length.

        UnencodableError names the first character that cannot be written.
        """
        elements = tuple(header)
        if alphabet is UCS2:
            data = encode_ucs2(text)
        elif alphabet is GSM7:
            try:
                data = gsm7(*shifts_of(elements)).encode(text)
            except UnicodeEncodeError as wrong:
                raise UnencodableError(text[wrong.start], wrong.start, "GSM 7 bit") from None
        else:
            raise ValueError("a text is sent in GSM7 or UCS2, not as binary data")
        return cls(alphabet, data, encode_elements(elements))

    @classmethod
    def of_data(cls, data: bytes, header: Iterable[Element] = ()) -> "UserData":
        """Binary data, of any length."""
        return cls(DATA, data, encode_elements(tuple(header)))

    @property
    def text(self) -> str | None:
        """The text; None for binary data. Odd octets and lone surrogates do not raise (see
        docs/codec.md).
        """
        if self.alphabet is GSM7:
            return gsm7(*self.shifts).decode(self.data)
        if self.alphabet is UCS2:
            return decode_ucs2(self.data)
        return None

    @property
    def header(self) -> tuple[Element, ...]:
        """The information elements in order; none when the header is malformed."""
        return parse_elements(self.header_octets) if self.header_octets else ()

    @property
    def concatenation(self) -> Concatenation | None:
        """The part this is of a concatenated message, or None."""
        header = self.header_octets
        if header is None:
            return None
        if len(header) == 5 and header.startswith(b"\0\3"):  # an 8-bit reference alone: nearly all
            total, sequence = header[3], header[4]
            if 1 <= sequence <= total:
                return Concatenation(header[2], total, sequence)
            return None
        return concatenation_of(self.header)

    @property
    def ports(self) -> Ports | None:
        """The application ports, or None."""
        return ports_of(self.header) if self.header_octets else None

    @property
    def special_messages(self) -> tuple[SpecialMessage, ...]:
        """The special message indications."""
        return special_messages_of(self.header)

    @property
    def shifts(self) -> tuple[int, int]:
        """The national language identifiers of the locking and the single shift table, 0 for the
        default.
        """
        header = self.header_octets
        if header is None or not (b"\x24" in header or b"\x25" in header):
            return 0, 0
        return shifts_of(self.header)

    def encode(self, limit: int = MAX_OCTETS) -> bytes:
        """TP-UDL and TP-UD; ValueError when TP-UD takes more octets than the limit."""
        header = self.header_octets
        if self.alphabet is not GSM7:
            octets = self.data if header is None else bytes((len(header),)) + header + self.data
            length = len(octets)
            if length > limit:
                raise ValueError(f"user data of {length} octets, at most {limit} fit")
            return bytes((length,)) + octets
        count = len(self.data)
        if header is not None:
            taken, fill_bits = septets_taken(len(header) + 1)
            count += taken
        if 7 * count > 8 * limit:
            raise ValueError(f"user data of {count} septets, at most {8 * limit // 7} fit")
        if header is None:
            return bytes((count,)) + pack(self.data)
        return bytes((count, len(header))) + header + pack(self.data, fill_bits)


def septets_taken(octets: int) -> tuple[int, int]:
    """How many septets a header of so many octets (with its length octet) takes, and the fill bits
    after it.
    """
    septets = (8 * octets + 6) // 7
    return septets, 7 * septets - 8 * octets


def encode_elements(header: tuple[Element, ...]) -> bytes | None:
    """The octets of a header without its length octet; None for no elements."""
    return b"".join([element.encode() for element in header]) if header else None


def encode_ucs2(text: str) -> bytes:
    """UTF-16, big end first, as UCS2 is in practice; UnencodableError for half a surrogate pair."""
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError as wrong:
        raise UnencodableError(text[wrong.start], wrong.start, "UCS2") from None


def decode_ucs2(octets: bytes) -> str:
    """The text of UTF-16 octets: an odd last octet is dropped, half a pair shows as U+FFFD.

    Octets that begin with FF FE, which is no character, are from a sender that writes the little
    end first.
    """
    even = octets[: len(octets) & ~1]
    if even.startswith(b"\xff\xfe"):
        return even[2:].decode("utf-16-le", "replace")
    return even.decode("utf-16-be", "replace")


def decode_user_data(
    octets: bytes, offset: int, alphabet: Alphabet, has_header: bool, limit: int = MAX_OCTETS
) -> UserData:
    """The user data whose TP-UDL is at ``offset``; octets after it are padding.

    PduError when it is cut off, longer than the limit in octets, or shorter than its own header.
    """
    if len(octets) <= offset:
        raise PduError("TP-UDL", len(octets), "the octets end before it")
    length = octets[offset]
    start = offset + 1
    packed = alphabet is GSM7
    size = (7 * length + 7) // 8 if packed else length
    if size > limit:
        raise PduError("TP-UDL", offset, f"{size} octets of user data, at most {limit} are allowed")
    end = start + size
    if len(octets) < end:
        raise PduError(
            "TP-UD", len(octets), f"the octets end before the {size} that TP-UDL announces"
        )
    if not has_header or not length:
        data = octets[start:end]
        return UserData(alphabet, unpack(data, length) if packed else data)
    body = start + 1 + octets[start]
    if body > end:
        raise PduError(
            "TP-UDHL",
            start,
            f"a header of {octets[start]} octets in {size - 1} octets of user data",
        )
    header = octets[start + 1 : body]
    if not packed:
        return UserData(alphabet, octets[body:end], header)
    taken, fill_bits = septets_taken(body - start)
    # The header may end inside the last octet that the septets account for: then no septet is left.
    count = max(length - taken, 0)
    return UserData(alphabet, unpack(octets[body:end], count, fill_bits), header)
