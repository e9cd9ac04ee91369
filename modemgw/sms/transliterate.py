"""Replacing characters that cost a whole message its cheap alphabet: typography and accents."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

_TYPOGRAPHY: Final = {
    **dict.fromkeys("‘’‚‛′‵ʼ`´＇", "'"),
    **dict.fromkeys("“”„‟″‶«»＂", '"'),
    **dict.fromkeys("‹", "<"),
    **dict.fromkeys("›", ">"),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"),
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", " "
    ),
    **dict.fromkeys("\u200a\u202f\u205f\u3000\t", " "),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
    **dict.fromkeys("•‣∙·", "*"),
    "…": "...",
    "™": "(TM)",
    "©": "(C)",
    "®": "(R)",
    "×": "x",
    "÷": "/",
    "⁄": "/",
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "ø": "o",
    "Ø": "O",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "ł": "l",
    "Ł": "L",
    "ħ": "h",
    "Ħ": "H",
    "ı": "i",
    "¢": "c",
    "№": "No",
    "₤": "£",
}


# A character with the combining marks that follow it.
_MARKED: Final = re.compile(
    "(?s).[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]*"
)


def transliterate(
    text: str, encodable: Callable[[str], bool]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with plain forms for what is not ``encodable``, and each (before, after) once.

    Quotes, dashes, spaces and ligatures go by a table; letters are composed with their accents or,
    where that does not help, lose them (Unicode compatibility decomposition). What has no plain
    form stays.
    """
    changes: dict[str, str] = {}
    pieces = []
    for marked in _MARKED.findall(text):
        if all(map(encodable, marked)):
            pieces.append(marked)
            continue
        plain = changes.get(marked)
        if plain is None:
            plain = _plain(marked, encodable)
        if plain is None:
            pieces.append(marked)
        else:
            changes[marked] = plain
            pieces.append(plain)
    return "".join(pieces), tuple(changes.items())


def _plain(marked: str, encodable: Callable[[str], bool]) -> str | None:
    composed = unicodedata.normalize("NFC", marked)
    for candidate in (composed, "".join(_TYPOGRAPHY.get(c, c) for c in composed)):
        if all(map(encodable, candidate)):
            return candidate
    bare = "".join(
        _TYPOGRAPHY.get(c, c)
        for c in unicodedata.normalize("NFKD", composed)
        if unicodedata.category(c) not in ("Mn", "Me")
    )
    return bare if all(map(encodable, bare)) else None
