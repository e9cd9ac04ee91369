"""From a template as somebody writes it, in a request or a file, to what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modemgw.config import ConfigError, TemplateDocument, TemplatesSection
from modemgw.gateway.templates.checking import check
from modemgw.store import Parameter, TemplateContent, Variant


def content_of(document: TemplateDocument) -> TemplateContent:
    """What a document says, as yet unchecked."""
    return TemplateContent(
        variants=tuple(
            Variant(variant.language, variant.region, variant.text) for variant in document.variants
        ),
        parameters={
            name: Parameter(
                parameter.type, parameter.max_length, parameter.default, parameter.allow_unicode
            )
            for name, parameter in document.parameters.items()
        },
        allow_unicode=document.allow_unicode,
        transliterate=document.transliterate,
        description=document.description,
    )


def read_files(section: TemplatesSection) -> Mapping[str, tuple[Path, TemplateContent]]:
    """The templates in files, by name; it may block.

    Raises ConfigError with everything that is wrong, by file and key: then none counts.
    """
    found = {name: (file, content_of(doc)) for name, (file, doc) in section.read().items()}
    problems = [
        f"{file}: {problem.field}: {problem.detail}"
        for file, content in found.values()
        for problem in check(content).problems
    ]
    if problems:
        raise ConfigError(problems)
    return found
