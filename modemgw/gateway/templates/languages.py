"""Which variant of a template speaks to somebody: by the language that is asked for, else by the
country of the number. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from modemgw.store import Variant

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?", re.ASCII)


class Language(NamedTuple):
    """A language of BCP 47, as far as texts differ by it."""

    language: str
    """With its script, if that is given: `pt`, `zh-Hant`."""
    region: str | None = None

    def __str__(self) -> str:
        return self.language if self.region is None else f"{self.language}-{self.region}"


def parse(tag: str) -> Language:
    """The language that a tag names: `pt-BR`, `pt_br`, `zh-Hant-TW`. Raises ValueError."""
    found = _TAG.fullmatch(tag)
    if found is None:
        raise ValueError(f"{tag!r} is no language, such as en, pt-BR or zh-Hant")
    language, script, region = found.groups()
    language = language.lower() if script is None else f"{language.lower()}-{script.title()}"
    return Language(language, None if region is None else region.upper())


def choose(variants: Sequence[Variant], asked: Language | None, country: str | None) -> int:
    """The place of the variant that fits best; the first one fits everybody.

    `asked`: the variant of the same region, else the one without a region, else that of the
    number's country, else any of the language; where none has the script, those without it.
    `country` (ISO 3166) is the number's: it decides alone where nothing is asked for.
    """
    if asked is None:
        regions = [variant.region for variant in variants]
        return regions.index(country) if country is not None and country in regions else 0
    for language in (asked.language, asked.language.partition("-")[0]):
        own = {v.region: i for i, v in reversed([*enumerate(variants)]) if v.language == language}
        for region in (asked.region, None, country):
            if region in own:
                return own[region]
        if own:
            return min(own.values())
    return 0


def differ_by_country(variants: Sequence[Variant], asked: Language | None) -> set[str]:
    """The countries whose numbers get another variant than others do; mostly there are none."""
    others = choose(variants, asked, None)
    regions = {variant.region for variant in variants if variant.region is not None}
    return {region for region in regions if choose(variants, asked, region) != others}
