"""The user data header and its information elements (TS 23.040 9.2.3.24)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from modemgw.sms.tables import NationalLanguage
from modemgw.sms.value import value


class Iei(IntEnum):
    """The information element identifiers that this codec reads."""

    CONCATENATION_8 = 0x00
    SPECIAL_MESSAGE = 0x01
    PORTS_8 = 0x04
    PORTS_16 = 0x05
    CONCATENATION_16 = 0x08
    SINGLE_SHIFT = 0x24
    LOCKING_SHIFT = 0x25


_NARROW: Final = int(Iei.CONCATENATION_8)
_WIDE: Final = int(Iei.CONCATENATION_16)


@value
class Element:
    """One information element, kept and written back as it is, known or not."""

    iei: int
    data: bytes = b""

    def encode(self) -> bytes:
        """Identifier, length, data; ValueError when one of the first two is no octet."""
        if not 0 <= self.iei <= 255 or len(self.data) > 255:
            raise ValueError(f"element {self.iei} of {len(self.data)} octets, both are 0 to 255")
        return bytes((self.iei, len(self.data))) + self.data


@value
class Concatenation:
    """Which part of which message this is (9.2.3.24.1; ``wide``: 16-bit reference, 9.2.3.24.8)."""

    reference: int
    total: int
    sequence: int
    wide: bool = False

    def element(self) -> Element:
        """The element; ValueError for a reference, total or sequence that it cannot hold."""
        if not 1 <= self.sequence <= self.total:
            raise ValueError(f"part {self.sequence} of {self.total}")
        head = concatenation_head(self.reference, self.total, self.wide)
        return Element(head[0], head[2:] + bytes((self.sequence,)))


def concatenation_head(reference: int, total: int, wide: bool) -> bytes:
    """A concatenation element up to the sequence number, which alone differs from part to part.

    ValueError for a reference or total that it cannot hold.
    """
    if not 1 <= total <= 255:
        raise ValueError(f"{total} parts, a concatenated message has 1 to 255")
    if not 0 <= reference <= (0xFFFF if wide else 0xFF):
        raise ValueError(f"reference {reference} does not fit {16 if wide else 8} bits")
    if wide:
        return bytes((_WIDE, 4, reference >> 8, reference & 0xFF, total))
    return bytes((_NARROW, 3, reference, total))


@dataclass(frozen=True, slots=True)
class Ports:
    """Application ports (9.2.3.24.3; ``wide``: 16-bit, 9.2.3.24.4)."""

    destination: int
    source: int
    wide: bool = True

    def element(self) -> Element:
        """The element; ValueError for ports that it cannot hold."""
        octets = 2 if self.wide else 1
        if not (0 <= self.destination < 1 << 8 * octets and 0 <= self.source < 1 << 8 * octets):
            raise ValueError(
                f"ports {self.destination} and {self.source} do not fit {8 * octets} bits"
            )
        data = self.destination.to_bytes(octets, "big") + self.source.to_bytes(octets, "big")
        return Element(Iei.PORTS_16 if self.wide else Iei.PORTS_8, data)


@dataclass(frozen=True, slots=True)
class SpecialMessage:
    """A special SMS message indication: so many messages of a kind wait (9.2.3.24.2).

    ``kind`` is bits 4 to 0 of the first octet (0 voice, 1 fax, 2 e-mail, 3 other, 7 video; others
    reserved), ``profile`` the multiple subscriber profile 1 to 4.
    """

    kind: int
    count: int
    store: bool = False
    profile: int = 1

    def element(self) -> Element:
        """The element; ValueError for values that it cannot hold."""
        if not (0 <= self.kind <= 31 and 1 <= self.profile <= 4 and 0 <= self.count <= 255):
            raise ValueError(
                f"kind {self.kind} is 0 to 31, profile {self.profile} 1 to 4,"
                f" count {self.count} 0 to 255"
            )
        first = 0x80 * self.store | self.profile - 1 << 5 | self.kind
        return Element(Iei.SPECIAL_MESSAGE, bytes((first, self.count)))


def shift_elements(locking: int, single: int) -> tuple[Element, ...]:
    """The elements for a pair of tables, none for the default ones (9.2.3.24.15, .16)."""
    elements = []
    if locking:
        elements.append(Element(Iei.LOCKING_SHIFT, bytes((locking,))))
    if single:
        elements.append(Element(Iei.SINGLE_SHIFT, bytes((single,))))
    return tuple(elements)


def parse_elements(octets: bytes) -> tuple[Element, ...]:
    """The elements of a header without its length octet.

    When the last one has too few octets the whole header is to be ignored (9.2.3.24), so the result
    is empty.
    """
    elements = []
    at, end = 0, len(octets)
    while at < end:
        start = at + 2
        if start > end:
            return ()
        stop = start + octets[at + 1]
        if stop > end:
            return ()
        elements.append(Element(octets[at], octets[start:stop]))
        at = stop
    return tuple(elements)


# Elements that may appear once count by their last occurrence, and so do the two forms of one
# thing, which exclude each other (9.2.3.24). An element of a wrong length or with reserved content
# is passed over.


def concatenation_of(header: tuple[Element, ...]) -> Concatenation | None:
    """The concatenation that holds, or None.

    One of no parts, of a part 0 or of a part beyond the last is to be ignored (9.2.3.24.1).
    """
    found = None
    for element in header:
        data = element.data
        if element.iei == Iei.CONCATENATION_8 and len(data) == 3:
            place = Concatenation(data[0], data[1], data[2], False)
        elif element.iei == Iei.CONCATENATION_16 and len(data) == 4:
            place = Concatenation(data[0] << 8 | data[1], data[2], data[3], True)
        else:
            continue
        if 1 <= place.sequence <= place.total:
            found = place
    return found


def ports_of(header: tuple[Element, ...]) -> Ports | None:
    """The application ports that hold, or None."""
    found = None
    for element in header:
        data = element.data
        if element.iei == Iei.PORTS_8 and len(data) == 2:
            found = Ports(data[0], data[1], False)
        elif element.iei == Iei.PORTS_16 and len(data) == 4:
            found = Ports(data[0] << 8 | data[1], data[2] << 8 | data[3], True)
    return found


def special_messages_of(header: tuple[Element, ...]) -> tuple[SpecialMessage, ...]:
    """All special message indications; the element may be repeated, for each kind (9.2.3.24.2)."""
    return tuple(
        SpecialMessage(
            element.data[0] & 31,
            element.data[1],
            element.data[0] >= 0x80,
            (element.data[0] >> 5 & 3) + 1,
        )
        for element in header
        if element.iei == Iei.SPECIAL_MESSAGE and len(element.data) == 2
    )


_LANGUAGES: Final = frozenset(NationalLanguage)


def shifts_of(header: tuple[Element, ...]) -> tuple[int, int]:
    """The locking and single shift table; 0 without an element or for a reserved language."""
    locking = single = 0
    for element in header:
        if len(element.data) == 1 and element.data[0] in _LANGUAGES:
            if element.iei == Iei.LOCKING_SHIFT:
                locking = element.data[0]
            elif element.iei == Iei.SINGLE_SHIFT:
                single = element.data[0]
    return locking, single
