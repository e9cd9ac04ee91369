"""The GSM 7 bit alphabet with its extension and national tables: text <-> septets (TS 23.038 6.2.1,
annex A).

Between text and septets there is a third form, *codes*: one octet a character, 0x01 to 0x7F for the
main table, 0x80 and above for ESC and the low seven bits. It is what C-speed charmap coding can
give, an index into it is an index into the text, and it makes the length of each character plain,
so segmentation works on it.
"""

import codecs
from functools import cache
from typing import Final

from modemgw.sms.tables import UNDEFINED, locking_table, single_table

ESC: Final = 0x1B
_ESC: Final = b"\x1b"
_HIGH: Final = bytes(range(0x80, 0x100))
_LOW: Final = bytes(range(0x80))


class Gsm7:
    """One pairing of a locking and a single shift table, ready to encode and decode."""

    __slots__ = ("_after_escape", "_encoding", "_main", "characters")

    def __init__(self, locking: int = 0, single: int = 0) -> None:
        main = locking_table(locking)
        shifted = single_table(single)
        self._main = main.replace(UNDEFINED, " ")
        # ESC and a code without a character shows the main table's (6.2.1.1), ESC ESC a space, CR2
        # a CR.
        self._after_escape = "".join(shifted.get(code, self._main[code]) for code in range(128))

        # Code 0 cannot be told from U+0000 in a charmap, so the first character sits at the free
        # place of ESC.
        cells = [UNDEFINED] * 256
        cells[0] = "\0"
        cells[1:128] = main[1:]
        cells[ESC] = main[0]
        taken = set(main)
        for code, character in shifted.items():
            if (
                character not in taken
            ):  # never escape what the main table has; of two codes the lower
                cells[0x80 | code] = character
                taken.add(character)
        self._encoding = codecs.charmap_build("".join(cells))
        self.characters = frozenset(cells) - {UNDEFINED, "\0"}

    def codes(self, text: str) -> bytes:
        """One octet for each character; UnicodeEncodeError names the first that the tables do not
        have.
        """
        codes: bytes = codecs.charmap_encode(text, "strict", self._encoding)[0]
        if b"\0" in codes:
            at = codes.index(0)
            raise UnicodeEncodeError("gsm7", text, at, at + 1, "not in the alphabet")
        return codes

    def encode(self, text: str) -> bytes:
        """The septets of a text, one an octet; UnicodeEncodeError names the first character without
        one.
        """
        return septets_of(self.codes(text))

    def decode(self, septets: bytes) -> str:
        """The text of septets; every septet means something, so nothing is ever raised."""
        if _ESC not in septets:
            return codecs.charmap_decode(septets, "strict", self._main)[0]
        first, *escaped = septets.split(_ESC)
        pieces = [codecs.charmap_decode(first, "strict", self._main)[0]]
        runs = iter(escaped)
        for run in runs:
            if run:
                pieces.append(self._after_escape[run[0]])
                pieces.append(codecs.charmap_decode(run[1:], "strict", self._main)[0])
            else:  # ESC ESC, or ESC at the end: one space (6.2.1.1), and what follows is unshifted
                pieces.append(" ")
                pieces.append(codecs.charmap_decode(next(runs, b""), "strict", self._main)[0])
        return "".join(pieces)


@cache
def gsm7(locking: int = 0, single: int = 0) -> Gsm7:
    """The coder for two national language identifiers; 0 is the default alphabet and extension."""
    return Gsm7(locking, single)


_EXPANDED: Final = [bytes((code,)) for code in range(0x80)] + [
    bytes((ESC, code & 0x7F)) for code in _HIGH
]
_EXPANDED[ESC] = b"\0"


def septets_of(codes: bytes) -> bytes:
    """Codes of characters as septets, one an octet."""
    if codes.isascii():
        return codes.replace(_ESC, b"\0")
    return b"".join([_EXPANDED[code] for code in codes])


def septet_count(codes: bytes) -> int:
    """How many septets the characters take: one each, two when escaped."""
    if codes.isascii():
        return len(codes)
    return len(codes) + len(codes.translate(None, _LOW))
