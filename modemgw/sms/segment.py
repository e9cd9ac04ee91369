"""Text or data -> the parts of one message (TS 23.040 9.2.3.24.1, 9.2.3.24.8; TS 23.038 for the
alphabets).

Parts are filled greedily. An escaped character and a surrogate pair are never split; nor, unless it
is longer than a part or the caller asks for the fullest parts, is a grapheme cluster.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

from modemgw.sms.dcs import DATA, GSM7, UCS2, Alphabet, DataCoding
from modemgw.sms.errors import TooManyPartsError, UnencodableError
from modemgw.sms.graphemes import can_break
from modemgw.sms.gsm7 import gsm7, septet_count, septets_of
from modemgw.sms.header import Element, Iei, Ports, concatenation_head, shift_elements
from modemgw.sms.tables import NationalLanguage
from modemgw.sms.transliterate import transliterate as plain_text
from modemgw.sms.user_data import (
    MAX_OCTETS,
    MAX_SEPTETS,
    UserData,
    encode_elements,
    encode_ucs2,
    septets_taken,
)
from modemgw.sms.value import value

Encoding = Literal["auto", "gsm7", "ucs2"]
_MAX_PARTS: Final = 255
_DEFAULT: Final = [(0, 0)]


class ShiftTables(NamedTuple):
    """A pairing of a locking and a single shift table, given instead of languages to fix the
    choice.
    """

    locking: NationalLanguage = NationalLanguage.DEFAULT
    single: NationalLanguage = NationalLanguage.DEFAULT


@value
class Segmentation:
    """The parts of a message, ready to be put into TPDUs with ``dcs``.

    ``units`` counts septets, UTF-16 units or octets of each part without its header, ``units_left``
    what the last part could still take. ``changes`` is what transliteration replaced, (before,
    after).
    """

    alphabet: Alphabet
    dcs: DataCoding
    parts: tuple[UserData, ...]
    units: tuple[int, ...]
    units_left: int
    changes: tuple[tuple[str, str], ...] = ()


class _Cut(NamedTuple):
    """A text or data, cut: the header elements of every part, the pieces, and their counts."""

    alphabet: Alphabet
    elements: tuple[Element, ...]
    pieces: list[bytes]
    units: tuple[int, ...]
    room: int


def segment_text(
    text: str,
    *,
    encoding: Encoding = "auto",
    reference: int = 0,
    wide_reference: bool = False,
    transliterate: bool = False,
    national: Sequence[NationalLanguage] | ShiftTables = (),
    ports: Ports | None = None,
    message_class: int | None = None,
    max_parts: int = _MAX_PARTS,
    keep_clusters: bool = True,
) -> Segmentation:
    """Cut a text into parts in the cheapest alphabet that carries it exactly.

    That is the default alphabet if it can; else the national tables allowed by ``national`` if they
    make fewer parts than UCS2; else UCS2. ``transliterate`` first replaces characters outside these
    alphabets by plain ones, if that saves the text from UCS2. ``keep_clusters=False`` fills each
    part as far as whole characters go. An empty text is one empty part.

    UnencodableError names the first character that ``encoding`` or Unicode does not have;
    TooManyPartsError when ``max_parts`` (at most 255) are not enough; ValueError for a reference,
    port or class out of range.
    """
    split = _Splitter(ports, wide_reference, keep_clusters)
    changes: tuple[tuple[str, str], ...] = ()
    cut: _Cut | None = None
    pairs = _pairs(national)
    if encoding != "ucs2":
        cut = split.gsm7(text, pairs)
        if cut is None and transliterate:
            plain, replaced = plain_text(text, _in_tables(pairs))
            cut = split.gsm7(plain, pairs)
            if cut is not None:
                changes = replaced
        if cut is None and encoding == "gsm7":
            raise _not_in_gsm7(text, pairs, transliterate)
    if cut is None or (encoding == "auto" and pairs[1:] and _has_shift(cut)):
        exact = split.ucs2(text)
        if cut is None or len(exact.pieces) <= len(cut.pieces):
            cut, changes = exact, ()
    return _segmentation(cut, reference, wide_reference, message_class, max_parts, changes)


def segment_data(
    data: bytes,
    *,
    ports: Ports | None = None,
    reference: int = 0,
    wide_reference: bool = False,
    message_class: int | None = None,
    max_parts: int = _MAX_PARTS,
) -> Segmentation:
    """Cut binary data into parts; no data is one empty part.

    TooManyPartsError when ``max_parts`` are not enough; ValueError for a reference, port or class
    out of range.
    """
    split = _Splitter(ports, wide_reference, False)
    return _segmentation(split.data(data), reference, wide_reference, message_class, max_parts, ())


class _Splitter:
    """Cuts by the room that is left beside the header elements of every part."""

    def __init__(self, ports: Ports | None, wide_reference: bool, keep_clusters: bool) -> None:
        self._elements = () if ports is None else (ports.element(),)
        self._concatenation = 6 if wide_reference else 5
        self._keep_clusters = keep_clusters

    def _room(self, elements: tuple[Element, ...], concatenated: bool) -> int:
        """Octets for the header of one part, with its length octet."""
        size = self._concatenation if concatenated else 0
        for element in elements:
            size += len(element.data) + 2
        return size + 1 if size else 0

    def gsm7(self, text: str, pairs: Sequence[tuple[int, int]]) -> _Cut | None:
        """By the pair of tables with the fewest parts, septets, elements; None if none can."""
        best: _Cut | None = None
        for locking, single in pairs:
            tables = gsm7(locking, single)
            if text and text[0] not in tables.characters:  # another script shows at once
                continue
            try:
                codes = tables.codes(text)
            except UnicodeEncodeError:
                continue
            if not locking and not single:
                return self._gsm7(text, codes, self._elements)
            cut = self._gsm7(text, codes, self._elements + shift_elements(locking, single))
            if best is None or _cost(cut) < _cost(best):
                best = cut
        return best

    def _gsm7(self, text: str, codes: bytes, elements: tuple[Element, ...]) -> _Cut:
        room = MAX_SEPTETS - septets_taken(self._room(elements, False))[0]
        count = septet_count(codes)
        if count <= room:
            return _Cut(GSM7, elements, [septets_of(codes)], (count,), room)
        room = MAX_SEPTETS - septets_taken(self._room(elements, True))[0]
        plain = codes.isascii()
        pieces, units = [], []
        start, end = 0, len(codes)
        while start < end:
            stop = start + room
            if not plain:
                stop -= _overhang(codes, start, room)
            if stop < end:
                stop = self._whole(text, start, stop)
            piece = septets_of(codes[start:stop])
            pieces.append(piece)
            units.append(len(piece))
            start = stop
        return _Cut(GSM7, elements, pieces, tuple(units), room)

    def ucs2(self, text: str) -> _Cut:
        """By UTF-16 units, two for a character beyond U+FFFF."""
        octets = encode_ucs2(text)
        room = (MAX_OCTETS - self._room(self._elements, False)) // 2
        if len(octets) <= 2 * room:
            return _Cut(UCS2, self._elements, [octets], (len(octets) // 2,), room)
        room = (MAX_OCTETS - self._room(self._elements, True)) // 2
        pieces = []
        start, at, end = 0, 0, len(octets)  # ``at`` is where the octets of text[start] begin
        astral = end > 2 * len(text)
        while at < end:
            stop = at + 2 * room
            if stop >= end:
                pieces.append(octets[at:])
                break
            if astral and 0xDC <= octets[stop] <= 0xDF:
                stop -= 2
            limit = start + (len(octets[at:stop].decode("utf-16-be")) if astral else room)
            start = self._whole(text, start, limit)
            if start < limit:
                stop -= len(encode_ucs2(text[start:limit]))
            pieces.append(octets[at:stop])
            at = stop
        units = tuple([len(piece) // 2 for piece in pieces])
        return _Cut(UCS2, self._elements, pieces, units, room)

    def data(self, data: bytes) -> _Cut:
        """By octets."""
        room = MAX_OCTETS - self._room(self._elements, False)
        if len(data) <= room:
            return _Cut(DATA, self._elements, [data], (len(data),), room)
        room = MAX_OCTETS - self._room(self._elements, True)
        pieces = [data[at : at + room] for at in range(0, len(data), room)]
        return _Cut(DATA, self._elements, pieces, tuple(map(len, pieces)), room)

    def _whole(self, text: str, start: int, stop: int) -> int:
        """The last place up to ``stop`` that splits no cluster, ``stop`` if that leaves nothing."""
        if not self._keep_clusters:
            return stop
        whole = stop
        while whole > start and not can_break(text, whole):
            whole -= 1
        return whole if whole > start else stop


def _overhang(codes: bytes, start: int, room: int) -> int:
    """By how many characters fewer than ``room`` fit into ``room`` septets from ``start``."""
    stop = start + room
    while (excess := septet_count(codes[start:stop]) - room) > 0:
        stop -= (excess + 1) // 2
    return start + room - stop


def _cost(cut: _Cut) -> tuple[int, int, int]:
    return len(cut.pieces), sum(cut.units), len(cut.elements)


def _has_shift(cut: _Cut) -> bool:
    shifts = (Iei.LOCKING_SHIFT, Iei.SINGLE_SHIFT)
    return any(element.iei in shifts for element in cut.elements)


def _pairs(national: Sequence[NationalLanguage] | ShiftTables) -> list[tuple[int, int]]:
    """The pairings to try, the default tables first unless a fixed one is asked for."""
    if isinstance(national, ShiftTables):
        return [(national.locking, national.single)]
    if not national:
        return _DEFAULT
    tables = [NationalLanguage.DEFAULT, *national]
    return [(locking, single) for locking in tables for single in tables]


def _in_tables(pairs: Sequence[tuple[int, int]]) -> Callable[[str], bool]:
    """Whether a character is in any of the tables."""
    return frozenset[str]().union(*(gsm7(*pair).characters for pair in pairs)).__contains__


def _not_in_gsm7(
    text: str, pairs: Sequence[tuple[int, int]], transliterate: bool
) -> UnencodableError:
    """Names the first character that nothing asked for can bring into the alphabet."""
    encodable = _in_tables(pairs)
    for position, character in enumerate(text):
        if not encodable(character) and not (
            transliterate and all(encodable(c) for c in plain_text(character, encodable)[0])
        ):
            return UnencodableError(character, position, "the GSM 7 bit alphabet")
    # Every character is in some table, but no pair has them all; the one that comes furthest tells.
    first = max(
        next(at for at, character in enumerate(text) if character not in gsm7(*pair).characters)
        for pair in pairs
    )
    return UnencodableError(text[first], first, "the same GSM 7 bit tables as the rest")


def _segmentation(
    cut: _Cut,
    reference: int,
    wide: bool,
    message_class: int | None,
    max_parts: int,
    changes: tuple[tuple[str, str], ...],
) -> Segmentation:
    total = len(cut.pieces)
    allowed = min(max_parts, _MAX_PARTS)
    if total > allowed:
        raise TooManyPartsError(total, allowed)
    alphabet = cut.alphabet
    fixed = encode_elements(cut.elements)
    if total == 1:
        parts = [UserData(alphabet, cut.pieces[0], fixed)]
    else:
        before, after = concatenation_head(reference, total, wide), fixed or b""
        parts = [
            UserData(alphabet, piece, before + bytes((sequence,)) + after)
            for sequence, piece in enumerate(cut.pieces, 1)
        ]
    return Segmentation(
        alphabet,
        DataCoding.of(alphabet, message_class),
        tuple(parts),
        cut.units,
        cut.room - cut.units[-1],
        changes,
    )
