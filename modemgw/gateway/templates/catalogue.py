"""The templates in force, in memory: whoever makes messages of them asks no store."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from modemgw.gateway.templates.compiled import CompiledTemplate
from modemgw.gateway.templates.parameters import BadValue
from modemgw.gateway.templates.pieces import LanguageError
from modemgw.store import Template

logger = logging.getLogger(__name__)


class Catalogue:
    """The newest version of each template that is not deleted, ready to make texts."""

    def __init__(self) -> None:
        self._compiled: dict[str, CompiledTemplate] = {}

    def find(self, name: str) -> CompiledTemplate | None:
        """The template of this name."""
        return self._compiled.get(name)

    def all(self) -> list[CompiledTemplate]:
        """Every template, by name."""
        return [self._compiled[name] for name in sorted(self._compiled)]

    def names(self) -> list[str]:
        """Of every template."""
        return sorted(self._compiled)

    def put(self, template: Template) -> None:
        """There is another version of a template; or it was deleted."""
        self._compiled.pop(template.name, None)
        if template.content is None:
            return
        try:
            self._compiled[template.name] = CompiledTemplate(template)
        except (LanguageError, BadValue, KeyError) as error:  # it was kept by another version of us
            logger.error("template %s cannot be used any more: %s", template.name, error)

    def replace(self, templates: Iterable[Template]) -> None:
        """These are the templates from now on."""
        self._compiled.clear()
        for template in templates:
            self.put(template)
