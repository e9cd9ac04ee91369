"""Where a text may be cut without tearing what a reader sees as one character.

An approximation of Unicode's extended grapheme clusters (UAX #29) that looks only at the characters
round the cut: combining marks and joiners, variation selectors, emoji modifiers and tags, flags,
Hangul syllables, consonants after a virama, CR LF. It may keep a little too much together, never
too little of what phones show as one.
"""

import unicodedata
from typing import Final

_ZWJ: Final = "\u200d"
_EXTENDING: Final = frozenset(("Mn", "Me", "Mc"))
_VIRAMA: Final = 9  # canonical combining class


def can_break(text: str, index: int) -> bool:
    """Whether the text may be cut before ``text[index]`` (0 < index < len(text))."""
    before, after = text[index - 1], text[index]
    if after < "\u0300":
        return not (before == "\r" and after == "\n")
    category = unicodedata.category(after)
    if category in _EXTENDING or _ZWJ in (before, after):
        return False
    if category == "Lo" and unicodedata.combining(before) == _VIRAMA:
        return False
    if after < "\u1100":  # below all that follows; most letters are
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return False
    if _is_flag_letter(after) and _is_flag_letter(before):
        return _flag_letters_before(text, index) % 2 == 0
    return not _is_hangul_run(before, after)


def _is_flag_letter(character: str) -> bool:
    """Regional indicators: two of them are one flag."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_letters_before(text: str, index: int) -> int:
    start = index
    while start and _is_flag_letter(text[start - 1]):
        start -= 1
    return index - start


def _is_hangul_run(before: str, after: str) -> bool:
    """Conjoining jamo: leading + (leading, vowel, syllable), vowel + (vowel, trailing), trailing +
    trailing.
    """
    if "\u1100" <= before <= "\u115f":
        return "\u1100" <= after <= "\u11a7" or "\uac00" <= after <= "\ud7a3"
    if "\u1160" <= before <= "\u11a7" or "\uac00" <= before <= "\ud7a3":
        return "\u1160" <= after <= "\u11ff"
    return "\u11a8" <= before <= "\u11ff" and "\u11a8" <= after <= "\u11ff"
