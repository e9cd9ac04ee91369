"""Reading the recipient's number as people write it.

A number with + is taken as E.164 (ITU-T E.164: at most 15 digits), any other is read by the default
region's numbering plan; 3 to 8 digits that are no such number are a short code, dialled as they
are. A trunk prefix that its plan does not dial from abroad is dropped, `+44 (0)7700 900123`, and a
number that its plan calls impossible is refused: it would be sent to nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, ValidationResult

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PUNCTUATION = re.compile(r"[\s().\-/\u2010-\u2015\u2212\u00a0]+")
_SHORT_CODE = re.compile(r"[0-9*#]{3,8}")
_SCHEME = re.compile(r"(?:tel|sms):", re.IGNORECASE)
_BRACKETED = re.compile(r"\s*(\(?\+\s*[0-9]{1,3}\)?)[\s.\-]*\([0-9]\)")
_EXTENSION = re.compile(r"[0-9)](?:;?ext[.=:]?|;|,+|x|#)[0-9]{1,9}#?$", re.IGNORECASE)
"""An extension behind a number, without punctuation: RFC 3966 `;ext=5`, `ext. 5`, `x5`, `#5`."""
_TEST_BED = "999"
"""A country code that the ITU keeps free: test beds (the virtual network too) live there."""


class NumberError(ValueError):
    """The text is not a number that an SMS can be sent to."""


def normalise(text: str, region: str) -> str:
    """The number as it is dialled: `+` and E.164 digits, or a short code's digits.

    `region` is the ISO 3166 code of the plan by which numbers without + are read.
    Raises NumberError with a sentence that says what is wrong or what would be right.
    """
    if (plan := _plan(text[1:4])) is not None and plan.fullmatch(text):
        return text
    written = _written(text)
    compact = _PUNCTUATION.sub("", written)
    if len(compact) > 8 and compact.startswith("00") and _dials_abroad_by_00(region):
        written = written.replace("0", "", 1).replace("0", "+", 1)
        compact = f"+{compact[2:]}"
    if not compact.startswith("+"):
        return _national(text, compact, region)
    if not _E164.fullmatch(compact):
        _refuse_extension(text, compact)
        raise NumberError(
            f"{text!r} is not an international number: + and 7 to 15 digits, such as +447700900123"
        )
    if (number := _without_habit(written, compact)) is not None:
        return number
    return compact if _fits(compact) else _by_plan(text, compact)


def e164(text: str, region: str) -> str:
    """The number of a subscriber, who can be somebody: as `normalise`, and no short code."""
    number = normalise(text, region)
    if not number.startswith("+"):
        raise NumberError(f"{text!r} is a short code: this must be a subscriber's number")
    return number


@lru_cache(maxsize=256)
def _dials_abroad_by_00(region: str) -> bool:
    found = PhoneMetadata.metadata_for_region(region)
    prefix = None if found is None else found.international_prefix
    return prefix is not None and re.fullmatch(prefix, "00") is not None


def _written(text: str) -> str:
    """The number without what cannot be seen and a URI's frame; digits of any script as ASCII."""
    if not text.isascii():
        text = "".join(
            str(unicodedata.decimal(char))
            if char.isdecimal()
            else unicodedata.normalize("NFKC", char)
            for char in text
            if unicodedata.category(char) != "Cf"
        )
    scheme = _SCHEME.match(text)
    return text if scheme is None else _local(text[scheme.end() :])


def _local(uri: str) -> str:
    """The number of a `tel` URI (RFC 3966 5.1.5), in the context that it names."""
    number, *parameters = uri.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.lower() == "ext":
            number += f";ext={value}"
        elif name.lower() == "phone-context" and value.startswith("+") and number[:1] != "+":
            number = value + number
    return number


def _without_habit(written: str, compact: str) -> str | None:
    """The number without a `(0)` that people write though its plan has no trunk prefix.

    None where nothing is in brackets, or where it belongs to the number, as in `+39 (0)6 …`.
    """
    found = _BRACKETED.match(written)
    if found is None:
        return None
    without = _PUNCTUATION.sub("", found[1] + written[found.end() :])
    if _is_valid(compact) or not _is_valid(without):
        return None
    return without if _fits(without) else None


def _is_valid(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _fits(number: str) -> bool:
    """Whether an E.164 number is one that its plan can have, with no trunk prefix in it."""
    plan = _plan(number[1:4])
    return plan is not None and plan.fullmatch(number) is not None


@lru_cache(maxsize=1024)
def _plan(three: str) -> re.Pattern[str] | None:
    """What E.164 numbers that begin with these digits can be (a country code has 1 to 3).

    By what their plan says and is cheap to look at: how many digits there may be behind the country
    code, and what is dialled before them within the country only.
    """
    if not (three.isascii() and three.isdecimal()):
        return None
    if three == _TEST_BED:
        return _numbers(three)
    for n in (1, 2, 3):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(three[:n]))
        if regions is not None:
            found = PhoneMetadata.metadata_for_region_or_calling_code(int(three[:n]), regions[0])
            if found is None or found.general_desc is None:
                return _numbers(three[:n])
            trunk = found.national_prefix_for_parsing
            return _numbers(three[:n], found.general_desc.possible_length, trunk)
    return None


def _numbers(code: str, lengths: Iterable[int] = (), trunk: str | None = None) -> re.Pattern[str]:
    not_trunk = f"(?!{trunk})" if trunk else ""
    rest = "|".join(f"[0-9]{{{length}}}" for length in lengths) or "[0-9]*"
    return re.compile(rf"(?={_E164.pattern}\Z)\+{code}{not_trunk}(?:{rest})")


def _by_plan(text: str, compact: str) -> str:
    """An international number that is not to be taken as it stands. Raises NumberError."""
    if _plan(compact[1:4]) is None:
        raise NumberError(f"{text!r} begins with no country's code")
    try:
        parsed = phonenumbers.parse(compact)
    except phonenumbers.NumberParseException as error:
        raise NumberError(f"{text!r} is not an international number: {error}") from error
    wrong = _IMPOSSIBLE.get(phonenumbers.is_possible_number_with_reason(parsed))
    if wrong is not None:
        raise NumberError(
            f"{text!r} is no number of the country code +{parsed.country_code}: it {wrong}"
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


_IMPOSSIBLE = {
    ValidationResult.INVALID_COUNTRY_CODE: "begins with no country's code",
    ValidationResult.TOO_SHORT: "has too few digits",
    ValidationResult.TOO_LONG: "has too many digits",
    ValidationResult.INVALID_LENGTH: "has a number of digits that none has there",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code, or digits",
}


def _national(text: str, compact: str, region: str) -> str:
    try:
        parsed = phonenumbers.parse(compact, region)
    except phonenumbers.NumberParseException:
        parsed = None
    wrong = None
    if parsed is not None and len(compact) > 6:
        wrong = _IMPOSSIBLE.get(phonenumbers.is_possible_number_with_reason(parsed))
        if wrong is None:
            _refuse_extension(text, compact)
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if text.isascii() and _SHORT_CODE.fullmatch(compact):  # it is dialled as it was typed
        return compact
    told = f", where it {wrong}," if wrong is not None else ""
    raise NumberError(
        f"{text!r} is neither a number in {region}{told} nor an international one "
        "(+447700900123) nor a short code of 3 to 8 digits"
    )


def _refuse_extension(text: str, compact: str) -> None:
    if _EXTENSION.search(compact):
        raise NumberError(f"{text!r} has an extension: an SMS goes to a number without one")
