"""USSD texts: what the string of a +CUSD means (TS 23.038 clause 5, TS 27.007 7.15). Pure.

By the standard the coding scheme tells the alphabet and AT+CSCS the spelling. Modems write packed
septets, octets or UCS-2 in hexadecimal all the same, under schemes that say otherwise: a string of
nothing but hex digits is read in every way it can have, and the one that gives words wins.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from ..at import Charset
from ..sms import Alphabet
from ..sms.gsm7 import gsm7
from ..sms.septets import pack, unpack

MOST_SEPTETS = 182
"""Characters of a USSD string in the GSM alphabet: 160 octets, packed (TS 23.038 6.1.2.3)."""

_CR = 13
_MOST_OCTETS = 2 * MOST_SEPTETS
"""As UCS-2."""
_LEAST_OCTETS = 4
"""A shorter run of hex digits may well be a word or a number."""
_EXPECTED, _ENOUGH = 0.25, 0.65
"""How much a reading gains that is likely beforehand, and how much one must have to be believed."""
_NEARLY_ALL = 0.8
_HEX = re.compile(r"[0-9A-F]+|[0-9a-f]+")
_LETTER_AND_DIGIT = re.compile(r"[0-9]+[A-Fa-f]|[A-Fa-f]+[0-9]")
_LANGUAGE = re.compile(r"[a-z]{2}[\r\n]")
_GSM7_WITH_LANGUAGE, _UCS2_WITH_LANGUAGE = 0x10, 0x11
_PUNCTUATION = frozenset(".,:;!?-+*/()#%'")
_EAST = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC", "FULLWIDTH", "BOPOMOFO")


def pack_ussd(text: str) -> str:
    """Packed septets in hexadecimal. Seven spare bits hold a CR, lest they read as @ (23.038)."""
    septets = gsm7().encode(text)
    if len(septets) % 8 == 7:
        septets += bytes([_CR])
    return pack(septets).hex().upper()


def decode_ussd(text: str, dcs: int | None, *, packed: bool, charset: Charset = Charset.GSM) -> str:
    """The text of a +CUSD string under `charset`, by its coding scheme and its look.

    `packed`: this modem is known to write 7-bit texts as packed septets in hexadecimal.
    """
    octets = _octets(text)
    read = None if octets is None else _read(octets, text, dcs, packed, charset)
    if read is None:
        read = charset.read(text)
    if dcs == _GSM7_WITH_LANGUAGE:
        read = _LANGUAGE.sub("", read, count=1) if _LANGUAGE.match(read) else read
    return read


def _read(octets: bytes, text: str, dcs: int | None, packed: bool, charset: Charset) -> str | None:
    """What hex digits mean; None when they mean themselves."""
    alphabet = Alphabet.GSM7 if dcs is None else cbs_alphabet(dcs)
    if alphabet is Alphabet.UCS2 or charset is Charset.UCS2:
        return _ucs2(octets, with_language=dcs == _UCS2_WITH_LANGUAGE)
    if _one_script(octets):
        return _ucs2(octets)
    as_octets = _eight_bit(octets)
    if alphabet is Alphabet.DATA and as_octets is not None:
        return as_octets
    in_doubt = len(octets) < _LEAST_OCTETS or _LETTER_AND_DIGIT.search(text) is None
    if in_doubt and not packed:
        return None
    as_septets = _septets(octets)
    readings = {
        as_septets: _EXPECTED if packed else 0.0,
        as_octets: _EXPECTED if octets.isascii() else 0.0,
        _east_asian(octets): 0.0,
    }
    scores = {r: _likeness(r) + more for r, more in readings.items() if r is not None}
    best = max(scores, key=lambda reading: scores[reading])
    if scores[best] >= _ENOUGH:
        return best
    return as_septets if packed else None


def cbs_alphabet(dcs: int) -> Alphabet:
    """The alphabet of a CBS data coding scheme, 0 to 255 (TS 23.038 clause 5).

    Reserved codes are read as the GSM alphabet, as the clause wants it.
    """
    group = dcs >> 4
    if dcs == _UCS2_WITH_LANGUAGE:
        return Alphabet.UCS2
    if group in (0x4, 0x5, 0x6, 0x7, 0x9):
        by_bits = (Alphabet.GSM7, Alphabet.DATA, Alphabet.UCS2, Alphabet.GSM7)
        return by_bits[dcs >> 2 & 3]
    if group == 0xF:
        return Alphabet.DATA if dcs & 4 else Alphabet.GSM7
    return Alphabet.GSM7


def _octets(text: str) -> bytes | None:
    text = text.strip()
    if not 2 <= len(text) <= 2 * _MOST_OCTETS or len(text) % 2 or _HEX.fullmatch(text) is None:
        return None
    return bytes.fromhex(text)


def _ucs2(octets: bytes, *, with_language: bool = False) -> str:
    """UTF-16, without the language code that scheme 17 puts before it as two packed septets."""
    if with_language and re.fullmatch(rb"[a-z]{2}", unpack(octets[:2].ljust(2), 2)):
        octets = octets[2:]
    return octets[: len(octets) & ~1].decode("utf-16-be", "replace")


def _one_script(octets: bytes) -> bool:
    """Whether the octets are UCS-2 of Latin letters and at most one other alphabet.

    What was written in another way reads as characters from everywhere, above all Chinese.
    """
    if len(octets) < _LEAST_OCTETS or len(octets) % 2:
        return False
    try:
        text = octets.decode("utf-16-be")
    except UnicodeDecodeError:
        return False
    if not all(c.isprintable() or c in "\r\n" or unicodedata.category(c) == "Cf" for c in text):
        return False
    near = sum(c <= "\xff" or "\u2000" <= c <= "\u20cf" for c in text)
    scripts = Counter(_script(c) for c in text if c > "\xff" and unicodedata.category(c)[0] in "LM")
    near += scripts.pop("LATIN", 0)
    if len(scripts) > 1 or "EAST" in scripts:
        return False
    return near + sum(scripts.values()) >= _NEARLY_ALL * len(text)


def _script(character: str) -> str:
    name = unicodedata.name(character, "")
    return "EAST" if name.startswith(_EAST) else re.split("[ -]", name, maxsplit=1)[0]


def _eight_bit(octets: bytes) -> str | None:
    """Text of one octet a character, or UTF-8; None when it holds what no text has."""
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return text if all(c.isprintable() or c in "\r\n\t" for c in text) else None


def _septets(octets: bytes) -> str | None:
    if len(octets) > _MOST_OCTETS // 2:
        return None
    septets = unpack(octets, len(octets) * 8 // 7)
    if len(septets) % 8 == 0 and septets[-1:] in (b"\r", b"\0"):
        septets = septets[:-1]  # the filling of a last octet
    return gsm7().decode(septets).rstrip("\r")


def _east_asian(octets: bytes) -> str | None:
    """UCS-2 that is Chinese, Japanese or Korean all over."""
    if len(octets) % 2:
        return None
    text = octets.decode("utf-16-be", "replace")
    letters = [c for c in text if c > "\xff"]
    fits = all(_script(c) == "EAST" and not "\u3400" <= c < "\u4e00" for c in letters)
    return text if letters and fits else None


def _likeness(text: str) -> float:
    """How much a text looks like one that is meant for people: 1 at the most."""
    return sum(map(_weight, text)) / len(text) if text else 0.0


def _weight(character: str) -> float:
    if (character.isascii() and (character.islower() or character.isdigit())) or character in " \n":
        return 1.0
    if character in _PUNCTUATION:
        return 0.4
    if _script(character) == "EAST":
        return 0.6
    if character.isascii() and character.isupper():
        return 0.7
    return 0.3 if character.isalpha() and character <= "\xff" else -0.5
