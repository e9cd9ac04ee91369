"""The longest text that a template can make, and how many SMS that is. Pure.

Parts are filled greedily and no sign of the reader is split (sms/segment.py), so a part that others
follow has all its room but for what the next sign takes, less one. From that follows how many parts
a text of so many units needs at the most; ContentRule holds messages to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from modemgw.gateway.templates.filters import FILTERS, TEXTS, is_plain, units
from modemgw.gateway.templates.parameters import longest
from modemgw.gateway.templates.pieces import Choice, Piece, Placeholder, placeholders
from modemgw.sms.graphemes import can_break
from modemgw.store import TemplateContent

Alphabet = Literal["gsm7", "ucs2"]
ROOM: Final[Mapping[Alphabet, tuple[int, int]]] = {"gsm7": (160, 153), "ucs2": (70, 67)}
"""Units in the one part of a short text, and in each part of a long one (TS 23.040 9.2.3.24.1)."""
WITH_PAIRS: Final = frozenset({"string", "url"})
"""Types whose values may have characters of GSM 7-bit's extension."""
LONGEST_SIGN: Final = 20
"""UTF-16 units of what a reader sees as one character: a family with its colours of skin has 19."""


class Bound(NamedTuple):
    """The most that a text can take in one alphabet."""

    alphabet: Alphabet
    units: int
    parts: int


class Length(NamedTuple):
    """What a parameter's values can be."""

    type: str
    units: int
    """Of the longest one."""
    unicode: bool
    """Whether they may bring characters that GSM 7-bit lacks."""


def lengths(content: TemplateContent) -> dict[str, Length]:
    """What the values of each parameter can be."""
    return {
        name: Length(
            parameter.type,
            longest(parameter),
            parameter.type == "string" and (content.allow_unicode or parameter.allow_unicode),
        )
        for name, parameter in content.parameters.items()
    }


def bounds(pieces: Sequence[Piece], lengths: Mapping[str, Length]) -> tuple[Bound, ...]:
    """The longest texts that these make, for each alphabet that they may be sent in.

    `gsm7` alone, when nothing brings another character; `ucs2` alone, when something always does.
    """
    found = []
    plain = _most(pieces, lengths, _septets)
    if plain is not None:
        found.append(_bound("gsm7", plain, _pairs(pieces, lengths)))
    if plain is None or _may_be_unicode(pieces, lengths):
        most = _most(pieces, lengths, _utf16)
        assert most is not None, "UTF-16 has every character"
        found.append(_bound("ucs2", most, _longest_sign(pieces, lengths) - 1))
    return tuple(found)


def parts(alphabet: Alphabet, count: int, waste: int) -> int:
    """Parts that a text of `count` units needs at the most.

    `waste`: units that stay free in a part because the next sign does not fit.
    """
    alone, room = ROOM[alphabet]
    if count <= alone:
        return 1
    return 1 + -(-(count - room) // (room - waste))


def _bound(alphabet: Alphabet, count: int, waste: int) -> Bound:
    return Bound(alphabet, count, parts(alphabet, count, waste))


def _septets(text: str) -> int | None:
    return units(text) if is_plain(text) else None


def _utf16(text: str) -> int | None:
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def _most(
    pieces: Sequence[Piece], lengths: Mapping[str, Length], count: Callable[[str], int | None]
) -> int | None:
    """Units of the longest text; None if `count` can count none that these make."""
    total = 0
    for piece in pieces:
        match piece:
            case str():
                length = count(piece)
            case Placeholder():
                length = _shown(piece, lengths)
            case Choice():
                branches = [_most(branch, lengths, count) for branch in piece.branches]
                length = max((n for n in branches if n is not None), default=None)
        if length is None:
            return None
        total += length
    return total


def _shown(place: Placeholder, lengths: Mapping[str, Length]) -> int:
    length = lengths[place.name].units
    for call in place.calls:
        length = FILTERS[call.filter].bound(length, call.arguments)
    return length


def _may_be_unicode(pieces: Sequence[Piece], lengths: Mapping[str, Length]) -> bool:
    return any(
        lengths[piece.name].unicode
        if isinstance(piece, Placeholder)
        else any(_may_be_unicode(branch, lengths) for branch in piece.branches)
        if isinstance(piece, Choice)
        else not is_plain(piece)
        for piece in pieces
    )


def _pairs(pieces: Sequence[Piece], lengths: Mapping[str, Length]) -> int:
    """What a part of septets may waste: one, where anything takes two and is not split."""
    for piece in pieces:
        match piece:
            case str():
                paired = units(piece) > len(piece) or "\r\n" in piece
            case Placeholder():
                paired = lengths[piece.name].type in WITH_PAIRS
            case Choice():
                paired = any(_pairs(branch, lengths) for branch in piece.branches)
        if paired:
            return 1
    return 0


def _longest_sign(pieces: Sequence[Piece], lengths: Mapping[str, Length]) -> int:
    """Units of the longest sign that a text can have; one can be put together from several values,
    but none that anybody reads is longer than LONGEST_SIGN.
    """
    written = _longest_written(pieces)
    values = sum(_shown(p, lengths) for p in placeholders(pieces) if lengths[p.name].type in TEXTS)
    return max(written, min(LONGEST_SIGN, values + 2 * written))


def _longest_written(pieces: Sequence[Piece]) -> int:
    longest = 2
    for piece in pieces:
        if isinstance(piece, Choice):
            longest = max(longest, *map(_longest_written, piece.branches))
        elif isinstance(piece, str):
            start = 0
            for end in range(1, len(piece) + 1):
                if end == len(piece) or can_break(piece, end):
                    longest = max(longest, _utf16(piece[start:end]) or 0)
                    start = end
    return longest
