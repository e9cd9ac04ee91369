"""The country of a number, as far as its plan tells it."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import phonenumbers


def country_of(number: str, among: Collection[str]) -> str | None:
    """Which of these countries (ISO 3166) a number is of: `+` and E.164 digits; None: of none.

    Most calling codes have one country; where several share one, the plan is asked.
    """
    regions = _sharing(number[:4])
    if regions.isdisjoint(among):
        return None
    if len(regions) == 1:
        return next(iter(regions))
    country = _by_plan(number)
    return country if country in among else None


@lru_cache(maxsize=1024)
def _sharing(beginning: str) -> frozenset[str]:
    """The countries that share the calling code which a number begins with."""
    if beginning[:1] == "+" and beginning[1:].isdecimal():
        for length in (1, 2, 3):
            found = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(beginning[1 : 1 + length]))
            if found is not None:
                return frozenset(found)
    return frozenset()


@lru_cache(maxsize=4096)
def _by_plan(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_number(parsed)
