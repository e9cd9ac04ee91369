"""Messages with codes whose text a template makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.templates.catalogue import Catalogue
from modemgw.gateway.templates.countries import country_of
from modemgw.gateway.templates.languages import parse
from modemgw.store.records import Key


class Templated:
    """The templates in force, as far as messages with codes are made of them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def check_key(self, key: Key, name: str) -> None:
        """Raises Rejected for a template that a key may not use."""
        if key.templates_only and key.templates and name not in key.templates:
            detail = f"the API key {key.name!r} may send {', '.join(key.templates)}, not {name!r}"
            raise Rejected([FieldProblem("template", detail, "template-not-allowed")])

    def text(self, name: str, language: str | None, number: str, params: Mapping[str, Any]) -> str:
        """What a template says to a number, in this language or in that of its country.

        Of `params` it gets those that it has. Raises Rejected.
        """
        found = self._catalogue.find(name)
        if found is None:
            detail = f"there is no template {name!r}; GET /v1/templates lists them"
            raise Rejected([FieldProblem("template", detail, "unknown")])
        try:
            asked = None if language is None else parse(language)
        except ValueError as error:
            raise Rejected([FieldProblem("language", str(error), "invalid")]) from error
        variant = found.choose(asked, country_of(number, found.countries(asked)))
        known = {n: value for n, value in params.items() if n in found.content.parameters}
        made = found.text(variant, known)
        if made.problems:
            told = "; ".join(f"{p.field.partition('.')[2]} {p.detail}" for p in made.problems)
            detail = f"{name!r} makes no text of {', '.join(known) or 'nothing'}: {told}"
            raise Rejected([FieldProblem("template", detail, "unfit")])
        return made.text
