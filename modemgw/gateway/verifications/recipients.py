"""Whose number may be verified: by its country, and by what its numbering plan calls it. Pure."""

from __future__ import annotations

import phonenumbers
from phonenumbers import PhoneNumberType

from modemgw.config import VerificationsSection
from modemgw.gateway.errors import FieldProblem

_KINDS = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.VOIP: "voip",
}
NOWHERE = "nowhere"
"""Where a number is that no country has: a test bed's, say."""


def problem_with(number: str, section: VerificationsSection) -> FieldProblem | None:
    """Why no code goes to a number; None when one may.

    `number` is as it is dialled: `+` and E.164 digits, or a short code.
    """
    if not number.startswith("+"):
        return FieldProblem("to", "is a short code: a code is sent to a number", "short-code")
    country, kind = place_of(number)
    if country in section.blocked_countries or (
        section.allowed_countries and country not in section.allowed_countries
    ):
        where = "no country that it knows" if country == NOWHERE else country
        detail = f"is in {where}, where this gateway sends no codes"
        return FieldProblem("to", detail, "country-refused")
    if kind in section.refused_kinds:
        detail = f"is a number of the kind {kind}: this gateway sends no codes there"
        return FieldProblem("to", detail, "kind-refused")
    return None


def place_of(number: str) -> tuple[str, str]:
    """The country of an E.164 number (ISO 3166, or NOWHERE), and its kind as NumberKind has it.

    A number that the plans do not have is in the first country of its country code.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return NOWHERE, "unknown"
    country = phonenumbers.region_code_for_number(parsed)
    if country is None and parsed.country_code is not None:
        country = phonenumbers.region_code_for_country_code(parsed.country_code)
    if country not in phonenumbers.SUPPORTED_REGIONS:
        country = NOWHERE
    return country, _KINDS.get(phonenumbers.number_type(parsed), "unknown")


def prefix_of(number: str, last_digits: int) -> str:
    """A number without its last digits; its country code stays."""
    return number[: max(4, len(number) - last_digits)]
