"""Replacing characters that cost a whole message its cheap alphabet: typography and accents."""

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


def transliterate(
    text: str, encodable: Callable[[str], bool]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with every character that is not ``encodable`` replaced where there is a plain form
    of it.

    Quotes, dashes, spaces and ligatures go by a table, letters lose their accents (Unicode
    compatibility decomposition). What has no plain form stays. The second value is each (before,
    after) once, in order.
    """
    changes: dict[str, str] = {}
    pieces = []
    for character in unicodedata.normalize("NFC", text) if not text.isascii() else text:
        if encodable(character):
            pieces.append(character)
            continue
        plain = changes.get(character)
        if plain is None:
            plain = _plain(character, encodable)
            if plain is None:
                pieces.append(character)
                continue
            changes[character] = plain
        pieces.append(plain)
    return "".join(pieces), tuple(changes.items())


def _plain(character: str, encodable: Callable[[str], bool]) -> str | None:
    plain = _TYPOGRAPHY.get(character)
    if plain is None:
        if unicodedata.category(character) in ("Mn", "Me"):
            return ""
        decomposed = unicodedata.normalize("NFKD", character)
        plain = "".join(c for c in decomposed if not unicodedata.combining(c))
        plain = "".join(_TYPOGRAPHY.get(c, c) for c in plain)
        if not plain or plain == character:
            return None
    return plain if all(encodable(c) for c in plain) else None
