"""Cell broadcast (CBS): what a cell says to every phone in it (TS 23.041 9.4, TS 23.038 clause 5).

A modem hands over one page of 82 octets at a time where it listens to GSM, or a whole message where
it listens to UMTS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from modemgw.sms.dcs import Alphabet
from modemgw.sms.errors import PduError
from modemgw.sms.gsm7 import gsm7
from modemgw.sms.septets import pack, unpack
from modemgw.sms.user_data import decode_ucs2

PAGE: Final = 82
"""Octets of content on a page."""
SEPTETS: Final = 93
"""Characters of the default alphabet on a page."""
_GSM_LENGTH: Final = 6 + PAGE
_UMTS_TYPE: Final = 1
_MOST_PAGES: Final = 15

_LANGUAGES: Final = (
    *("de", "en", "it", "fr", "es", "nl", "sv", "da", "pt", "fi", "no", "el", "tr", "hu", "pl"),
)
"""Group 0000."""
_MORE_LANGUAGES: Final = ("cs", "he", "ar", "ru", "is")
"""Group 0010."""
_ESCAPE: Final = 0x1B


class Scope(IntEnum):
    """Where a message is the same (TS 23.041 9.4.1.2.1)."""

    CELL_AT_ONCE = 0  # shown at once
    NETWORK = 1
    AREA = 2
    CELL = 3


@dataclass(frozen=True, slots=True)
class Serial:
    """The serial number: which message, and which edition of it."""

    octets: int

    @property
    def scope(self) -> Scope:
        """Where it is the same."""
        return Scope(self.octets >> 14)

    @property
    def code(self) -> int:
        """Which message on its channel, 0 to 1023."""
        return self.octets >> 4 & 0x3FF

    @property
    def update(self) -> int:
        """Its edition, 0 to 15."""
        return self.octets & 0xF


@dataclass(frozen=True, slots=True)
class BroadcastPage:
    """One page of a message. `channel` is the message identifier, 0 to 65535; `language` ISO 639.

    `text` is None where the content is data.
    """

    serial: Serial
    channel: int
    page: int
    pages: int
    language: str | None
    text: str | None
    data: bytes


def decode_broadcast(octets: bytes) -> list[BroadcastPage]:
    """The pages in what a modem has handed over: one of GSM, or all of UMTS. PduError otherwise."""
    if len(octets) >= 7 and len(octets) != _GSM_LENGTH and octets[0] == _UMTS_TYPE:
        return _umts(octets)
    if len(octets) < 7:
        raise PduError("CBS page", len(octets), "it is cut off")
    page, pages = octets[5] >> 4, octets[5] & 0xF
    if not 1 <= page <= pages:
        page = pages = 1  # 9.4.1.2.4: 0 is reserved, and read as a single page
    content = octets[6:_GSM_LENGTH]
    return [_page(octets[0:2], octets[2:4], octets[4], page, pages, content)]


def _umts(octets: bytes) -> list[BroadcastPage]:
    """TS 23.041 9.4.2.2: type, identifier, serial number, coding, then pages with their lengths."""
    pages = octets[6]
    if not 1 <= pages <= _MOST_PAGES or len(octets) < 7 + pages * (PAGE + 1):
        raise PduError("CBS data", 6, f"{pages} pages are announced, and they are not there")
    found = []
    for number in range(pages):
        start = 7 + number * (PAGE + 1)
        length = octets[start + PAGE]
        if length > PAGE:
            raise PduError("CBS page length", start + PAGE, f"a page has {PAGE} octets at most")
        content = octets[start : start + length]
        found.append(_page(octets[3:5], octets[1:3], octets[5], number + 1, pages, content))
    return found


def _page(
    serial: bytes, channel: bytes, coding: int, page: int, pages: int, content: bytes
) -> BroadcastPage:
    alphabet, language, marked = coding_of(coding)
    text: str | None = None
    if alphabet is Alphabet.GSM7:
        text = gsm7().decode(unpack(content, len(content) * 8 // 7)).rstrip("\r")
        if marked and text[2:3] == "\r":
            language, text = text[:2].lower(), text[3:]
    elif alphabet is Alphabet.UCS2:
        if marked and len(content) >= 2:
            language = gsm7().decode(unpack(content[:2], 2)).lower()
            content = content[2:]
        text = decode_ucs2(content[: len(content) // 2 * 2]).rstrip("\r")
    return BroadcastPage(
        Serial(int.from_bytes(serial)),
        int.from_bytes(channel),
        page,
        pages,
        language,
        text,
        content,
    )


def coding_of(octet: int) -> tuple[Alphabet, str | None, bool]:
    """The alphabet and the language of a coding scheme; and whether the text begins with its
    language (TS 23.038 clause 5). Reserved values are read as the default alphabet.
    """
    group, low = octet >> 4, octet & 0xF
    if group == 0:
        return Alphabet.GSM7, _LANGUAGES[low] if low < len(_LANGUAGES) else None, False
    if group == 1:
        return (Alphabet.UCS2 if low == 1 else Alphabet.GSM7), None, low < 2
    if group == 2:
        return Alphabet.GSM7, _MORE_LANGUAGES[low] if low < len(_MORE_LANGUAGES) else None, False
    if group in (4, 5, 6, 7, 9):
        if group in (6, 7):  # compressed
            return Alphabet.DATA, None, False
        return (Alphabet.GSM7, Alphabet.DATA, Alphabet.UCS2, Alphabet.GSM7)[low >> 2], None, False
    if group == 15:
        return (Alphabet.DATA if low & 4 else Alphabet.GSM7), None, False
    return Alphabet.GSM7, None, False


def encode_broadcast(
    channel: int, text: str, *, serial: int = 0x4000, language: str | None = None
) -> list[bytes]:
    """A text as a network says it: the GSM pages, of 88 octets each.

    ValueError for more than 15 pages, or a number out of range.
    """
    if not (0 <= channel <= 0xFFFF and 0 <= serial <= 0xFFFF):
        raise ValueError("channel and serial number are 0 to 65535")
    try:
        codes = gsm7().encode(text)
    except UnicodeEncodeError:
        coding = 0x48
        cut = _cut(text.encode("utf-16-be"), PAGE, lambda last: 0xD8 <= last[-2] <= 0xDB, 2)
        contents = [piece + b"\0\r" * ((PAGE - len(piece)) // 2) for piece in cut]
    else:
        coding = _LANGUAGES.index(language) if language in _LANGUAGES else 0x0F
        cut = _cut(codes, SEPTETS, lambda last: last[-1] == _ESCAPE, 1)
        contents = [pack(piece.ljust(SEPTETS, b"\r")).ljust(PAGE, b"\0") for piece in cut]
    if len(contents) > _MOST_PAGES:
        raise ValueError(f"{len(contents)} pages are needed, at most {_MOST_PAGES} are allowed")
    head = serial.to_bytes(2) + channel.to_bytes(2) + bytes((coding,))
    pages = len(contents)
    return [
        head + bytes((number << 4 | pages,)) + content for number, content in enumerate(contents, 1)
    ]


def _cut(units: bytes, room: int, in_two: Callable[[bytes], bool], less: int) -> list[bytes]:
    """Pieces of at most `room` octets; one that `in_two` finds to end in the midst of a character
    is by `less` shorter."""
    pieces = []
    while units:
        piece = units[:room]
        if len(piece) == room and in_two(piece):
            piece = piece[:-less]
        pieces.append(piece)
        units = units[len(piece) :]
    return pieces or [b""]
