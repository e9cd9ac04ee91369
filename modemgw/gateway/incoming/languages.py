"""Which language people of a country expect, where a keyword is the same in several."""

from __future__ import annotations

from collections.abc import Mapping

import phonenumbers

_COUNTRIES: Mapping[str, str] = {
    "fr": "FR MC SN CI CM CD BJ TG BF ML NE GA",
    "de": "DE AT CH LI LU",
    "es": "ES MX AR BO CL CO CR CU DO EC GT HN NI PA PE PR PY SV UY VE",
    "it": "IT SM VA",
    "pt": "PT BR AO MZ CV GW ST",
    "nl": "NL BE SR",
    "sv": "SE",
    "da": "DK FO GL",
    "nb": "NO",
    "fi": "FI",
    "pl": "PL",
    "cs": "CZ",
    "hu": "HU",
    "ro": "RO MD",
    "el": "GR CY",
    "tr": "TR",
    "ru": "RU BY KZ KG",
    "uk": "UA",
    "ar": "SA AE BH DZ EG IQ JO KW LB LY MA OM PS QA SD SY TN YE",
    "hi": "IN",
    "id": "ID",
}
"""ISO 3166 codes by language; all others are left to the default language."""
_LANGUAGES = {region: code for code, regions in _COUNTRIES.items() for region in regions.split()}


def language_of(number: str) -> str | None:
    """The language that most people expect where an E.164 number is from; None: nobody knows."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return _LANGUAGES.get(phonenumbers.region_code_for_number(parsed) or "")
