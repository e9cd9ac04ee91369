"""A template that is ready to make texts: read once, for however many messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from modemgw.gateway.errors import FieldProblem
from modemgw.gateway.templates import languages, pieces
from modemgw.gateway.templates.bounds import Bound, bounds, lengths
from modemgw.gateway.templates.checking import warnings
from modemgw.gateway.templates.filters import is_plain
from modemgw.gateway.templates.languages import Language
from modemgw.gateway.templates.parameters import BadValue, Value, readers
from modemgw.store import Template, TemplateContent, Variant


class Text(NamedTuple):
    """What a template has made."""

    text: str
    problems: tuple[FieldProblem, ...] = ()
    """Why there is none, by parameter (`params.name`)."""


class CompiledVariant:
    """One language of a template."""

    def __init__(self, variant: Variant, content: TemplateContent, of: CompiledTemplate) -> None:
        self.variant = variant
        self.of = of
        """The template."""
        self.pieces = pieces.parse(variant.text)
        self.names = pieces.names(self.pieces)
        """The parameters that it uses, in the order of their first use."""
        self.bounds: tuple[Bound, ...] = bounds(self.pieces, lengths(content))
        """The longest texts, by alphabet."""
        self.most_parts = max(bound.parts for bound in self.bounds)
        self.free = self.bounds[0].alphabet == "ucs2"
        """Whether its own words are beyond GSM 7-bit, so that values may be so, too."""
        self.render = pieces.compiled(variant.text)

    @property
    def language(self) -> str:
        """With its region: `pt-BR`."""
        return str(Language(self.variant.language, self.variant.region))


class CompiledTemplate:
    """One version of a template.

    Raises LanguageError or KeyError for one that checking.py has something against.
    """

    def __init__(self, template: Template) -> None:
        content = template.content
        assert content is not None, "a template that was deleted makes no texts"
        self.template = template
        self.content = content
        self.variants = tuple(
            CompiledVariant(variant, content, self) for variant in content.variants
        )
        self._readers = readers(content)
        self._defaults: dict[str, Value] = {}
        free = all(variant.free for variant in self.variants)
        for name, parameter in content.parameters.items():
            if parameter.default == "":
                self._defaults[name] = ""
            elif parameter.default is not None:
                self._defaults[name] = self._readers[name].read(parameter.default, free=free)
        self._required = frozenset(content.parameters) - frozenset(self._defaults)
        self.warnings = tuple(
            warnings(
                content,
                [(f"variants[{i}].text", one.pieces) for i, one in enumerate(self.variants)],
            )
        )
        """What is odd about it, by the fields of the API."""
        self.choose = lru_cache(256)(self._choose)
        """The variant for a language that was asked for, and the country of a number."""
        self.countries = lru_cache(256)(self._countries)
        """The countries that get another variant than others do."""

    def _choose(self, asked: Language | None, country: str | None) -> CompiledVariant:
        return self.variants[languages.choose(self.content.variants, asked, country)]

    def _countries(self, asked: Language | None) -> frozenset[str]:
        return frozenset(languages.differ_by_country(self.content.variants, asked))

    def text(
        self,
        variant: CompiledVariant,
        params: Mapping[str, Any],
        *,
        free: bool = False,
        transliterate: bool = False,
    ) -> Text:
        """What the variant says with these values; an empty one is as good as none.

        `free`: they may have any character; `transliterate`: those that they may not have are
        replaced by similar ones, whatever the template says of it.
        """
        values = dict(self._defaults)
        problems: list[FieldProblem] = []
        known, free = self._readers, free or variant.free
        given = 0
        for name, value in params.items():
            reader = known.get(name)
            if reader is None:
                problems.append(self._unknown(name))
            elif value is not None and value != "":
                given += name in self._required
                try:
                    values[name] = reader.read(value, free=free, transliterate=transliterate)
                except BadValue as error:
                    problems.append(FieldProblem(f"params.{name}", str(error), error.code))
        if given < len(self._required):
            problems += [
                FieldProblem(f"params.{name}", self._missing(), "missing")
                for name in self.content.parameters
                if name in self._required and params.get(name) in (None, "")
            ]
        if problems:
            return Text("", tuple(problems))
        return Text(variant.render(values))

    def odd(self, variant: CompiledVariant, params: Mapping[str, Any]) -> Iterator[FieldProblem]:
        """What is odd about values that it takes: they make a message cost more, or are changed."""
        for name, value in params.items():
            given = value if isinstance(value, str) else ""
            if variant.free or is_plain(given):
                continue
            field, read = f"params.{name}", self._readers[name].read(value)
            if read != given.replace("\r\n", "\n"):
                yield FieldProblem(field, f"is sent as {read!r}", "transliterated")
            else:
                character = next(c for c in given if not is_plain(c))
                detail = f"has {character!r}, so that the message is sent as UCS-2, in more parts"
                yield FieldProblem(field, detail, "ucs2")

    def _missing(self) -> str:
        return f"the template {self.template.name!r} needs it, and has no default for it"

    def _unknown(self, name: str) -> FieldProblem:
        known = ", ".join(self.content.parameters) or "none"
        detail = f"the template {self.template.name!r} has no such parameter; there is {known}"
        return FieldProblem(f"params.{name}", detail, "unknown")
