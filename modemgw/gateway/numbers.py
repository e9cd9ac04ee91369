"""Reading the recipient's number as people write it.

A number with + is taken as E.164 (ITU-T E.164: at most 15 digits); any other is read by the
default region's numbering plan; 3 to 8 digits that are no such number are a short code, dialled as
they are.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PUNCTUATION = re.compile(r"[\s().\-/\u2010-\u2015\u00a0]+")
_SHORT_CODE = re.compile(r"[0-9*#]{3,8}")


class NumberError(ValueError):
    """The text is not a number that an SMS can be sent to."""


def normalise(text: str, region: str) -> str:
    """The number as it is dialled: `+` and E.164 digits, or a short code's digits.

    Raises NumberError with a sentence that says what would be right.
    """
    if _E164.fullmatch(text):
        if _country(text[1:4]):
            return text
        raise NumberError(f"{text!r} begins with no country's code")
    compact = _PUNCTUATION.sub("", text)
    if compact.startswith("+"):
        if _E164.fullmatch(compact) and _country(compact[1:4]):
            return compact
        raise NumberError(
            f"{text!r} is not an international number: + and 7 to 15 digits, such as +447700900123"
        )
    return _national(text, compact, region)


@lru_cache(maxsize=1024)
def _country(three: str) -> bool:
    """Whether digits begin with a country calling code (ITU-T E.164: 1 to 3 digits)."""
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    # +999 is kept free by the ITU; test beds (the virtual network too) live there.
    return three == "999" or any(int(three[:n]) in codes for n in (1, 2, 3))


def _national(text: str, compact: str, region: str) -> str:
    try:
        parsed = phonenumbers.parse(compact, region)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is not None and phonenumbers.is_possible_number(parsed) and len(compact) > 6:
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if _SHORT_CODE.fullmatch(compact):
        return compact
    raise NumberError(
        f"{text!r} is neither a number in {region} nor an international one (+447700900123) "
        "nor a short code of 3 to 8 digits"
    )
