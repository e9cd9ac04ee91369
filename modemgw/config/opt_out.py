"""[opt_out]: the words by which people opt out, opt in and ask for help, and what is answered."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from modemgw.config.base import Section, shaped
from modemgw.config.opt_out_words import SHIPPED, Language

LONGEST_WORD = 40
"""Letters and digits in a keyword."""

LanguageCode = Annotated[
    str, shaped(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?", "an ISO 639 code, such as en")
]
_Text = Annotated[str, Field(min_length=1, max_length=612)]
"""What four parts hold in GSM-7."""

_LIKE = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ى": "ي", "ة": "ه", "ـ": None}
)
"""Letters that no decomposition takes apart, and that many do without."""
_ACCENTS_FROM = 200
"""Combining classes of accents begin here (Unicode 4.3); below are marks without which a word of
an Indian script is another one …"""
_TASHKEEL = range(27, 36)
"""… and these, which are Arabic vowels that are mostly left out."""


def folded(text: str) -> str:
    """What of a text says which keyword it is: its letters and digits, without case and accents.

    Two texts are the same keyword when this is the same for both. It is the same for every Unicode
    normal form of a text, and for what it gives itself.
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    text = unicodedata.normalize("NFKD", text.translate(_LIKE).casefold())
    return "".join(char for char in text if _counts(char))


def _counts(char: str) -> bool:
    category, accent = unicodedata.category(char), unicodedata.combining(char)
    if category[0] == "M":
        return accent < _ACCENTS_FROM and accent not in _TASHKEEL
    return category[0] in "LN"


def _words(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    for word in words or ():
        if not 1 <= len(folded(word)) <= LONGEST_WORD:
            raise ValueError(f"{word!r} must have 1 to {LONGEST_WORD} letters and digits")
    return words


class LanguageSection(Section):
    """[opt_out.language.XX]: what is left out is as it is shipped."""

    stop: tuple[str, ...] | None = None
    start: tuple[str, ...] | None = None
    help: tuple[str, ...] | None = None
    stopped: _Text | None = None
    """What is answered to who has just opted out."""
    started: _Text | None = None
    helped: _Text | None = None

    _check_words = field_validator("stop", "start", "help")(_words)


class OptOutSection(Section):
    """[opt_out]"""

    enabled: bool = True
    """False: no word means anything to the gateway, and all go to the handlers."""
    confirm: bool = True
    """Whether a change is confirmed, once, and help is answered."""
    languages: tuple[LanguageCode, ...] = ()
    """Whose words count; empty: all that there are."""
    default_language: LanguageCode = "en"
    """Of a word that several languages have, such as STOP, where the sender's country has none."""
    language: dict[LanguageCode, LanguageSection] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> OptOutSection:
        known = [*SHIPPED, *(code for code in self.language if code not in SHIPPED)]
        for code in (*self.languages, self.default_language):
            if code not in known:
                raise ValueError(
                    f"there is no language {code!r}; there is {', '.join(known)}: "
                    f"[opt_out.language.{code}] adds one"
                )
        for code, own in self.language.items():
            if code not in SHIPPED and not (own.stop and own.stopped):
                raise ValueError(f"language {code} is new: it needs at least stop and stopped")
        if self.languages and self.default_language not in self.languages:
            raise ValueError(f"default_language {self.default_language!r} must be one of languages")
        if self.language:  # the shipped words have been looked at by the tests
            self.check_meanings()
        return self

    def check_meanings(self) -> None:
        """Raises ValueError if a word means two things."""
        meanings: dict[str, tuple[str, str]] = {}
        for code, words in self.sets.items():
            for meaning in ("stop", "start", "help"):
                for word in getattr(words, meaning):
                    other = meanings.setdefault(folded(word), (meaning, code))
                    if other[0] != meaning:
                        raise ValueError(
                            f"{word!r} means {meaning} in {code} and {other[0]} in {other[1]}: "
                            "a word can mean one thing only"
                        )

    @property
    def sets(self) -> dict[str, Language]:
        """The words and answers of each language that counts, the default one first."""
        known = [*SHIPPED, *(code for code in self.language if code not in SHIPPED)]
        chosen = self.languages or known
        first = [self.default_language, *(c for c in chosen if c != self.default_language)]
        return {code: self._set(code) for code in first}

    def _set(self, code: str) -> Language:
        shipped = SHIPPED.get(code)
        base = shipped or SHIPPED["en"]._replace(stop=(), start=(), help=())
        own = self.language.get(code, LanguageSection()).model_dump(exclude_none=True)
        return base._replace(**{name: own[name] for name in own})
